import { writeProof } from '../audit/index.ts';
import { type Bytes, DcmbError, type Envelope, epochOf, unverifiedContent } from '../core/index.ts';
import { BatchHeaderShape } from '../evidence/index.ts';
import type { ReceiverStore } from '../store/index.ts';
import { type ChannelTerms, countersignedRecord, type DisputeGrounds } from '../transfer/index.ts';
import { keepProof, proofFile } from './proof-files.ts';

export interface DisputeFacts {
  /** Channel document, signed by both parties. */
  readonly channel: Envelope;
  readonly terms: ChannelTerms;
  /** Path of the store; the proofs lie beside it. */
  readonly file: string;
  readonly store: ReceiverStore;
}

/**
 * Keeps a dispute: its proof as a file that needs neither ledger nor trust, then the claim that the module sends to the
 * ledger; without the file where that would be too large. The same dispute again does no harm.
 */
export function keepDispute(facts: DisputeFacts, n: number, grounds: DisputeGrounds): void {
  const { kind } = grounds.body;
  const id = `dispute:${n}:${kind}`;
  if (facts.store.claim(id) !== undefined) return;
  const proof = proofOf(facts, grounds);
  if (proof !== undefined) keepProof(proofFile(facts.file, n, kind), proof);
  facts.store.addClaim({ id, kind: 'dispute', n, body: grounds.body });
}

/** Nothing where it would hold more blocks than a file can: the dispute on the ledger stands without it. */
function proofOf(facts: DisputeFacts, grounds: DisputeGrounds): Bytes | undefined {
  try {
    return writeProof({ channel: facts.channel, body: grounds.body, support: supportOf(facts, grounds) });
  } catch (error) {
    if (error instanceof DcmbError && error.code === 'FILE_TOO_LARGE') return undefined;
    throw error;
  }
}

/** What the proof rests on beside its body. */
function supportOf(
  { terms, store }: DisputeFacts,
  { body, headers, deposit }: DisputeGrounds,
): Parameters<typeof writeProof>[0]['support'] {
  if (body.kind !== 'deposit' || deposit === undefined) return { headers: [...headers] };
  const { interval } = unverifiedContent(body.header, BatchHeaderShape, 'header');
  const record = countersignedRecord(store, epochOf(terms.params, interval));
  const { genesis, transactions, blocks } = deposit;
  return {
    genesis: [...genesis],
    transactions: [...transactions],
    blocks: [...blocks],
    epochRecords: record === undefined ? [] : [record],
  };
}
