import { equalBytes, fromBase64Url } from '../core/index.ts';
import { type BatchHeader, type BlockReference, verifyHeaderForm, verifySuccession } from '../evidence/index.ts';
import { type BatchCase, faultOf } from './batch-case.ts';
import type { Anchored } from './channel-ledger.ts';

const MOST_CLOCK_DIFFERENCE_MS = 1000;

/** Everything about an anchored header that the contract leaves to the verifier. */
export async function checkHeader(batch: BatchCase, anchored: Anchored): Promise<void> {
  const { ledger } = batch.context;
  const { header, pointer } = anchored;
  batch.findings.checked('headers');
  const refused = (message: string) => batch.dispute('BAD_HEADER', 'owner', 'header', pointer, message);
  const form = faultOf(() => verifyHeaderForm(ledger.params, ledger.id, header));
  if (form !== undefined) refused(form);
  checkSuccession(batch, anchored);
  checkAgreement(batch, anchored);
  const logged = await batch.context.view.moduleOf(ledger.owner.org, header.key);
  if (logged !== header.module) refused('It names another module than the key log has for its key.');
  checkBlockReference(batch, 'header', pointer, header.lastBlock);
  if (header.lastBlock.number >= anchored.block.number) {
    batch.dispute(
      'BLOCK_CONTRADICTED',
      'ledger',
      'header',
      pointer,
      `It names block ${header.lastBlock.number} as seen, but is anchored in block ${anchored.block.number}.`,
    );
  }
  checkTime(batch, anchored);
  checkMarks(batch, anchored);
}

function checkSuccession(batch: BatchCase, { header, pointer }: Anchored): void {
  if (batch.n === 0) return;
  const before = batch.context.ledger.anchors.get(batch.n - 1);
  if (before === undefined) {
    batch.judgement.lacks(`header of batch ${batch.n - 1}`);
    batch.find('BROKEN_CHAIN', 'owner', 'header', pointer, `The header before it, of batch ${batch.n - 1}, is not on the ledger.`);
    return;
  }
  const broken = faultOf(() => verifySuccession({ header: before.header, hash: fromBase64Url(before.headerHash) }, header));
  if (broken !== undefined) batch.dispute('BROKEN_CHAIN', 'owner', 'header', pointer, broken);
}

function checkAgreement(batch: BatchCase, { header, pointer }: Anchored): void {
  const { agreement } = batch.context;
  const outside = (what: string) => batch.dispute('OUTSIDE_AGREEMENT', 'owner', 'header', pointer, `${what} is not the agreed one.`);
  if (header.agreement !== agreement.version) outside('The agreement version');
  if (header.policy !== agreement.policyCommitment) outside('The commitment to the mapping policy');
  if (header.module !== agreement.module) outside('The module digest');
  if (header.fromMs < agreement.notBeforeMs || header.toMs > agreement.notAfterMs) outside('Its time');
}

/** Compares a block that a document names as seen with the chain in the export. */
export function checkBlockReference(batch: BatchCase, part: string, place: string, { number, hash }: BlockReference): void {
  batch.findings.checked('blockReferences');
  const found = batch.context.view.hashes[number];
  if (found === undefined) {
    if (batch.lacksLedger()) return;
    batch.judgement.lacks(`block ${number}`);
    const message = `Its signer has seen block ${number}; the export ends earlier: blocks are missing at its end.`;
    batch.find('BLOCK_NOT_SEEN', 'exporter', part, place, message);
  } else if (!equalBytes(fromBase64Url(found), fromBase64Url(hash))) {
    batch.dispute('BLOCK_CONTRADICTED', 'ledger', part, place, `Its signer has seen another block ${number} than the export shows.`);
  }
}

/** By block time: a contract has no clock, and a transaction's own time is a claim. */
function checkTime(batch: BatchCase, { header, block, pointer }: Anchored): void {
  batch.findings.checked('deadlines');
  const dueMs = deadlineOf(batch, header);
  if (block.timeMs > dueMs) {
    batch.judgement.late('owner');
    batch.find(
      'LATE',
      'owner',
      'anchor',
      pointer,
      `It was anchored in block ${block.number}, ${block.timeMs - dueMs} ms after its deadline.`,
    );
  }
  const earlyMs = header.toMs - block.timeMs;
  if (earlyMs <= toleranceMs(batch)) return;
  batch.dispute(
    'BLOCK_TIME',
    'undecided',
    'anchor',
    pointer,
    `Block ${block.number} is ${earlyMs} ms older than the end of the readings that the header covers.`,
  );
}

/** By how much the owner's clock and the ledger's may differ; never so much that a whole interval could be sealed ahead of it. */
function toleranceMs({ context }: BatchCase): number {
  return Math.min(context.ledger.params.intervalMs, MOST_CLOCK_DIFFERENCE_MS);
}

function deadlineOf({ context }: BatchCase, { toMs }: BatchHeader): number {
  return toMs + context.ledger.params.anchorWithinMs;
}

function checkMarks(batch: BatchCase, { marks, pointer }: Anchored): void {
  for (const mark of marks) {
    // The contract has no clock that can be trusted: whether a batch is late is told by its block.
    if (mark === 'LATE') continue;
    batch.judgement.mark(mark);
    batch.find(mark, 'undecided', 'anchor', pointer, MARK_WORDS[mark]);
  }
}

const MARK_WORDS = {
  NO_TOKENS: 'The epoch had no co-signed token set when it was anchored, so no token speaks for its conditions.',
  UNCERTIFIED: 'Its module was not certified as the ledger asks for.',
} as const;
