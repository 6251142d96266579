import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Envelope, hasCode } from '../../src/core/index.ts';
import { countersignEpochRecord, type EpochRecord, openEpochProposal, openEpochRecord } from '../../src/evidence/index.ts';
import { EpochRecords } from '../../src/transfer/index.ts';
import { SOME_ENVELOPE } from '../store/batches.ts';
import { OWNER, RECEIVER, termsFor, TestSender, transferParams } from './fixture.ts';

/** Intervals of a second, epochs of four, receipts within two epochs. */
const TERMS = termsFor(transferParams({ receiptWithinMs: 8000 }));
const EPOCH_MS = 4000;

class Proposer {
  readonly sender: TestSender;
  records: EpochRecords;

  constructor(terms = TERMS) {
    this.sender = new TestSender(terms);
    this.records = this.#records();
  }

  restart(): void {
    this.records = this.#records();
  }

  #records(): EpochRecords {
    const { terms, secrets, store, clock } = this.sender;
    return new EpochRecords(terms, secrets, store, OWNER, clock);
  }

  pass(ms: number): void {
    this.sender.clock.timeMs += ms;
  }

  proposed(k: number): EpochRecord {
    return openEpochProposal(this.records.proposal(k), OWNER.publicKey).value;
  }

  sign(proposal = this.records.proposal(this.sender.store.lastEpochRecord())): Promise<Envelope> {
    return countersignEpochRecord(proposal!, RECEIVER);
  }

  /** Proposes, and has the proposal signed and committed. */
  async commit(): Promise<EpochRecord> {
    const k = await this.records.plan();
    assert.ok(k !== undefined, 'something is proposed');
    this.records.countersigned(await this.sign());
    this.records.setCommitted(k);
    return this.proposed(k);
  }

  /** Seals and anchors so many intervals; those named get a receipt. */
  async intervals(count: number, ...receipted: number[]): Promise<void> {
    const from = this.sender.collecting.open.n;
    await this.sender.seal(count);
    for (let n = from; n < from + count; n++) this.sender.store.setLedgerState(n, 'Anchored');
    for (const n of receipted) this.sender.store.setReceipted(n, SOME_ENVELOPE);
  }
}

const epochs = ({ opens }: EpochRecord): number[] => opens.map(({ epoch }) => epoch);

describe('a proposal that nobody signs', () => {
  test('is replaced once receipts would be overdue, by one of the same number without close and receipt', async () => {
    const proposer = new Proposer();
    await proposer.commit();
    await proposer.intervals(4, 0, 1, 2);
    assert.equal(await proposer.records.plan(), 1);
    assert.deepEqual([proposer.proposed(1).close.length, proposer.proposed(1).receipt.length], [1, 1]);
    proposer.pass(7999);
    assert.equal(await proposer.records.plan(), undefined);
    proposer.pass(1);
    assert.equal(await proposer.records.plan(), 1);
    const { k, close, receipt } = proposer.proposed(1);
    assert.deepEqual([k, close, receipt], [1, [], []]);
    assert.equal(await proposer.records.plan(), undefined, 'the new one has its time too');
  });

  test('is replaced at once when an epoch that it opens has begun: its key may be erased before anybody can sign', async () => {
    const proposer = new Proposer(termsFor(transferParams({ receiptWithinMs: 1_000_000 })));
    await proposer.commit();
    await proposer.intervals(4, 0, 1);
    await proposer.records.plan();
    assert.deepEqual(epochs(proposer.proposed(1)), [5]);
    proposer.pass(3 * EPOCH_MS);
    assert.equal(await proposer.records.plan(), undefined, 'epoch 4 runs');
    proposer.pass(EPOCH_MS);
    assert.equal(await proposer.records.plan(), 1);
    assert.deepEqual([epochs(proposer.proposed(1)), proposer.proposed(1).close], [[6, 7, 8, 9], []]);
  });

  test('opens, once replaced, the epochs that lack a set by then: keys of those that passed may be erased', async () => {
    const proposer = new Proposer();
    await proposer.commit();
    proposer.pass(EPOCH_MS);
    await proposer.records.plan();
    assert.deepEqual(epochs(proposer.proposed(1)), [5]);
    proposer.pass(10 * EPOCH_MS);
    assert.equal(await proposer.records.plan(), 1);
    assert.deepEqual(epochs(proposer.proposed(1)), [12, 13, 14, 15]);
    proposer.sender.secrets.eraseBefore(11);
    proposer.pass(10 * EPOCH_MS);
    assert.equal(await proposer.records.plan(), 1);
    assert.deepEqual(epochs(proposer.proposed(1)), [22, 23, 24, 25]);
  });

  test('stays where another would say the same', async () => {
    const proposer = new Proposer(termsFor(transferParams({ receiptWithinMs: 1000 })));
    await proposer.records.plan();
    const before = proposer.records.proposal(0);
    proposer.pass(EPOCH_MS - 1);
    assert.equal(await proposer.records.plan(), undefined);
    assert.deepEqual(proposer.records.proposal(0), before);
    proposer.pass(1);
    assert.equal(await proposer.records.plan(), 0, 'and goes as soon as it would say something else');
  });

  test('is replaced after a restart as well', async () => {
    const proposer = new Proposer();
    await proposer.commit();
    await proposer.intervals(4, 0, 1);
    await proposer.records.plan();
    proposer.pass(8000);
    proposer.restart();
    assert.equal(await proposer.records.plan(), 1);
    assert.deepEqual(proposer.proposed(1).receipt, []);
  });

  test('the next record closes again', async () => {
    const proposer = new Proposer();
    await proposer.commit();
    await proposer.intervals(4, 0, 1);
    await proposer.records.plan();
    proposer.pass(8000);
    assert.deepEqual((await proposer.commit()).receipt, []);
    proposer.pass(EPOCH_MS);
    assert.equal((await proposer.commit()).receipt[0]?.through, 1);
  });
});

describe('a countersigned record', () => {
  test('is taken also where it is an earlier version: the other side signed it before it could see the next', async () => {
    const proposer = new Proposer();
    await proposer.commit();
    await proposer.intervals(4, 0, 1);
    await proposer.records.plan();
    const early = await proposer.sign();
    proposer.pass(10 * EPOCH_MS);
    await proposer.records.plan();
    assert.equal(proposer.records.countersigned(early), 1);
    assert.deepEqual(proposer.records.uncommitted(), { k: 1, envelope: early });
    proposer.records.setCommitted(1);
    const { opens } = openEpochRecord(early, OWNER.publicKey, RECEIVER.publicKey).value;
    assert.deepEqual(
      [opens[0]!.epoch, 15].map((epoch) => proposer.records.hasTokenSet(4 * epoch)),
      [true, false],
      'the version that was signed counts',
    );
    proposer.pass(EPOCH_MS);
    assert.deepEqual(epochs(await proposer.commit()), [13, 14, 15, 16]);
  });

  test('of several versions the first one counts, whatever comes later, and it is never replaced', async () => {
    const proposer = new Proposer();
    await proposer.commit();
    proposer.pass(EPOCH_MS);
    await proposer.records.plan();
    const early = await proposer.sign();
    proposer.pass(10 * EPOCH_MS);
    await proposer.records.plan();
    const late = await proposer.sign();
    assert.deepEqual([proposer.records.countersigned(late), proposer.records.countersigned(early)], [1, 1]);
    assert.deepEqual(proposer.records.uncommitted()?.envelope, late);
    proposer.pass(10 * EPOCH_MS);
    assert.equal(await proposer.records.plan(), undefined);
    proposer.records.setCommitted(1);
    assert.deepEqual([proposer.records.countersigned(early), proposer.records.countersigned(late)], [1, 1]);
    assert.equal(proposer.records.uncommitted(), undefined);
  });

  test('that was never proposed is refused', async () => {
    const proposer = new Proposer();
    const other = new Proposer();
    await proposer.records.plan();
    other.pass(EPOCH_MS);
    await other.records.plan();
    const foreign = await other.sign();
    assert.throws(
      () => proposer.records.countersigned(foreign),
      (error) => hasCode(error, 'BAD_EPOCH_RECORD'),
    );
  });
});

describe('token sets that run out', () => {
  test('leave later intervals without one, until a record is signed again', async () => {
    const proposer = new Proposer();
    assert.deepEqual(epochs(await proposer.commit()), [0, 1, 2, 3, 4]);
    const hasSet = (epoch: number): boolean => proposer.records.hasTokenSet(4 * epoch);
    for (let epoch = 1; epoch <= 7; epoch++) {
      proposer.pass(EPOCH_MS);
      await proposer.records.plan();
    }
    assert.deepEqual([4, 5, 6, 7, 8].map(hasSet), [true, false, false, false, false]);
    proposer.records.countersigned(await proposer.sign());
    proposer.records.setCommitted(1);
    proposer.pass(EPOCH_MS);
    await proposer.commit();
    assert.deepEqual([5, 6, 12].map(hasSet), [false, false, true]);
    assert.equal(hasSet(13), false);
  });
});

describe('exceptions of the cumulative receipt', () => {
  test('name an expired batch as expired, at once, and one without a receipt in time as disputed', async () => {
    const proposer = new Proposer();
    await proposer.commit();
    await proposer.intervals(5);
    for (const n of [1, 3]) proposer.sender.store.expire(n);
    for (const n of [0, 4]) proposer.sender.store.setReceipted(n, SOME_ENVELOPE);
    await proposer.records.plan();
    assert.equal(proposer.proposed(1).receipt[0]?.through, 1, 'batch 2 may still get one');
    assert.deepEqual(proposer.proposed(1).receipt[0]?.exceptions, [{ n: 1, reason: 'expired' }]);
    proposer.records.countersigned(await proposer.sign());
    proposer.records.setCommitted(1);
    const { anchorWithinMs, receiptWithinMs, publishDelayMs } = TERMS.params;
    proposer.pass(anchorWithinMs + receiptWithinMs + publishDelayMs + EPOCH_MS);
    const { receipt } = await proposer.commit();
    assert.deepEqual(receipt[0]?.exceptions, [
      { n: 1, reason: 'expired' },
      { n: 2, reason: 'disputed' },
      { n: 3, reason: 'expired' },
    ]);
    assert.equal(receipt[0]?.through, 4);
  });

  test('settle the disputed ones once the record is on the ledger; the others stay what they are', async () => {
    const proposer = new Proposer();
    await proposer.commit();
    await proposer.intervals(4);
    proposer.sender.store.expire(1);
    for (const n of [0, 3]) proposer.sender.store.setReceipted(n, SOME_ENVELOPE);
    proposer.pass(20_000);
    const states = (): string[] => proposer.sender.store.batches(0, 3).map(({ deliveryState }) => deliveryState);
    assert.deepEqual(states(), ['Receipted', 'Expired', 'Waiting', 'Receipted']);
    await proposer.commit();
    assert.deepEqual(states(), ['Receipted', 'Expired', 'Disputed', 'Receipted']);
    assert.equal(proposer.sender.store.unreceipted(), 0);
    proposer.sender.store.setReceipted(2, SOME_ENVELOPE);
    proposer.pass(EPOCH_MS);
    assert.deepEqual((await proposer.commit()).receipt[0]?.exceptions, [{ n: 1, reason: 'expired' }]);
  });
});
