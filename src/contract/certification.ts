import * as v from 'valibot';
import { type ChannelParams, integer, intervalEnd, parseShape } from '../core/index.ts';
import type { BatchHeader } from '../evidence/index.ts';
import { read } from './records.ts';
import type { StateReader } from './state.ts';

/** What the certification contract keeps of a module under `status~<module digest>`. */
const StatusShape = v.strictObject({
  status: v.picklist(['certified', 'revoked']),
  /** Id of the certification, as headers name it. */
  id: v.string(),
  /** First and last instant of its validity, ms since 1970 UTC. */
  notBeforeMs: integer(0),
  notAfterMs: integer(0),
});

/**
 * Whether the batch counts as made by a certified module, judged at the end of what it covers. The status is always
 * read, so that a revocation ordered earlier conflicts with the anchor. Where the genesis does not require certification,
 * a module that claims none (`none`) and was never voted on counts as well.
 */
export async function isCertified(state: StateReader, params: ChannelParams, header: BatchHeader): Promise<boolean> {
  const stored = await state.foreign('certification', `status~${header.module}`);
  const genesis = await read(state, 'genesis');
  if (stored === undefined) return genesis?.certificationRequired === false && header.certification === 'none';
  const { status, id, notBeforeMs, notAfterMs } = parseShape(StatusShape, stored, 'certification status');
  const endMs = intervalEnd(params, header.through);
  return status === 'certified' && id === header.certification && notBeforeMs <= endMs && endMs <= notAfterMs;
}
