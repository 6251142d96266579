import * as v from 'valibot';
import { type Agreement, agreementCommitment, channelId, conditionCodes, holdsAt, verifyAgreement } from '../agreement/index.ts';
import { type Bytes, EnvelopeShape, fromBase64Url, Hash, intervalAt, intervalStart, parseShape, RejectedError } from '../core/index.ts';
import type { ChannelTerms } from '../transfer/index.ts';
import { type ConfigErrorCode, readText } from './config.ts';

/** What both parties hold of an agreement: the signed agreement, the nonce that hides its commitment, the channel document. */
export const AgreementFileShape = v.strictObject({
  agreement: EnvelopeShape,
  nonce: Hash,
  /** Signed by both, for the ledger's `openChannel`. */
  channel: EnvelopeShape,
});
export type AgreementFile = Readonly<v.InferOutput<typeof AgreementFileShape>>;

export interface LoadedAgreement {
  readonly agreement: Agreement;
  readonly file: AgreementFile;
  readonly commitment: Bytes;
  readonly terms: ChannelTerms;
}

/** Reads and verifies an agreement's file. @throws RejectedError in one sentence with the file and what to do */
export function loadAgreement(path: string): LoadedAgreement {
  const file = parseFile(path);
  try {
    const agreement = verifyAgreement(file.agreement);
    const commitment = agreementCommitment(fromBase64Url(file.nonce), file.agreement);
    return { agreement, file, commitment, terms: termsOf(agreement, commitment) };
  } catch (cause) {
    if (!(cause instanceof RejectedError)) throw cause;
    throw new RejectedError(cause.code, `${path}: ${cause.message} Get the agreement anew from the other party.`, { cause });
  }
}

/** A module collects and receives while the agreement holds. @throws RejectedError `AGREEMENT_NOT_IN_FORCE` */
export function requireInForce({ agreement }: LoadedAgreement, path: string, nowMs: number): void {
  if (holdsAt(agreement, nowMs)) return;
  if (nowMs >= agreement.notBeforeMs) throw agreementOver(agreement, path);
  throw notInForce(
    `${path} begins at ${new Date(agreement.notBeforeMs).toISOString()}. Start the module then, or check this machine's clock.`,
  );
}

/** The last grid point of an agreement: an interval that goes on behind its end is outside it. */
export function lastGridMs({ params, notAfterMs }: Agreement): number {
  return intervalStart(params, intervalAt(params, notAfterMs));
}

/** @param name of the agreement in the message, as a path where it has one */
export function agreementOver({ notAfterMs }: Agreement, name = 'The agreement'): RejectedError<ConfigErrorCode> {
  return notInForce(`${name} ended at ${new Date(notAfterMs).toISOString()}. Make a new agreement.`);
}

function notInForce(message: string): RejectedError<ConfigErrorCode> {
  return new RejectedError('AGREEMENT_NOT_IN_FORCE', message);
}

function parseFile(path: string): AgreementFile {
  const text = readText(path);
  try {
    return parseShape(AgreementFileShape, JSON.parse(text), 'agreement file');
  } catch (cause) {
    throw new RejectedError<ConfigErrorCode>(
      'BAD_CONFIG',
      `${path} is not an agreement file. Give the path of the agreement.json that dcmb init made.`,
      { cause },
    );
  }
}

function termsOf(agreement: Agreement, commitment: Bytes): ChannelTerms {
  return {
    channelId: channelId(fromBase64Url(agreement.ledger), commitment),
    agreementVersion: agreement.version,
    params: agreement.params,
    codes: agreement.streams.map((_, stream) => conditionCodes(agreement, stream)),
    policyCommitment: fromBase64Url(agreement.policyCommitment),
    moduleDigest: fromBase64Url(agreement.module),
    ownerKey: fromBase64Url(agreement.owner.evidenceKey),
    receiverKey: fromBase64Url(agreement.manufacturer.evidenceKey),
    rawReleased: agreement.rawReleased,
    lookAheadMs: agreement.lookAheadMs,
    disputeWindowEpochs: agreement.disputeWindowEpochs,
  };
}
