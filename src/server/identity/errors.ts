/** Codes of errors that identity (certificates, trust, users) raises. */
export type IdentityErrorCode =
  | 'BAD_CERTIFICATE'
  | 'BAD_REVOCATION_LIST'
  | 'OLD_REVOCATION_LIST'
  | 'BAD_RENEWALS'
  | 'NO_AUTHORITY'
  | 'BAD_CERTIFICATE_REQUEST'
  | 'OWN_CERTIFICATE_UNFIT'
  | 'UNKNOWN_CERTIFICATE'
  | 'AMBIGUOUS_CERTIFICATE'
  | 'BAD_USER';
