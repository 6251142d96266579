import { RejectedError, RESERVED_CODES } from '../core/index.ts';
import type { Agreement } from './agreement.ts';
import type { AgreementErrorCode } from './errors.ts';

/**
 * All codes that a stream of an agreement can have, reserved ones included, in ascending order: for each of them every
 * slot of the stream has a token.
 * @throws RejectedError `UNKNOWN_STREAM`
 */
export function conditionCodes(agreement: Agreement, stream: number): number[] {
  const agreed = agreement.streams[stream];
  if (agreed === undefined) throw new RejectedError<AgreementErrorCode>('UNKNOWN_STREAM', `The agreement has no stream ${stream}.`);
  return [...Object.values(RESERVED_CODES), ...agreed.conditions.map(({ code }) => code)].sort((a, b) => a - b);
}

/** True from `notBeforeMs` (included) to `notAfterMs` (excluded). */
export function holdsAt(agreement: Agreement, timeMs: number): boolean {
  return timeMs >= agreement.notBeforeMs && timeMs < agreement.notAfterMs;
}
