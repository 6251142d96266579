import { StatusCodes } from 'node-opcua';

/*
 * How a peer's certificate is judged, and the status that OPC UA Part 4, clause 6.1.3 names for it. Server and client both
 * need it and may not import each other.
 */

/**
 * `untrusted`: neither listed nor vouched for. `weak`: SHA-1, or RSA below 2048 or above 4096 bits, or no RSA, also of an
 * authority. `unfit`: not a certificate for an application. `forged`: bears the name of an authority that did not sign it.
 * `issuer…` and `…Unknown` are of its chain; `wrongHost`: a server that was dialled under a name that it does not bear.
 */
export const CERTIFICATE_STATUS = {
  trusted: StatusCodes.Good,
  untrusted: StatusCodes.BadCertificateUntrusted,
  expired: StatusCodes.BadCertificateTimeInvalid,
  notYetValid: StatusCodes.BadCertificateTimeInvalid,
  weak: StatusCodes.BadCertificatePolicyCheckFailed,
  unfit: StatusCodes.BadCertificateUseNotAllowed,
  malformed: StatusCodes.BadCertificateInvalid,
  forged: StatusCodes.BadCertificateInvalid,
  chainIncomplete: StatusCodes.BadCertificateChainIncomplete,
  wrongHost: StatusCodes.BadCertificateHostNameInvalid,
  issuerTimeInvalid: StatusCodes.BadCertificateIssuerTimeInvalid,
  issuerUnfit: StatusCodes.BadCertificateIssuerUseNotAllowed,
  revoked: StatusCodes.BadCertificateRevoked,
  issuerRevoked: StatusCodes.BadCertificateIssuerRevoked,
  revocationUnknown: StatusCodes.BadCertificateRevocationUnknown,
  issuerRevocationUnknown: StatusCodes.BadCertificateIssuerRevocationUnknown,
} as const;

export type CertificateJudgement = keyof typeof CERTIFICATE_STATUS;
