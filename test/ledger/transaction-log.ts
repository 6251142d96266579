import type { TransactionKind } from '../../src/contract/index.ts';
import { type Json, toBase64Url } from '../../src/core/index.ts';
import { proposeEpochRecord, sealDeposit, signSeedCommitment } from '../../src/evidence/index.ts';
import { type ChannelBench, hashOf, type SealedBatch } from '../contract/fixture.ts';
import { evidenceKey, type OrganisationName, TEST_MODULE, testBytes, testChannel, testSigner } from '../support/ledger-network.ts';

/** One transaction for a ledger to take, or to refuse with a code. */
export interface LogEntry {
  readonly creator: OrganisationName;
  readonly kind: TransactionKind;
  readonly body: Json;
  readonly refused?: string;
}

/**
 * A channel's life with every kind of transaction and a few that are refused, made for one ledger. Whatever depends on the
 * ledger is its id; keys, seeds and content are the same for all.
 * @param bench of the ledger's genesis; only its documents are used
 */
export async function transactionLog(bench: ChannelBench): Promise<LogEntry[]> {
  const log = new Log(bench);
  await log.open();
  await log.anchorAll();
  await log.receiptAndDeposit();
  await log.propose();
  await log.changeKeys();
  await log.dispute();
  return log.entries;
}

class Log {
  readonly entries: LogEntry[] = [];
  readonly #bench: ChannelBench;
  readonly #batches: SealedBatch[] = [];

  constructor(bench: ChannelBench) {
    this.#bench = bench;
  }

  async open(): Promise<void> {
    const bench = this.#bench;
    for (const creator of ['owner', 'manufacturer'] as const) this.#add(creator, 'registerKey', keyBody(evidenceKey(creator).publicKey));
    this.#add('owner', 'registerKey', keyBody(evidenceKey('owner').publicKey), 'KEY_EXISTS');
    const { body } = await testChannel(bench.ledgerId, bench.params);
    this.#add('stranger', 'openChannel', body, 'WRONG_CREATOR');
    this.#add('owner', 'openChannel', body);
    const content = { v: 0 as const, channel: bench.channel, epoch: 0, root: toBase64Url(testBytes('seeds')) };
    this.#add('owner', 'seedCommitment', { commitment: await signSeedCommitment(content, evidenceKey('owner')) });
    this.#add('owner', 'epochRecord', { record: await bench.record({ opens: bench.opens(0, 1) }) });
  }

  /** Intervals 0 to 5 in five grid batches, the last of them over two, and one called batch between. */
  async anchorAll(): Promise<void> {
    const bench = this.#bench;
    const forms = [0, 1, 2, 3].map((interval) => ({ n: interval, interval }));
    for (const form of [...forms, { n: 4, interval: 3, row: 1 }, { n: 5, interval: 4, through: 5 }]) {
      const batch = await bench.seal(form);
      this.#batches.push(batch);
      this.#add('owner', 'anchor', batch.anchor);
    }
    this.#add('owner', 'anchor', (await bench.seal({ n: 2, interval: 6 })).anchor, 'NUMBER_TAKEN');
    this.#add('owner', 'anchor', (await bench.seal({ n: 6, interval: 5 })).anchor, 'INTERVAL_TAKEN');
    this.#add('manufacturer', 'overdue', { channel: bench.channel, interval: 6 });
    this.#add('owner', 'anchor', (await bench.seal({ n: 6, interval: 6 })).anchor);
  }

  async receiptAndDeposit(): Promise<void> {
    const bench = this.#bench;
    const [first, second] = this.#batches as [SealedBatch, SealedBatch];
    this.#add('manufacturer', 'receipt', { receipt: await bench.receipt(first) });
    const { params, channel } = bench;
    const box = sealDeposit(params, second.kBatch, { delivery: second.delivery, conditions: second.conditions });
    this.#add('owner', 'deposit', { channel, n: 1, box: toBase64Url(box) });
    this.#add('owner', 'deposit', { channel, n: 1, box: toBase64Url(box) }, 'DEPOSIT_EXISTS');
  }

  async propose(): Promise<void> {
    const bench = this.#bench;
    const last = this.#batches.at(-1) as SealedBatch;
    const exceptions = [{ n: 1, reason: 'missing' as const }];
    const receipt = [{ through: last.n, header: last.headerHash, digest: toBase64Url(testBytes('digest')), exceptions }];
    const content = { v: 0 as const, channel: bench.channel, k: 1, opens: [], close: [{ n: last.n, header: last.headerHash }], receipt };
    const record = await proposeEpochRecord(content, evidenceKey('owner'));
    this.#add('owner', 'epochProposal', { record });
    this.#add('manufacturer', 'epochObjection', { channel: bench.channel, k: 1, proposal: hashOf(record) });
    this.#add('manufacturer', 'epochRecord', { record: await bench.record(content) });
  }

  async changeKeys(): Promise<void> {
    const bench = this.#bench;
    const next = testSigner('next');
    this.#add('owner', 'registerKey', keyBody(next.publicKey));
    this.#add('owner', 'useKey', { channel: bench.channel, key: toBase64Url(next.publicKey), from: 7 });
    this.#add('owner', 'anchor', (await bench.seal({ n: 7, interval: 7, signer: next })).anchor);
    this.#add('owner', 'revokeKey', { key: toBase64Url(next.publicKey) });
    this.#add('owner', 'anchor', (await bench.seal({ n: 8, interval: 8, signer: next })).anchor, 'KEY_REVOKED');
  }

  async dispute(): Promise<void> {
    const other = await this.#bench.seal({ n: 0, interval: 0, codes: [2, 2] });
    this.#add('manufacturer', 'dispute', { kind: 'fork', header: this.#batches[0]!.header, other: other.header });
  }

  #add(creator: OrganisationName, kind: TransactionKind, body: unknown, refused?: string): void {
    this.entries.push({ creator, kind, body: body as Json, ...(refused === undefined ? {} : { refused }) });
  }
}

function keyBody(key: Uint8Array): Json {
  return { key: toBase64Url(key), module: TEST_MODULE, attestation: 'none' };
}
