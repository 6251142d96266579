import {
  equalBytes,
  type Envelope,
  fromBase64Url,
  openEnvelope,
  RejectedError,
  signEnvelope,
  type Signer,
  unverifiedPayload,
  parseCanonical,
} from '../core/index.ts';
import { type Agreement, AGREEMENT_TYPE, AgreementShape } from './agreement.ts';
import { parseAgreement } from './check.ts';
import type { AgreementErrorCode } from './errors.ts';

/**
 * Signs an agreement by both parties, the owner first. Where the two keys are not in one place, the owner signs with
 * core's `signEnvelope` and the manufacturer adds its signature with `countersign`; the result is the same.
 * @throws RejectedError as {@link parseAgreement}, or `WRONG_SIGNER`
 */
export async function signAgreement(agreement: Agreement, owner: Signer, manufacturer: Signer): Promise<Envelope> {
  const checked = parseAgreement(agreement);
  requireSigner('owner', checked.owner.evidenceKey, owner);
  requireSigner('manufacturer', checked.manufacturer.evidenceKey, manufacturer);
  return signEnvelope(AGREEMENT_TYPE, checked, owner, manufacturer);
}

/**
 * Verifies a signed agreement: its form, that its parts fit together, and both signatures by the keys that it names.
 * That these keys belong to the two enterprises, and that its ledger is the expected one, is for the caller to judge.
 * @throws RejectedError as {@link parseAgreement}, or `BAD_ENVELOPE`, `BAD_SIGNATURE`, `NOT_CANONICAL`
 */
export function verifyAgreement(envelope: Envelope): Agreement {
  const { owner, manufacturer } = parseAgreement(parseCanonical(unverifiedPayload(envelope)));
  const keys = [owner, manufacturer].map(({ evidenceKey }) => fromBase64Url(evidenceKey));
  return openEnvelope(envelope, AGREEMENT_TYPE, AgreementShape, ...keys);
}

function requireSigner(role: 'owner' | 'manufacturer', evidenceKey: string, signer: Signer): void {
  if (equalBytes(signer.publicKey, fromBase64Url(evidenceKey))) return;
  throw new RejectedError<AgreementErrorCode>(
    'WRONG_SIGNER',
    `The signer given for the ${role} does not hold the key that the agreement names.`,
  );
}
