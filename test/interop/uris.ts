/** Namespaces that a client meets, as docs/information-model.md has them. */
export const MACHINERY_URI = 'http://opcfoundation.org/UA/Machinery/';
export const DI_URI = 'http://opcfoundation.org/UA/DI/';
export const TYPES_URI = 'urn:dcmb:ua';
export const INSTANCE_URI = 'urn:dcmb:instance';
