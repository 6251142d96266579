import { type Envelope, equalBytes, fromBase64Url, RejectedError, toBase64Url } from '../core/index.ts';
import {
  type BatchStatement,
  type CumulativeReceipt,
  type EpochRecord,
  FIRST_DIGEST,
  openEpochProposal,
  openEpochRecord,
  openHeader,
  rollDigest,
  verifyHeaderForm,
  verifySuccession,
} from '../evidence/index.ts';
import type { DeliveryState, LedgerState, SenderStore, StoredBatch } from '../store/index.ts';
import { type ChannelTerms, reopenBatch, type TagForm } from '../transfer/index.ts';
import { headerOf, requireColumns, requireReceipt, requireSame, verifyStored } from './store-check-batch.ts';
import { eachBatch, faultsOf, type StoreCheck, type StoreFault } from './store-faults.ts';

const LEDGER_STATES: ReadonlySet<string> = new Set<LedgerState>(['Sealed', 'Submitted', 'Anchored', 'Failed']);
const DELIVERY_STATES: ReadonlySet<string> = new Set<DeliveryState>([
  'Waiting',
  'Delivered',
  'Receipted',
  'Deposited',
  'Disputed',
  'Expired',
]);

interface Looked {
  readonly batch: StoredBatch;
  readonly isReopened: boolean;
}

/** Every batch, receipt and epoch record of an owner's store. */
export async function checkSent(store: SenderStore, terms: ChannelTerms, tags: TagForm, faults: StoreFault[]): Promise<StoreCheck> {
  let next = 0;
  await faultsOf(-1, faults, () => (next = store.progress()?.nextBatch ?? 0));
  const looked = await eachBatch(next - 1, (n) => lookAt(store, terms, tags, { n, faults }));
  const found = looked.filter((each) => each !== undefined);
  await faultsOf(-1, faults, () => requireEnd(store, found.at(-1)?.batch));
  const epochRecords = await checkEpochRecords(store, terms, found, faults);
  return {
    batches: found.length,
    reopened: found.filter(({ isReopened }) => isReopened).length,
    receipts: found.filter(({ batch }) => batch.receipt !== undefined).length,
    epochRecords,
    faults,
  };
}

async function lookAt(
  store: SenderStore,
  terms: ChannelTerms,
  tags: TagForm,
  { n, faults }: { n: number; faults: StoreFault[] },
): Promise<Looked | undefined> {
  let looked: Looked | undefined;
  await faultsOf(n, faults, async () => {
    const batch = store.batch(n);
    if (batch === undefined) throw lacking(`Batch ${n} is missing, though later ones are stored.`);
    looked = { batch, isReopened: false };
    requireStates(batch);
    const statement = await statementOf(terms, batch, previousOf(store, terms, n));
    if (batch.receipt !== undefined) requireReceipt(terms, batch, batch.receipt);
    const opening = store.opening(n);
    if (opening === undefined || statement === undefined) return;
    const { value: header } = openHeader(batch.header, terms.ownerKey);
    const made = reopenBatch(terms, tags, opening, statement).root;
    if (!equalBytes(made, fromBase64Url(header.root))) throw lacking('Seed and readings do not give the root that was signed.');
    looked = { batch, isReopened: true };
  });
  return looked;
}

/** @returns `undefined` for a batch whose delivery expired: of that the header is left */
async function statementOf(
  terms: ChannelTerms,
  batch: StoredBatch,
  previous: ReturnType<typeof headerOf>,
): Promise<BatchStatement | undefined> {
  const { value: header, hash } = openHeader(batch.header, terms.ownerKey);
  requireSame(batch.headerHash, toBase64Url(hash), 'The hash of the header');
  requireSame(batch.through, header.through, 'The last interval of the batch');
  if (batch.deliveryState !== 'Expired') return (await verifyStored(terms, batch, previous)).statement;
  requireColumns(batch, header);
  verifyHeaderForm(terms.params, toBase64Url(terms.channelId), header);
  if (previous !== undefined) verifySuccession({ header: previous.value, hash: previous.hash }, header);
  return undefined;
}

function previousOf(store: SenderStore, terms: ChannelTerms, n: number): ReturnType<typeof headerOf> {
  try {
    return headerOf(terms, store.batch(n - 1)?.header);
  } catch {
    return undefined;
  }
}

function requireStates({ ledgerState, deliveryState, receipt }: StoredBatch): void {
  const fits = LEDGER_STATES.has(ledgerState) && DELIVERY_STATES.has(deliveryState);
  if (!fits || (receipt !== undefined) !== (deliveryState === 'Receipted'))
    throw lacking('The states of the batch are none that it can have.');
}

/** The next batch will name the last one's header. */
function requireEnd(store: SenderStore, last: StoredBatch | undefined): void {
  const progress = store.progress();
  if (progress !== undefined && last !== undefined) requireSame(progress.prev, last.headerHash, 'The header that the next batch follows');
}

async function checkEpochRecords(store: SenderStore, terms: ChannelTerms, found: readonly Looked[], faults: StoreFault[]): Promise<number> {
  const rolled = new RolledDigests(found);
  let last = -1;
  await faultsOf(-1, faults, () => (last = store.lastEpochRecord()));
  for (let k = 0; k <= last; k++) {
    await faultsOf(-1, faults, () => {
      const record = store.epochRecord(k);
      if (record === undefined) throw lacking(`Epoch record ${k} is missing.`);
      for (const envelope of [record.proposal, ...store.proposals(k)])
        requireRecord(openEpochProposal(envelope, terms.ownerKey).value, k, rolled);
      if (record.countersigned !== undefined) requireRecord(openCountersigned(record.countersigned, terms), k, rolled);
    });
  }
  return last + 1;
}

function openCountersigned(envelope: Envelope, terms: ChannelTerms): EpochRecord {
  return openEpochRecord(envelope, terms.ownerKey, terms.receiverKey).value;
}

function requireRecord(record: EpochRecord, k: number, rolled: RolledDigests): void {
  requireSame(record.k, k, `The number of epoch record ${k}`);
  for (const receipt of record.receipt) requireSame(receipt.digest, rolled.of(receipt), `The rolling digest in epoch record ${k}`);
}

/** Rolling digests over the stored deliveries. One that goes on behind the one before with the same exceptions costs no more. */
class RolledDigests {
  readonly #hashes: ReadonlyMap<number, string>;
  #through = -1;
  #exceptions: readonly number[] = [];
  #digest = FIRST_DIGEST;

  constructor(found: readonly Looked[]) {
    this.#hashes = new Map(found.map(({ batch }) => [batch.n, batch.deliveryHash]));
  }

  of({ through, exceptions }: CumulativeReceipt): string {
    const left = exceptions.map(({ n }) => n);
    const isLater = through >= this.#through && String(left.filter((n) => n <= this.#through)) === String(this.#exceptions);
    if (!isLater) {
      this.#through = -1;
      this.#digest = FIRST_DIGEST;
    }
    const excepted = new Set(left);
    while (this.#through < through) {
      const n = ++this.#through;
      const hash = this.#hashes.get(n);
      if (!excepted.has(n) && hash !== undefined) this.#digest = rollDigest(this.#digest, fromBase64Url(hash));
    }
    this.#exceptions = left;
    return toBase64Url(this.#digest);
  }
}

function lacking(message: string): RejectedError {
  return new RejectedError('STORE_DAMAGED', message);
}
