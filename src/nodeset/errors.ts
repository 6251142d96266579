/** Codes of errors that nodeset raises itself. */
export type NodesetErrorCode = 'BAD_XML' | 'NOT_A_NODESET';
