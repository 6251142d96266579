import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { fromBase64Url, RejectedError, toBase64Url } from '../../src/core/index.ts';
import {
  countersignEpochRecord,
  type DeliveryPackage,
  depositSize,
  NO_TOKENS,
  openDeposit,
  proposeEpochRecord,
  signReceipt,
  anchorBody,
  type AnchorTokens,
} from '../../src/evidence/index.ts';
import type { Ledger } from '../../src/ledger/index.ts';
import { Deposits } from '../../src/transfer/index.ts';
import { SOME_ENVELOPE } from '../store/batches.ts';
import { CountingRandom, ledgerNetwork, openTestChannel, send } from '../support/ledger-network.ts';
import { FaultyLedger } from './faulty-ledger.ts';
import { BLOCK, count, OWNER, RECEIVER, secretsFor, termsFor, TestSender, transferParams } from './fixture.ts';

/** An owner's module whose manufacturer gives no receipt, and a ledger. Deposits may be made three intervals after the batch's. */
class Scene {
  readonly sender: TestSender;
  readonly owner: Ledger;
  readonly channel: string;
  readonly deposited: number[] = [];
  readonly impossible: [number, string][] = [];
  hasTokenSet = true;

  private constructor(owner: Ledger, channel: string) {
    this.owner = owner;
    this.channel = channel;
    this.sender = new TestSender(termsFor(transferParams(), { channelId: fromBase64Url(channel) }));
  }

  /** @param withSet epoch 0 has a token set on the ledger */
  static async open(t: TestContext, withSet = true): Promise<Scene> {
    const network = await ledgerNetwork(t);
    const scene = new Scene(network.owner, await openTestChannel(network.owner, network.manufacturer, transferParams()));
    scene.hasTokenSet = withSet;
    if (withSet) await scene.#openEpoch();
    return scene;
  }

  async #openEpoch(): Promise<void> {
    const root = toBase64Url(await this.sender.secrets.tokenRoot(0));
    const record = { v: 0 as const, channel: this.channel, k: 0, opens: [{ epoch: 0, agreement: 1, root }], close: [], receipt: [] };
    await send(this.owner, 'epochRecord', { record: await countersignEpochRecord(await proposeEpochRecord(record, OWNER), RECEIVER) });
  }

  /** Seals and anchors so many intervals, each with a reading. */
  async anchored(intervals: number): Promise<void> {
    for (let i = 0; i < intervals; i++) {
      const { n } = this.sender.collecting.open;
      this.sender.collecting.accept(count(15));
      await this.sender.seal(1);
      const { header, deliveryPackage } = this.sender.store.batch(n)!;
      const tokens = this.hasTokenSet ? (deliveryPackage as { tokens: AnchorTokens }).tokens : NO_TOKENS;
      await send(this.owner, 'anchor', anchorBody(header, tokens));
      this.sender.store.setLedgerState(n, 'Anchored');
    }
  }

  deposits(ledger: Ledger = this.owner): Deposits {
    return new Deposits({
      terms: this.sender.terms,
      store: this.sender.store,
      ledger,
      clock: this.sender.clock,
      random: new CountingRandom('jitter'),
      hasTokenSet: () => this.hasTokenSet,
      listener: {
        deposited: (n) => void this.deposited.push(n),
        impossible: (n, why) => void this.impossible.push([n, why]),
      },
    });
  }

  /** Starts anew, waits until the manufacturer has had its time, and does what is due. */
  run(ledger?: Ledger): Promise<void> {
    return this.waited(ledger).depositDue(new AbortController().signal);
  }

  waited(ledger?: Ledger): Deposits {
    const deposits = this.deposits(ledger);
    this.sender.clock.timeMs += this.sender.terms.params.depositAfter * this.sender.terms.params.intervalMs;
    return deposits;
  }

  get states(): string[] {
    return this.sender.store.batches(0, 99).map(({ deliveryState }) => deliveryState);
  }

  /** Boxes on the ledger by batch number. */
  async boxes(): Promise<Map<number, string>> {
    const blocks = (await this.owner.blocks(0)) as unknown as { transactions?: { event: { kind: string; body: never } }[] }[];
    const events = blocks.flatMap(({ transactions = [] }) => transactions.map(({ event }) => event));
    const deposits = events.filter(({ kind }) => kind === 'deposit').map(({ body }: { body: { n: number; box: string } }) => body);
    assert.equal(new Set(deposits.map(({ n }) => n)).size, deposits.length, 'each once');
    return new Map(deposits.map(({ n, box }) => [n, box]));
  }
}

describe('a delivery without a receipt', () => {
  test('is deposited once the interval that lies so far behind is anchored, not before', async (t) => {
    const scene = await Scene.open(t);
    await scene.anchored(3);
    await scene.run();
    assert.deepEqual([scene.deposited, (await scene.boxes()).size], [[], 0]);
    await scene.anchored(1);
    await scene.run();
    assert.deepEqual([scene.deposited, scene.states], [[0], ['Deposited', 'Waiting', 'Waiting', 'Waiting']]);
    await scene.run();
    assert.deepEqual([...(await scene.boxes()).keys()], [0]);
  });

  test('waits after a start until the manufacturer has had so many intervals to fetch it', async (t) => {
    const scene = await Scene.open(t);
    await scene.anchored(4);
    const deposits = scene.deposits();
    const { signal } = new AbortController();
    scene.sender.clock.timeMs += 2999;
    await deposits.depositDue(signal);
    assert.deepEqual([scene.deposited, scene.impossible], [[], []]);
    scene.sender.clock.timeMs += 1;
    await deposits.depositDue(signal);
    assert.deepEqual(scene.deposited, [0]);
  });

  test('is what the manufacturer opens with its own key, in the agreed size, without any reading', async (t) => {
    const scene = await Scene.open(t);
    await scene.anchored(4);
    await scene.run();
    const box = fromBase64Url((await scene.boxes()).get(0)!);
    const { params } = scene.sender.terms;
    assert.equal(box.length, depositSize(params));
    const key = secretsFor(scene.sender.terms).keysAt(0).batchKey(0, 0);
    const { delivery, conditions } = openDeposit(params, key, box);
    const sealed = scene.sender.store.batch(0)!.deliveryPackage as unknown as DeliveryPackage;
    assert.deepEqual([delivery, conditions], [sealed.delivery, sealed.conditions]);
  });

  test('leaves the cache and counts towards no suspension, and its receipt may still come', async (t) => {
    const scene = await Scene.open(t);
    await scene.anchored(4);
    const { store } = scene.sender;
    assert.deepEqual([store.cacheFill().batches, store.unreceipted()], [4, 4]);
    await scene.run();
    assert.deepEqual([store.cacheFill().batches, store.unreceipted()], [3, 3]);
    store.setReceipted(0, SOME_ENVELOPE);
    assert.equal(scene.states[0], 'Receipted');
  });

  test('is not deposited where it has its receipt, is expired, or is not anchored', async (t) => {
    const scene = await Scene.open(t);
    await scene.anchored(4);
    await scene.sender.seal(1);
    scene.sender.store.setReceipted(0, SOME_ENVELOPE);
    scene.sender.store.expire(1);
    await scene.run();
    assert.deepEqual([scene.deposited, (await scene.boxes()).size], [[], 0]);
  });

  test('can be deposited also when the key of its epoch is erased', async (t) => {
    const scene = await Scene.open(t);
    await scene.anchored(4);
    scene.sender.secrets.eraseBefore(9);
    await scene.run();
    assert.deepEqual(scene.deposited, [0]);
  });

  test('many are deposited a few at a time, oldest first', async (t) => {
    const scene = await Scene.open(t);
    await scene.anchored(4);
    scene.hasTokenSet = false;
    await scene.anchored(10);
    scene.hasTokenSet = true;
    const deposits = scene.waited();
    const { signal } = new AbortController();
    await deposits.depositDue(signal);
    assert.deepEqual(scene.deposited, [0, 1, 2, 3], 'those of the epoch with a set');
    assert.deepEqual(scene.impossible.length, 4);
    assert.match(scene.impossible[0]![1], /no token set/);
    await deposits.depositDue(signal);
    assert.deepEqual(scene.impossible.map(([n]) => n), [4, 5, 6, 7, 8, 9, 10]); // prettier-ignore
  });
});

describe('without a co-signed token set', () => {
  test('nothing is deposited, and nobody is asked to', async (t) => {
    const scene = await Scene.open(t, false);
    await scene.anchored(5);
    await scene.run();
    assert.deepEqual([scene.deposited, scene.states.includes('Deposited'), (await scene.boxes()).size], [[], false, 0]);
    assert.deepEqual(
      scene.impossible.map(([n]) => n),
      [0, 1],
    );
  });

  test('also where the module believed that there is one: the ledger refuses', async (t) => {
    const scene = await Scene.open(t, false);
    await scene.anchored(4);
    scene.hasTokenSet = true;
    await scene.run();
    assert.deepEqual([scene.deposited, scene.impossible.length], [[], 1]);
    assert.match(scene.impossible[0]![1], /no token set/);
    assert.equal(scene.states[0], 'Waiting');
  });
});

describe('a deposit is made exactly once', () => {
  for (const operation of ['prepare', 'submit'] as const) {
    for (const when of ['before', 'after'] as const) {
      test(`when ${operation} fails ${when} it took effect`, async (t) => {
        const scene = await Scene.open(t);
        await scene.anchored(4);
        const ledger = new FaultyLedger(scene.owner, [{ operation, when }]);
        await scene.run(ledger);
        assert.ok(ledger.isMended);
        assert.equal(new Set(ledger.submitted).size, 1, 'the same bytes go again');
        assert.deepEqual([scene.deposited, [...(await scene.boxes()).keys()], scene.states[0]], [[0], [0], 'Deposited']);
      });
    }
  }

  test('when the module ends between the ledger and the store', async (t) => {
    const scene = await Scene.open(t);
    await scene.anchored(4);
    const crash = new RangeError('crash');
    await assert.rejects(scene.run(new FaultyLedger(scene.owner, [{ operation: 'submit', when: 'after', error: crash }])), crash);
    assert.deepEqual([scene.states[0], (await scene.boxes()).size], ['Waiting', 1]);
    await scene.run();
    assert.deepEqual([scene.deposited, scene.states[0], (await scene.boxes()).size], [[0], 'Deposited', 1]);
  });

  test('when the receipt comes while it is under way', async (t) => {
    const scene = await Scene.open(t);
    await scene.anchored(4);
    const ledger = new FaultyLedger(scene.owner);
    const submit = ledger.submit.bind(ledger);
    ledger.submit = async (prepared) => {
      scene.sender.store.setReceipted(0, SOME_ENVELOPE);
      return submit(prepared);
    };
    await scene.run(ledger);
    assert.deepEqual([scene.deposited, scene.states[0]], [[], 'Receipted']);
  });

  test('and not at all where the receipt is on the ledger already', async (t) => {
    const scene = await Scene.open(t);
    await scene.anchored(4);
    const { headerHash: header, deliveryHash: delivery } = scene.sender.store.batch(0)!;
    const receipt = await signReceipt({ v: 0, channel: scene.channel, n: 0, header, delivery, lastBlock: BLOCK }, RECEIVER);
    await send(scene.owner, 'receipt', { receipt });
    await scene.run();
    assert.deepEqual([scene.deposited, scene.impossible, (await scene.boxes()).size], [[], [], 0]);
  });
});

test('an aborted duty says that the ledger is away, and goes on later where it was', async (t) => {
  const scene = await Scene.open(t);
  await scene.anchored(4);
  const stopped = new AbortController();
  stopped.abort();
  await scene.waited().depositDue(stopped.signal);
  assert.deepEqual(scene.deposited, []);
  await scene.run();
  assert.deepEqual(scene.deposited, [0]);
});

test('a clock that is wrong ends the duty until the next time, and makes no deposit impossible', async (t) => {
  const scene = await Scene.open(t);
  await scene.anchored(4);
  const error = new RejectedError('DATED_AHEAD', 'A clock is ahead.');
  const faults = Array.from({ length: 3 }, () => ({ operation: 'prepare', when: 'before', error }) as const);
  await assert.rejects(scene.run(new FaultyLedger(scene.owner, faults)), error);
  assert.deepEqual([scene.impossible, scene.deposited], [[], []]);
});

test('a refusal of another kind is told, and leaves the batch as it was', async (t) => {
  const scene = await Scene.open(t);
  await scene.anchored(4);
  const fault = new RejectedError('SOMETHING_ELSE', 'The ledger says no.');
  await scene.run(new FaultyLedger(scene.owner, [{ operation: 'prepare', when: 'before', error: fault }]));
  assert.deepEqual([scene.impossible, scene.states[0]], [[[0, 'The ledger says no.']], 'Waiting']);
});
