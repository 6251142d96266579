export {
  type Agreement,
  AGREEMENT_TYPE,
  AgreementShape,
  type AgreedCondition,
  type AgreedStream,
  type Party,
  PartyShape,
  type RawRelease,
} from './agreement.ts';
export { conditionCodes, holdsAt } from './catalogue.ts';
export { agreementCommitment, channelId, deriveChannelKey } from './channel-key.ts';
export { parseAgreement } from './check.ts';
export { type AgreementFacts, channelParamsOf, draftAgreement } from './draft.ts';
export type { AgreementErrorCode } from './errors.ts';
export { signAgreement, verifyAgreement } from './sign.ts';
export { type AgreementTerms, agreementTermsSchema, readAgreementTerms } from './terms-file.ts';
