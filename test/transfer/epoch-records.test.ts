import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Envelope, hasCode, parseEnvelope, type Signer, toBase64Url } from '../../src/core/index.ts';
import {
  countersignEpochRecord,
  type CumulativeReceipt,
  type EpochRecord,
  extendReceipt,
  FIRST_DIGEST,
  openEpochProposal,
  openEpochRecord,
  proposeEpochRecord,
  rollDigest,
} from '../../src/evidence/index.ts';
import { ReceiverStore } from '../../src/store/index.ts';
import { EpochCosigner, EpochRecords, type EpochRecordSource, EpochSecrets } from '../../src/transfer/index.ts';
import { testBytes, testSigner } from '../support/ledger-network.ts';
import { SOME_ENVELOPE } from '../store/batches.ts';
import { OWNER, RECEIVER, secretsFor, termsFor, TestSender } from './fixture.ts';
import { STORE_KEY } from '../support/store-key.ts';

/** Both sides of a channel, with the same batches in both stores. */
class Pair {
  readonly sender = new TestSender();
  readonly received = new ReceiverStore(':memory:', 'test', STORE_KEY);
  records = this.#records();
  readonly cosigner = new EpochCosigner(this.sender.terms, secretsFor(this.sender.terms), this.received, RECEIVER, this.sender.clock);
  #digest = FIRST_DIGEST;

  /** Seals, anchors, delivers and receipts so many intervals. */
  async intervals(count: number): Promise<void> {
    const from = this.sender.collecting.open.n;
    await this.sender.seal(count);
    for (let n = from; n < from + count; n++) this.#settle(n);
  }

  /** The same, but the manufacturer holds the batches with these numbers for disputed. */
  async intervalsBut(count: number, ...disputed: number[]): Promise<void> {
    const from = this.sender.collecting.open.n;
    await this.sender.seal(count);
    for (let n = from; n < from + count; n++) {
      if (disputed.includes(n)) this.#except(n);
      else this.#settle(n);
    }
  }

  /** The receipt that the owner's module may still hope for is overdue. */
  passReceiptDeadline(): void {
    const { anchorWithinMs, receiptWithinMs, publishDelayMs } = this.sender.terms.params;
    this.sender.clock.timeMs += anchorWithinMs + receiptWithinMs + publishDelayMs + 1;
  }

  #except(n: number): void {
    const { headerHash } = this.sender.store.batch(n)!;
    this.sender.store.setLedgerState(n, 'Anchored');
    this.received.addException({ n, reason: 'disputed', headerHash, header: undefined });
  }

  #settle(n: number): void {
    const { store } = this.sender;
    const { interval, row, headerHash, deliveryHash, deliveryPackage, codes } = store.batch(n)!;
    store.setLedgerState(n, 'Anchored');
    store.setReceipted(n, SOME_ENVELOPE);
    this.#digest = rollDigest(this.#digest, Buffer.from(deliveryHash, 'base64url'));
    const digest = toBase64Url(this.#digest);
    this.received.store({ n, interval, row, headerHash, deliveryHash, deliveryPackage, receipt: SOME_ENVELOPE, codes, digest }, []);
  }

  restart(): void {
    this.records = this.#records();
  }

  get source(): EpochRecordSource {
    return {
      fetchEpochRecord: (k) => Promise.resolve(this.records.proposal(k)),
      countersignEpochRecord: async (envelope) => void this.records.countersigned(envelope),
    };
  }

  /** Proposes, has it countersigned and commits. */
  async commit(): Promise<EpochRecord> {
    const k = await this.records.plan();
    assert.ok(k !== undefined, 'something is proposed');
    assert.deepEqual(await this.cosigner.serve(this.source), [k]);
    this.records.setCommitted(k);
    return openEpochProposal(this.records.proposal(k), OWNER.publicKey).value;
  }

  /** The cosigner's answer to another record than the module would propose. */
  answer(change: (record: EpochRecord) => EpochRecord, signer: Signer = OWNER): Promise<number[]> {
    return this.cosigner.serve({
      fetchEpochRecord: async (k) => {
        const proposal = this.records.proposal(k);
        return proposal === undefined ? undefined : proposeEpochRecord(change(openEpochProposal(proposal, OWNER.publicKey).value), signer);
      },
      countersignEpochRecord: () => assert.fail('It was countersigned.'),
    });
  }

  #records(): EpochRecords {
    const { terms, secrets, store, clock } = this.sender;
    return new EpochRecords(terms, secrets, store, OWNER, clock);
  }
}

const epochs = ({ opens }: EpochRecord): number[] => opens.map(({ epoch }) => epoch);

describe("the owner's proposals", () => {
  test('the first opens the epoch that runs and those of the look-ahead, and closes nothing', async () => {
    const pair = new Pair();
    const record = await pair.commit();
    assert.deepEqual([record.k, epochs(record), record.close, record.receipt], [0, [0, 1, 2, 3, 4], [], []]);
    assert.deepEqual(
      [0, 15, 19, 20].map((interval) => pair.records.hasTokenSet(interval)),
      [true, true, true, false],
    );
  });

  test('the look-ahead is the longer of four epochs and the agreed time', async () => {
    const pair = new Pair();
    const terms = termsFor(pair.sender.terms.params, { lookAheadMs: 21_000 });
    const records = new EpochRecords(terms, pair.sender.secrets, pair.sender.store, OWNER, pair.sender.clock);
    await records.plan();
    assert.deepEqual(epochs(openEpochProposal(records.proposal(0), OWNER.publicKey).value), [0, 1, 2, 3, 4, 5, 6]);
  });

  test('is made once where it is asked for again meanwhile', async () => {
    const pair = new Pair();
    assert.deepEqual(await Promise.all([pair.records.plan(), pair.records.plan()]), [0, undefined]);
  });

  test('one is outstanding at a time, and the next follows when an epoch has passed', async () => {
    const pair = new Pair();
    assert.equal(await pair.records.plan(), 0);
    assert.equal(await pair.records.plan(), undefined);
    assert.equal(pair.records.uncommitted(), undefined);
    assert.equal(pair.records.hasTokenSet(0), false, 'before it is committed');
    await pair.cosigner.serve(pair.source);
    assert.equal(pair.records.uncommitted()?.k, 0);
    assert.equal(await pair.records.plan(), undefined);
    pair.records.setCommitted(0);
    assert.equal(await pair.records.plan(), undefined, 'all sets are there');
    await pair.intervals(4);
    assert.deepEqual(epochs(await pair.commit()), [5]);
  });

  test('later ones close with the last batch up to which all is anchored and receipted, with the digest of the deliveries', async () => {
    const pair = new Pair();
    await pair.commit();
    await pair.intervals(3);
    await pair.sender.seal(1);
    const { close, receipt } = await pair.commit();
    const last = pair.received.batch(2)!;
    assert.deepEqual(close, [{ n: 2, header: last.headerHash }]);
    assert.deepEqual(receipt, [{ through: 2, header: last.headerHash, digest: last.digest, exceptions: [] }]);
  });

  test('the close does not go beyond a batch that the ledger has not settled', async () => {
    const pair = new Pair();
    await pair.commit();
    await pair.sender.seal(4);
    for (const n of [0, 1, 2, 3]) pair.sender.store.setReceipted(n, SOME_ENVELOPE);
    for (const n of [0, 2]) pair.sender.store.setLedgerState(n, 'Anchored');
    await pair.records.plan();
    assert.deepEqual(
      openEpochProposal(pair.records.proposal(1), OWNER.publicKey).value.close.map(({ n }) => n),
      [0],
    );
  });

  test('the digest goes on over restarts', async () => {
    const pair = new Pair();
    await pair.commit();
    await pair.intervals(4);
    await pair.commit();
    pair.restart();
    await pair.intervals(4);
    pair.restart();
    const { receipt } = await pair.commit();
    assert.equal(receipt[0]?.digest, pair.received.batch(7)?.digest);
  });

  test('after a long outage one record opens what lacks, from the next epoch on', async () => {
    const pair = new Pair();
    await pair.commit();
    pair.sender.clock.timeMs += 40_000;
    assert.deepEqual(epochs(await pair.commit()), [11, 12, 13, 14]);
  });
});

describe('a batch that the manufacturer holds for disputed', () => {
  const exception = (n: number) => ({ n, reason: 'disputed' as const });

  /** What the rules of the evidence format give for these batches. */
  function expected(pair: Pair, through: number, ...disputed: number[]): CumulativeReceipt {
    let receipt: CumulativeReceipt | undefined;
    for (const { n, headerHash: header, deliveryHash } of pair.sender.store.batches(0, through)) {
      const outcome = disputed.includes(n) ? { reason: 'disputed' as const } : { delivery: Buffer.from(deliveryHash, 'base64url') };
      receipt = extendReceipt(receipt, { n, header, outcome });
    }
    return receipt!;
  }

  test('is an exception at both ends once its receipt is overdue, and the close goes on beyond it', async () => {
    const pair = new Pair();
    await pair.commit();
    await pair.intervalsBut(4, 1);
    pair.passReceiptDeadline();
    const { close, receipt } = await pair.commit();
    assert.deepEqual(receipt, [expected(pair, 3, 1)]);
    assert.deepEqual(receipt[0]?.exceptions, [exception(1)]);
    assert.deepEqual(close, [{ n: 3, header: receipt[0]?.header }]);
  });

  test('holds the close back before that', async () => {
    const pair = new Pair();
    await pair.commit();
    await pair.intervalsBut(4, 2);
    assert.deepEqual((await pair.commit()).receipt, [expected(pair, 1)]);
  });

  test('also as the first one, several in a row, and over restarts', async () => {
    const pair = new Pair();
    await pair.commit();
    await pair.intervalsBut(4, 0, 1);
    pair.passReceiptDeadline();
    assert.deepEqual((await pair.commit()).receipt, [expected(pair, 3, 0, 1)]);
    pair.restart();
    await pair.intervalsBut(4, 5);
    pair.passReceiptDeadline();
    assert.deepEqual((await pair.commit()).receipt, [expected(pair, 7, 0, 1, 5)]);
  });

  test('holds the close back where nothing after it is receipted: that may be a link that is down', async () => {
    const pair = new Pair();
    await pair.commit();
    await pair.intervalsBut(4, 2, 3);
    pair.passReceiptDeadline();
    assert.deepEqual((await pair.commit()).receipt, [expected(pair, 1)]);
  });

  test('and whose receipt comes late after all is rolled into the digest again', async () => {
    const pair = new Pair();
    await pair.commit();
    await pair.intervalsBut(4, 1);
    pair.passReceiptDeadline();
    await pair.commit();
    pair.sender.store.setReceipted(1, SOME_ENVELOPE);
    await pair.sender.seal(4);
    await pair.records.plan();
    const { receipt } = openEpochProposal(pair.records.proposal(2)!, OWNER.publicKey).value;
    assert.deepEqual(receipt, [expected(pair, 3)]);
    await assert.rejects(pair.cosigner.serve(pair.source), (error) => hasCode(error, 'BAD_EPOCH_RECORD'));
  });

  test('is in what the manufacturer signs exactly as in its own store', async () => {
    const pair = new Pair();
    await pair.commit();
    await pair.intervalsBut(4, 1);
    pair.passReceiptDeadline();
    await pair.records.plan();
    for (const exceptions of [[], [exception(2)], [{ n: 1, reason: 'missing' as const }], [exception(1), exception(2)]]) {
      const change = (record: EpochRecord): EpochRecord => ({ ...record, receipt: [{ ...record.receipt[0]!, exceptions }] });
      await assert.rejects(pair.answer(change), (error) => hasCode(error, 'BAD_EPOCH_RECORD'));
    }
    assert.deepEqual(await pair.cosigner.serve(pair.source), [1]);
  });
});

describe("the owner's module takes a countersigned record", () => {
  const signed = (pair: Pair): Promise<Envelope> => countersignEpochRecord(pair.records.proposal(0)!, RECEIVER);

  test('that is its proposal with both signatures, also a second time', async () => {
    const pair = new Pair();
    await pair.records.plan();
    const envelope = await signed(pair);
    assert.equal(pair.records.countersigned(envelope), 0);
    assert.equal(pair.records.countersigned(envelope), 0);
    assert.deepEqual(pair.records.uncommitted(), { k: 0, envelope });
  });

  test("and refuses one that it has not proposed, without the signature, or with a stranger's", async () => {
    const pair = new Pair();
    await pair.records.plan();
    const own = openEpochProposal(pair.records.proposal(0), OWNER.publicKey).value;
    const other = await countersignEpochRecord(await proposeEpochRecord({ ...own, opens: own.opens.slice(1) }, OWNER), RECEIVER);
    const later = await countersignEpochRecord(await proposeEpochRecord({ ...own, k: 1 }, OWNER), RECEIVER);
    for (const envelope of [other, later])
      assert.throws(
        () => pair.records.countersigned(envelope),
        (error) => hasCode(error, 'BAD_EPOCH_RECORD'),
      );
    assert.throws(
      () => pair.records.countersigned(pair.records.proposal(0)!),
      (error) => hasCode(error, 'BAD_ENVELOPE') || hasCode(error, 'BAD_SIGNATURE'),
    );
    const strangers = await countersignEpochRecord(pair.records.proposal(0)!, testSigner('stranger'));
    assert.throws(
      () => pair.records.countersigned(strangers),
      (error) => hasCode(error, 'BAD_ENVELOPE') || hasCode(error, 'BAD_SIGNATURE'),
    );
    assert.equal(pair.records.uncommitted(), undefined);
  });
});

describe("the manufacturer's side", () => {
  async function refused(change: (record: EpochRecord) => EpochRecord, why: RegExp): Promise<void> {
    const pair = new Pair();
    await pair.commit();
    await pair.intervals(4);
    assert.equal(await pair.records.plan(), 1);
    await assert.rejects(pair.answer(change), (error) => {
      assert.ok(hasCode(error, 'BAD_EPOCH_RECORD') || hasCode(error, 'OUTSIDE_EPOCH'), String(error));
      assert.match((error as Error).message, why);
      return true;
    });
    assert.deepEqual(await pair.cosigner.serve(pair.source), [1], 'the right one is countersigned all the same');
  }
  const HASH = toBase64Url(testBytes('another'));

  test('countersigns what it recomputes', async () => {
    const pair = new Pair();
    await pair.records.plan();
    assert.deepEqual(await pair.cosigner.serve(pair.source), [0]);
    const { envelope } = pair.records.uncommitted()!;
    assert.equal(openEpochRecord(envelope, OWNER.publicKey, RECEIVER.publicKey).value.opens.length, 5);
  });

  test('has nothing to do where nothing is proposed', async () => {
    const pair = new Pair();
    assert.deepEqual(await pair.cosigner.serve(pair.source), []);
  });

  test('refuses a token root other than its own', () =>
    refused((record) => ({ ...record, opens: [{ ...record.opens[0]!, root: HASH }] }), /token root of epoch 5 differs/));
  test('refuses another version of the agreement', () =>
    refused((record) => ({ ...record, opens: [{ ...record.opens[0]!, agreement: 2 }] }), /another version/));
  test('refuses another number', () => refused((record) => ({ ...record, k: 2 }), /another channel or number/));
  test('refuses another channel', () => refused((record) => ({ ...record, channel: HASH }), /another channel or number/));
  test('refuses to close with a header that it has not received', () =>
    refused((record) => ({ ...record, close: [{ n: 3, header: HASH }] }), /another header/));
  test('refuses to close with a batch that it has not received', () =>
    refused((record) => ({ ...record, close: [{ n: 9, header: record.close[0]!.header }] }), /batch 9/));
  test('refuses a receipt with another digest', () =>
    refused((record) => ({ ...record, receipt: [{ ...record.receipt[0]!, digest: HASH }] }), /receipt up to batch 3 differs/));
  test('refuses a receipt with another header', () =>
    refused((record) => ({ ...record, receipt: [{ ...record.receipt[0]!, header: HASH }] }), /receipt up to batch 3 differs/));
  test('refuses a receipt beyond what it has', () =>
    refused((record) => ({ ...record, receipt: [{ ...record.receipt[0]!, through: 4 }] }), /receipt up to batch 4 differs/));
  test('refuses a receipt with exceptions of which it knows nothing', () =>
    refused((record) => ({ ...record, receipt: [{ ...record.receipt[0]!, exceptions: [{ n: 1, reason: 'missing' }] }] }), /differs/));
  test('refuses an epoch that is absurdly far ahead before it spends time on it', () =>
    refused((record) => ({ ...record, opens: [{ ...record.opens[0]!, epoch: 2 ** 50 }] }), /lies far ahead/));

  test("refuses a proposal with a stranger's signature", async () => {
    const pair = new Pair();
    await pair.records.plan();
    await assert.rejects(
      pair.answer((record) => record, testSigner('stranger')),
      (error) => hasCode(error, 'BAD_ENVELOPE') || hasCode(error, 'BAD_SIGNATURE'),
    );
  });

  test('hands over again what did not arrive, with the same signature, also after a restart', async () => {
    const pair = new Pair();
    await pair.records.plan();
    const handedOver: Envelope[] = [];
    const lost = {
      ...pair.source,
      countersignEpochRecord: (envelope: Envelope) => (handedOver.push(envelope), Promise.reject(new Error('lost'))),
    };
    await assert.rejects(pair.cosigner.serve(lost), /lost/);
    const restarted = new EpochCosigner(pair.sender.terms, secretsFor(pair.sender.terms), pair.received, RECEIVER, pair.sender.clock);
    assert.deepEqual(await restarted.serve(pair.source), [0]);
    assert.deepEqual(pair.records.uncommitted()?.envelope, parseEnvelope(handedOver[0]));
    assert.deepEqual(await restarted.serve(pair.source), []);
  });
});

describe('epoch keys', () => {
  test('are the same at both ends, whichever epoch was asked for first', async () => {
    const terms = termsFor();
    const [a, b] = [secretsFor(terms), secretsFor(terms)];
    a.keysOf(7);
    assert.deepEqual(a.keysOf(3).bytes, b.keysOf(3).bytes);
    assert.deepEqual(await a.tokenRoot(2), await b.tokenRoot(2));
    assert.deepEqual(a.keysAt(13).bytes, b.keysOf(3).bytes);
  });

  test('that are erased are gone, and later ones follow from what is left', async () => {
    const terms = termsFor();
    const secrets = secretsFor(terms);
    const sixth = secrets.keysOf(6).bytes;
    await secrets.tokenSet(2);
    secrets.eraseBefore(4);
    secrets.eraseBefore(1);
    for (const look of [() => secrets.keysOf(3), () => secrets.keysAt(15)]) assert.throws(look, (error) => hasCode(error, 'OUTSIDE_EPOCH'));
    for (const look of [() => secrets.tokenSet(2), () => secrets.tokenRoot(2)])
      await assert.rejects(look, (error) => hasCode(error, 'OUTSIDE_EPOCH'));
    assert.deepEqual(secrets.keysOf(6).bytes, sixth);
    assert.deepEqual(new EpochSecrets(terms, secrets.oldest.bytes, 4).keysOf(6).bytes, sixth);
  });
});
