import type { CertificateJudgement } from '../nodeset/index.ts';

const RENEW = 'Its owner has to renew it.';
const SEE_LIST = 'Take in the authority’s new revocation list: dcmb trust crl.';
/** Why a certificate is refused that a person or an authority vouches for, and who mends it: ends a sentence about it. */
export const WHY_REFUSED: Readonly<Record<Exclude<CertificateJudgement, 'trusted' | 'untrusted'>, string>> = {
  expired: `it has expired. ${RENEW}`,
  notYetValid: 'it is not valid yet. Compare the clocks of both machines.',
  weak: `its key or signature, or an authority’s, is too weak. ${RENEW}`,
  unfit: `it is not one of an OPC UA application. ${RENEW}`,
  malformed: `it can’t be read. ${RENEW}`,
  forged: 'it bears the name of an authority that did not sign it. Ask its owner.',
  chainIncomplete: 'an authority above its own is missing. Take it in: dcmb trust authority.',
  wrongHost: 'it does not name the host that was dialled. Dial a name that it bears, or trust exactly this certificate.',
  issuerTimeInvalid: 'an authority’s certificate is not valid now. Get its new one: dcmb trust authority.',
  issuerUnfit: 'an authority of it may not issue such certificates. Ask whoever runs the authority.',
  revoked: 'its authority has revoked it. Ask its owner.',
  issuerRevoked: 'an authority of it is revoked. Ask whoever runs the authority above.',
  revocationUnknown: `no revocation list in force of its authority is here. ${SEE_LIST}`,
  issuerRevocationUnknown: `no revocation list in force of an authority of it is here. ${SEE_LIST}`,
};
