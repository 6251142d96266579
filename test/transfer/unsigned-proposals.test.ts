import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { type Envelope, fromBase64Url, hasCode, type Json, RejectedError } from '../../src/core/index.ts';
import { countersignEpochRecord, openEpochProposal, proposeEpochRecord } from '../../src/evidence/index.ts';
import type { Ledger } from '../../src/ledger/index.ts';
import { EpochRecords, UnsignedProposals } from '../../src/transfer/index.ts';
import { hashOf } from '../contract/fixture.ts';
import { SOME_ENVELOPE } from '../store/batches.ts';
import { ledgerNetwork, openTestChannel, send } from '../support/ledger-network.ts';
import { FaultyLedger } from './faulty-ledger.ts';
import { OWNER, RECEIVER, termsFor, TestSender, transferParams } from './fixture.ts';

/** Two epochs of four seconds. */
const RECEIPT_WITHIN_MS = 8000;
const EPOCH_MS = 4000;
const PARAMS = transferParams({ receiptWithinMs: RECEIPT_WITHIN_MS });

/** An owner's module whose manufacturer signs nothing over the link, and a ledger. */
class Scene {
  readonly sender: TestSender;
  readonly records: EpochRecords;
  readonly owner: Ledger;
  readonly manufacturer: Ledger;
  readonly channel: string;
  /** Questions that stand on the ledger: the record's number, and whether this run has put it there. */
  readonly shown: [k: number, isNew: boolean][] = [];
  readonly committed: number[] = [];
  duty: UnsignedProposals;

  private constructor(owner: Ledger, manufacturer: Ledger, channel: string) {
    this.owner = owner;
    this.manufacturer = manufacturer;
    this.channel = channel;
    this.sender = new TestSender(termsFor(PARAMS, { channelId: fromBase64Url(channel) }));
    const { terms, secrets, store, clock } = this.sender;
    this.records = new EpochRecords(terms, secrets, store, OWNER, clock);
    this.duty = this.restarted();
  }

  static async open(t: TestContext): Promise<Scene> {
    const { owner, manufacturer } = await ledgerNetwork(t);
    return new Scene(owner, manufacturer, await openTestChannel(owner, manufacturer, PARAMS));
  }

  /** The duty as a new start makes it: what it knew beside the store is gone. */
  restarted(ledger: Ledger = this.owner): UnsignedProposals {
    const { terms, store, clock } = this.sender;
    return new UnsignedProposals({
      terms,
      store,
      clock,
      ledger,
      records: this.records,
      shown: (k, commit) => void this.shown.push([k, commit !== undefined]),
      committed: (k) => void this.committed.push(k),
    });
  }

  run(duty = this.duty): Promise<void> {
    return duty.run(new AbortController().signal);
  }

  pass(ms: number): void {
    this.sender.clock.timeMs += ms;
  }

  proposal(k: number): Envelope {
    return this.records.proposal(k)!;
  }

  /** The manufacturer answers on the ledger. */
  async answers(proposal: Envelope): Promise<void> {
    await send(this.manufacturer, 'epochRecord', { record: (await countersignEpochRecord(proposal, RECEIVER)) as unknown as Json });
  }

  /** Record 0 as it should be; then four batches with their receipts, so that record 1 closes. */
  async closing(): Promise<void> {
    await this.records.plan();
    this.records.countersigned(await countersignEpochRecord(this.proposal(0), RECEIVER));
    await send(this.owner, 'epochRecord', { record: this.records.uncommitted()!.envelope });
    this.records.setCommitted(0);
    await this.sender.seal(4);
    for (const n of [0, 1, 2, 3]) {
      this.sender.store.setLedgerState(n, 'Anchored');
      this.sender.store.setReceipted(n, SOME_ENVELOPE);
    }
    await this.records.plan();
    assert.equal(openEpochProposal(this.proposal(1), OWNER.publicKey).value.close.length, 1);
  }

  /** Hashes of the proposals on the ledger, in order. */
  async asked(): Promise<string[]> {
    const blocks = (await this.owner.blocks(0)) as unknown as {
      transactions?: { event: { kind: string; body: { proposal: string } } }[];
    }[];
    const events = blocks.flatMap(({ transactions = [] }) => transactions.map(({ event }) => event));
    return events.filter(({ kind }) => kind === 'epochProposal').map(({ body }) => body.proposal);
  }
}

describe('a proposal that nobody signs over the link', () => {
  test('is asked about on the ledger when the time for receipts is over, once', async (t) => {
    const scene = await Scene.open(t);
    await scene.run();
    await scene.records.plan();
    scene.pass(RECEIPT_WITHIN_MS);
    await scene.run();
    assert.deepEqual([scene.shown, await scene.asked()], [[], []]);
    scene.pass(1);
    for (let i = 0; i < 3; i++) await scene.run();
    assert.deepEqual([scene.shown, await scene.asked()], [[[0, true]], [hashOf(scene.proposal(0))]]);
  });

  test('is not where it closes: what both have received may differ in good faith; the one that replaces it is, at once', async (t) => {
    const scene = await Scene.open(t);
    await scene.closing();
    scene.pass(RECEIPT_WITHIN_MS + 1);
    await scene.run();
    assert.deepEqual(scene.shown, []);
    assert.equal(await scene.records.plan(), 1);
    await scene.run();
    assert.deepEqual([scene.shown, await scene.asked()], [[[1, true]], [hashOf(scene.proposal(1))]]);
  });

  test('is asked about anew in each version that replaces it', async (t) => {
    const scene = await Scene.open(t);
    await scene.closing();
    scene.pass(RECEIPT_WITHIN_MS + 1);
    await scene.records.plan();
    const versions = [hashOf(scene.proposal(1))];
    await scene.run();
    scene.pass(10 * EPOCH_MS);
    assert.equal(await scene.records.plan(), 1, 'its epochs have begun');
    versions.push(hashOf(scene.proposal(1)));
    await scene.run();
    assert.deepEqual([scene.shown.length, await scene.asked()], [2, versions]);
  });

  test('is not where it is signed, or on the ledger', async (t) => {
    const scene = await Scene.open(t);
    await scene.records.plan();
    scene.pass(RECEIPT_WITHIN_MS + 1);
    scene.records.countersigned(await countersignEpochRecord(scene.proposal(0), RECEIVER));
    await scene.run();
    scene.records.setCommitted(0);
    await scene.run();
    assert.deepEqual([scene.shown, scene.committed, await scene.asked()], [[], [], []]);
  });
});

describe('the answer on the ledger', () => {
  test('is taken over: its token sets count, and nothing is asked any more', async (t) => {
    const scene = await Scene.open(t);
    await scene.records.plan();
    scene.pass(RECEIPT_WITHIN_MS + 1);
    await scene.run();
    await scene.answers(scene.proposal(0));
    for (let i = 0; i < 2; i++) await scene.run();
    assert.deepEqual([scene.committed, scene.shown.length], [[0], 1]);
    assert.equal(scene.records.hasTokenSet(0), true);
    assert.equal(scene.records.uncommitted(), undefined, 'it is not sent again');
  });

  test('is taken over also after a restart, and also where nobody asked', async (t) => {
    const scene = await Scene.open(t);
    await scene.records.plan();
    await scene.answers(scene.proposal(0));
    await scene.run(scene.restarted());
    assert.deepEqual([scene.committed, scene.shown, scene.records.hasTokenSet(0)], [[0], [], true]);
  });

  test('may be to an earlier version: that one counts', async (t) => {
    const scene = await Scene.open(t);
    await scene.closing();
    scene.pass(RECEIPT_WITHIN_MS + 1);
    await scene.records.plan();
    await scene.run();
    const early = scene.proposal(1);
    scene.pass(10 * EPOCH_MS);
    await scene.records.plan();
    await scene.answers(early);
    await scene.run();
    assert.deepEqual(scene.committed, [1]);
    const { opens } = openEpochProposal(early, OWNER.publicKey).value;
    assert.deepEqual(
      [opens[0]!.epoch, 19].map((epoch) => scene.records.hasTokenSet(4 * epoch)),
      [true, false],
    );
  });

  test('to something that this store has never proposed is left alone', async (t) => {
    const scene = await Scene.open(t);
    await scene.records.plan();
    const { value } = openEpochProposal(scene.proposal(0), OWNER.publicKey);
    await scene.answers(await proposeEpochRecord({ ...value, opens: value.opens.slice(1) }, OWNER));
    scene.pass(RECEIPT_WITHIN_MS + 1);
    for (let i = 0; i < 2; i++) await scene.run();
    assert.deepEqual([scene.committed, scene.records.hasTokenSet(4), await scene.asked()], [[], false, []]);
  });
});

describe('a question is asked exactly once', () => {
  async function due(t: TestContext): Promise<Scene> {
    const scene = await Scene.open(t);
    await scene.records.plan();
    scene.pass(RECEIPT_WITHIN_MS + 1);
    return scene;
  }

  for (const operation of ['query', 'prepare', 'submit'] as const) {
    for (const when of ['before', 'after'] as const) {
      test(`when ${operation} fails ${when} it took effect`, async (t) => {
        const scene = await due(t);
        const ledger = new FaultyLedger(scene.owner, [{ operation, when }]);
        const duty = scene.restarted(ledger);
        await assert.rejects(scene.run(duty), (error) => hasCode(error, when === 'before' ? 'LEDGER_UNAVAILABLE' : 'OUTCOME_UNKNOWN'));
        assert.deepEqual(scene.shown, [], 'nothing is told before it is known');
        for (let i = 0; i < 2; i++) await scene.run(duty);
        assert.ok(ledger.isMended);
        const isNew = operation !== 'submit' || when === 'before';
        assert.deepEqual([scene.shown, await scene.asked()], [[[0, isNew]], [hashOf(scene.proposal(0))]]);
      });
    }
  }

  test('also over a restart', async (t) => {
    const scene = await due(t);
    await scene.run();
    const again = scene.restarted();
    for (let i = 0; i < 2; i++) await scene.run(again);
    assert.deepEqual(scene.shown, [
      [0, true],
      [0, false],
    ]);
    assert.equal((await scene.asked()).length, 1);
    await scene.answers(scene.proposal(0));
    await scene.run(again);
    assert.deepEqual(scene.committed, [0]);
  });

  test('and again where the ledger refuses it for another reason, which is told', async (t) => {
    const scene = await due(t);
    const error = new RejectedError('KEY_REVOKED', 'The ledger says no.');
    const duty = scene.restarted(new FaultyLedger(scene.owner, [{ operation: 'submit', when: 'before', error }]));
    await assert.rejects(scene.run(duty), error);
    assert.deepEqual(scene.shown, []);
    await scene.run(duty);
    assert.deepEqual(scene.shown, [[0, true]]);
  });
});
