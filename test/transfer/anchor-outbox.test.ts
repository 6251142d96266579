import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { FatalError, fromBase64Url, hasCode, RejectedError, toBase64Url, UnavailableError } from '../../src/core/index.ts';
import { proposeEpochRecord, countersignEpochRecord, NO_TOKENS, signHeader, openHeader, anchorBody } from '../../src/evidence/index.ts';
import type { Commit, Ledger } from '../../src/ledger/index.ts';
import { AnchorOutbox } from '../../src/transfer/index.ts';
import { CountingRandom, ledgerNetwork, type ManualClock, openTestChannel, send } from '../support/ledger-network.ts';
import { until } from '../support/until.ts';
import { type Fault, FaultyLedger } from './faulty-ledger.ts';
import { count, OWNER, RECEIVER, termsFor, TestSender, transferParams } from './fixture.ts';

interface Scene {
  readonly sender: TestSender;
  readonly owner: Ledger;
  /** The ledger's clock. */
  readonly ledgerClock: ManualClock;
  readonly anchored: number[];
  readonly refused: { n: number; error: unknown }[];
  readonly failures: unknown[];
  readonly retries: Error[];
  /** Steps that were stored, in order. */
  readonly steps: string[];
  /** Starts an outbox on the store; stopped with the test. */
  start(ledger?: Ledger, changes?: { hasTokenSet?: () => boolean; mayAnchor?: () => boolean }): AnchorOutbox;
  /** Puts the token set of epoch 0 on the ledger. */
  openEpoch(): Promise<void>;
  /** Numbers of the anchors on the ledger, in order, with the number of tokens. */
  onLedger(): Promise<[number, number][]>;
}

async function scene(t: TestContext): Promise<Scene> {
  const network = await ledgerNetwork(t);
  const channel = await openTestChannel(network.owner, network.manufacturer, transferParams());
  const sender = new TestSender(termsFor(transferParams(), { channelId: fromBase64Url(channel) }));
  const anchored: number[] = [];
  const refused: Scene['refused'] = [];
  const failures: unknown[] = [];
  const retries: Error[] = [];
  const steps: string[] = [];
  const { owner } = network;
  return {
    sender,
    owner,
    ledgerClock: network.clock,
    anchored,
    refused,
    failures,
    retries,
    steps,
    start: (ledger = owner, { hasTokenSet = () => false, mayAnchor = () => true } = {}) => {
      const outbox = new AnchorOutbox({
        store: sender.store,
        ledger,
        clock: sender.clock,
        random: new CountingRandom('jitter'),
        hasTokenSet,
        mayAnchor,
        channel: fromBase64Url(channel),
        listener: {
          step: (kind, n) => void steps.push(`${kind} ${n}`),
          anchored: (n) => void anchored.push(n),
          refused: (n, error) => void refused.push({ n, error }),
          ledgerUnavailable: (error) => void retries.push(error),
          failed: (error) => void failures.push(error),
        },
      });
      t.after(() => outbox.stop());
      outbox.start();
      return outbox;
    },
    openEpoch: async () => {
      const root = toBase64Url(await sender.secrets.tokenRoot(0));
      const record = { v: 0 as const, channel, k: 0, opens: [{ epoch: 0, agreement: 1, root }], close: [], receipt: [] };
      await send(owner, 'epochRecord', { record: await countersignEpochRecord(await proposeEpochRecord(record, OWNER), RECEIVER) });
    },
    onLedger: async () => {
      const blocks = (await owner.blocks(0)) as unknown as { transactions?: { event: { kind: string; body: never } }[] }[];
      const events = blocks.flatMap(({ transactions = [] }) => transactions.map(({ event }) => event));
      return events
        .filter(({ kind }) => kind === 'anchor')
        .map(({ body }: { body: { n: number; tokens: unknown[] } }) => [body.n, body.tokens.length]);
    },
  };
}

/** Seals so many intervals, and lets their publication time come. */
async function sealAndWait({ sender }: Scene, intervals: number): Promise<void> {
  await sender.seal(intervals);
  sender.clock.timeMs += sender.terms.params.publishDelayMs;
}

const allAnchored = (scene: Scene, last: number) => () => scene.sender.store.batch(last)?.ledgerState === 'Anchored';

describe('each batch is anchored exactly once', () => {
  const single: Fault[][] = (['prepare', 'submit'] as const).flatMap((operation) =>
    (['before', 'after'] as const).map((when) => [{ operation, when }]),
  );
  const chains: Fault[][] = [
    [
      { operation: 'submit', when: 'after' },
      { operation: 'submit', when: 'before' },
    ],
    [
      { operation: 'prepare', when: 'after' },
      { operation: 'submit', when: 'after' },
    ],
  ];
  for (const faults of [...single, ...chains]) {
    test(`when it fails thus: ${faults.map(({ operation, when }) => `${operation} ${when} it took effect`).join(', then ')}`, async (t) => {
      const at = await scene(t);
      await sealAndWait(at, 2);
      const ledger = new FaultyLedger(at.owner, faults);
      at.start(ledger);
      await until('both batches are anchored', allAnchored(at, 1));
      assert.ok(ledger.isMended, 'every fault happened');
      assert.deepEqual(await at.onLedger(), [
        [0, 0],
        [1, 0],
      ]);
      assert.deepEqual(at.anchored, [0, 1]);
      assert.equal(at.retries.length, faults.length);
      assert.equal(new Set(ledger.submitted).size, 2, 'the same bytes go again');
      assert.deepEqual(at.steps, ['submitted 0', 'anchored 0', 'submitted 1', 'anchored 1']);
      assert.deepEqual([at.refused, at.failures], [[], []]);
    });
  }

  for (const when of ['before', 'after'] as const) {
    test(`when the module is stopped while the answer is lost, ${when} the transaction took effect`, async (t) => {
      const at = await scene(t);
      await sealAndWait(at, 1);
      const first = new FaultyLedger(at.owner, [{ operation: 'submit', when }]);
      const outbox = at.start(first);
      await until('the answer is lost', () => at.retries.length === 1);
      await outbox.stop();
      assert.equal(at.sender.store.batch(0)?.ledgerState, 'Submitted');
      assert.equal(first.submitted.length, 1);
      const second = new FaultyLedger(at.owner);
      at.start(second);
      await until('the batch is anchored', allAnchored(at, 0));
      assert.deepEqual(second.submitted, first.submitted);
      assert.deepEqual(await at.onLedger(), [[0, 0]]);
      assert.equal((await at.owner.statusOf(at.sender.store.batch(0)!.transactionId))?.event.kind, 'anchor');
    });
  }

  test('when the module is stopped after preparing and before storing, the transaction of which nobody knows is never sent', async (t) => {
    const at = await scene(t);
    await sealAndWait(at, 1);
    const outbox = at.start(new FaultyLedger(at.owner, [{ operation: 'prepare', when: 'after' }]));
    await until('the preparation fails', () => at.retries.length === 1);
    await outbox.stop();
    assert.equal(at.sender.store.batch(0)?.ledgerState, 'Sealed');
    at.start();
    await until('the batch is anchored', allAnchored(at, 0));
    assert.deepEqual(await at.onLedger(), [[0, 0]]);
  });
});

describe('the order of anchors', () => {
  test('is that of the numbers, each from its publication time on', async (t) => {
    const at = await scene(t);
    await at.sender.seal(2);
    at.sender.clock.timeMs = at.sender.store.batch(0)!.publishAtMs;
    at.start();
    await until('the first is anchored', allAnchored(at, 0));
    assert.equal(at.sender.store.batch(1)?.ledgerState, 'Sealed');
    at.sender.clock.timeMs = at.sender.store.batch(1)!.publishAtMs;
    await until('the second is anchored', allAnchored(at, 1));
    assert.deepEqual(at.anchored, [0, 1]);
  });

  test('what is sealed later is anchored at once when the outbox is woken', async (t) => {
    const at = await scene(t);
    const outbox = at.start();
    await sealAndWait(at, 1);
    outbox.wake();
    await until('it is anchored', allAnchored(at, 0), 900);
  });

  test('no batch goes before the seeds of its epoch are committed to', async (t) => {
    const at = await scene(t);
    await sealAndWait(at, 1);
    let committed = false;
    const ledger = new FaultyLedger(at.owner);
    at.start(ledger, { mayAnchor: () => committed });
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    assert.deepEqual(ledger.submitted, []);
    committed = true;
    await until('it is anchored', allAnchored(at, 0));
  });
});

describe('tokens', () => {
  test('go along where the set is on the ledger, and not where it is not', async (t) => {
    const at = await scene(t);
    at.sender.collecting.accept(count(15));
    await sealAndWait(at, 1);
    at.start().wake();
    await until('the first is anchored', allAnchored(at, 0));
    await at.openEpoch();
    await sealAndWait(at, 1);
    at.start(at.owner, { hasTokenSet: () => true });
    await until('the second is anchored', allAnchored(at, 1));
    assert.deepEqual(await at.onLedger(), [
      [0, 0],
      [1, 2],
    ]);
  });

  test('follow when the contract requires them: the set came onto the ledger unnoticed', async (t) => {
    const at = await scene(t);
    await at.openEpoch();
    await sealAndWait(at, 1);
    const ledger = new FaultyLedger(at.owner);
    at.start(ledger, { hasTokenSet: () => false });
    await until('it is anchored', allAnchored(at, 0));
    assert.deepEqual(await at.onLedger(), [[0, 2]]);
    assert.equal(ledger.submitted.length, 2);
    assert.deepEqual(at.refused, []);
  });

  test('are left out when the contract has no set: only this module believes in it', async (t) => {
    const at = await scene(t);
    await sealAndWait(at, 1);
    at.start(at.owner, { hasTokenSet: () => true });
    await until('it is anchored', allAnchored(at, 0));
    assert.deepEqual(await at.onLedger(), [[0, 0]]);
  });

  test('a stored transaction that was refused for its tokens is replaced after a restart', async (t) => {
    const at = await scene(t);
    await sealAndWait(at, 1);
    const { txId, bytes } = await at.owner.prepare('anchor', anchorBody(at.sender.store.batch(0)!.header, NO_TOKENS));
    at.sender.store.setSubmitted(0, { transactionId: txId, bytes });
    await at.openEpoch();
    at.start();
    await until('it is anchored', allAnchored(at, 0));
    assert.deepEqual(await at.onLedger(), [[0, 2]]);
    assert.notEqual(at.sender.store.batch(0)?.transactionId, txId);
  });

  test('a call carries its filler, with and without a set', async (t) => {
    const at = await scene(t);
    at.sender.collecting.requestCall();
    at.sender.queue.add(at.sender.collecting.cutCall(at.sender.collecting.open.fromMs + 100));
    await sealAndWait(at, 1);
    at.start();
    await until('both are anchored', allAnchored(at, 1));
    assert.deepEqual(await at.onLedger(), [
      [0, 2],
      [1, 0],
    ]);
  });
});

describe('a number that is taken', () => {
  /** Another transaction of this module's with the same header came through, long after it was given up for lost. */
  const sendCopy = ({ owner, sender }: Scene): Promise<Commit> =>
    send(owner, 'anchor', anchorBody(sender.store.batch(0)!.header, NO_TOKENS));

  const prepareOther = async ({ owner, sender }: Scene): Promise<string> => {
    const { txId, bytes } = await owner.prepare('anchor', anchorBody(sender.store.batch(0)!.header, NO_TOKENS));
    sender.store.setSubmitted(0, { transactionId: txId, bytes });
    return txId;
  };

  test('by the very header is anchored, under the transaction that the ledger has', async (t) => {
    const at = await scene(t);
    await sealAndWait(at, 2);
    const { txId } = await sendCopy(at);
    const own = await prepareOther(at);
    at.start();
    await until('both are anchored', allAnchored(at, 1));
    assert.notEqual(txId, own);
    assert.deepEqual([at.sender.store.batch(0)?.ledgerState, at.sender.store.batch(0)?.transactionId], ['Anchored', txId]);
    assert.deepEqual(at.steps, ['anchored 0', 'submitted 1', 'anchored 1']);
    assert.deepEqual([at.anchored, at.refused], [[0, 1], []]);
  });

  test('is asked for again while the ledger does not say by whom: nothing is guessed', async (t) => {
    const at = await scene(t);
    await sealAndWait(at, 1);
    const { txId } = await sendCopy(at);
    const unanswered: Fault[] = [
      { operation: 'query', when: 'before' },
      { operation: 'query', when: 'after' },
    ];
    const ledger = new FaultyLedger(at.owner, unanswered);
    at.start(ledger);
    await until('it is anchored', allAnchored(at, 0));
    assert.ok(ledger.isMended);
    assert.equal(at.sender.store.batch(0)?.transactionId, txId);
    assert.equal(at.retries.length, 2);
    assert.deepEqual(await at.onLedger(), [[0, 0]]);
  });

  test('by a copy of its own transaction is anchored under that', async (t) => {
    const at = await scene(t);
    await sealAndWait(at, 1);
    const own = await prepareOther(at);
    await at.owner.submit({ txId: own, bytes: at.sender.store.outgoing(0)!.bytes });
    const taken = new RejectedError('NUMBER_TAKEN', 'Batch 0 is anchored.');
    at.start(new FaultyLedger(at.owner, [{ operation: 'submit', when: 'before', error: taken }]));
    await until('it is anchored', allAnchored(at, 0));
    assert.equal(at.sender.store.batch(0)?.transactionId, own);
  });
});

describe('an unknown outcome', () => {
  test('is asked for, and not sent again where the ledger has it', async (t) => {
    const at = await scene(t);
    await sealAndWait(at, 1);
    const ledger = new FaultyLedger(at.owner, [{ operation: 'submit', when: 'after' }]);
    at.start(ledger);
    await until('it is anchored', allAnchored(at, 0));
    assert.equal(ledger.submitted.length, 1);
  });

  test('is asked for again when the question gets no answer', async (t) => {
    const at = await scene(t);
    await sealAndWait(at, 1);
    const ledger = new FaultyLedger(at.owner, [
      { operation: 'submit', when: 'after' },
      { operation: 'statusOf', when: 'before' },
    ]);
    at.start(ledger);
    await until('it is anchored', allAnchored(at, 0));
    assert.equal(new Set(ledger.submitted).size, 1);
    assert.deepEqual(await at.onLedger(), [[0, 0]]);
  });
});

describe('token sets that come and go', () => {
  test('while a batch is sent end nothing: it is sent until one fits', async (t) => {
    const at = await scene(t);
    await sealAndWait(at, 1);
    const refusal = (code: string): Fault => ({ operation: 'submit', when: 'before', error: new RejectedError(code, 'No.') });
    const ledger = new FaultyLedger(at.owner, ['TOKENS_REQUIRED', 'NO_TOKEN_SET', 'TOKENS_REQUIRED', 'UNCERTIFIED_TOKENS'].map(refusal));
    at.start(ledger);
    await until('it is anchored', allAnchored(at, 0));
    const again = ['submitted 0', 'refused 0'];
    assert.deepEqual(at.steps, [...again, ...again, ...again, ...again, 'submitted 0', 'anchored 0']);
    assert.equal(new Set(ledger.submitted).size, 5, 'a transaction that was refused is not sent again');
    assert.deepEqual([at.refused, at.failures], [[], []]);
  });
});

describe('a transaction that the ledger takes no more', () => {
  const HOUR_MS = 3_600_000;
  const again = ['submitted 0', 'refused 0'];
  const spent = (error: Error): Fault => ({ operation: 'submit', when: 'before', error });

  test('because it waited through a long outage is prepared anew, and the batch is anchored', async (t) => {
    const at = await scene(t);
    await sealAndWait(at, 2);
    const away = at.start(new FaultyLedger(at.owner, [{ operation: 'submit', when: 'before' }]));
    await until('it is prepared and the ledger is away', () => at.retries.length === 1);
    await away.stop();
    const { transactionId } = at.sender.store.batch(0)!;
    at.ledgerClock.timeMs += HOUR_MS;
    at.start();
    await until('both are anchored', allAnchored(at, 1));
    assert.notEqual(at.sender.store.batch(0)?.transactionId, transactionId);
    assert.equal(await at.owner.statusOf(transactionId), undefined);
    assert.deepEqual(at.steps, ['submitted 0', 'refused 0', 'submitted 0', 'anchored 0', 'submitted 1', 'anchored 1']);
    assert.deepEqual([at.anchored, at.refused, at.retries.length], [[0, 1], [], 1]);
    assert.deepEqual(await at.onLedger(), [
      [0, 0],
      [1, 0],
    ]);
  });

  test('that came through before the outage is not sent anew, however old it is', async (t) => {
    const at = await scene(t);
    await sealAndWait(at, 1);
    const away = at.start(new FaultyLedger(at.owner, [{ operation: 'submit', when: 'after' }]));
    await until('the answer is lost', () => at.retries.length === 1);
    await away.stop();
    at.ledgerClock.timeMs += HOUR_MS;
    at.start();
    await until('it is anchored', allAnchored(at, 0));
    assert.deepEqual(at.steps, ['submitted 0', 'anchored 0']);
    assert.deepEqual(await at.onLedger(), [[0, 0]]);
  });

  for (const error of [
    new RejectedError('DATED_BACK', 'Too old.'),
    new RejectedError('DATED_AHEAD', 'Too new.'),
    new UnavailableError('INVALIDATED', 'Marked invalid.'),
  ]) {
    test(`by ${error.code} is replaced at once, and after a while where that is refused as well`, async (t) => {
      const at = await scene(t);
      await sealAndWait(at, 1);
      const ledger = new FaultyLedger(at.owner, [spent(error), spent(error)]);
      at.start(ledger);
      await until('it is anchored', allAnchored(at, 0));
      assert.equal(new Set(ledger.submitted).size, 3);
      assert.deepEqual(at.steps, [...again, ...again, 'submitted 0', 'anchored 0']);
      assert.deepEqual([at.retries, at.refused, at.failures], [[error], [], []]);
    });
  }

  test('does not even get prepared on a ledger that refuses then: nothing is stored until it is', async (t) => {
    const at = await scene(t);
    await at.openEpoch();
    await sealAndWait(at, 1);
    const refusals = ['DATED_BACK', 'DATED_AHEAD', 'TOKENS_REQUIRED'].map((code) => new RejectedError(code, 'No.'));
    const ledger = new FaultyLedger(
      at.owner,
      refusals.map((error) => ({ operation: 'prepare', when: 'before', error })),
    );
    at.start(ledger);
    await until('it is anchored', allAnchored(at, 0));
    assert.deepEqual(at.steps, ['submitted 0', 'anchored 0']);
    assert.deepEqual(await at.onLedger(), [[0, 2]]);
    assert.deepEqual([at.retries, at.refused, at.failures], [refusals.slice(0, 2), [], []]);
  });

  test('and is refused for good when it is prepared, is told and Failed', async (t) => {
    const at = await scene(t);
    await sealAndWait(at, 1);
    const revoked = new RejectedError('KEY_REVOKED', 'Never.');
    at.start(new FaultyLedger(at.owner, [{ operation: 'prepare', when: 'before', error: revoked }]));
    await until('it is told', () => at.refused.length === 1);
    assert.deepEqual([at.refused, at.steps], [[{ n: 0, error: revoked }], ['failed 0']]);
    assert.equal(at.sender.store.batch(0)?.ledgerState, 'Failed');
  });
});

describe('a store that fails while anchoring', () => {
  for (const operation of ['setSubmitted', 'setLedgerState'] as const) {
    test(`at ${operation} ends the outbox and is not taken for the ledger's silence; the next one goes on from the store`, async (t) => {
      const at = await scene(t);
      await sealAndWait(at, 1);
      const { store } = at.sender;
      const fault = new UnavailableError('STORE_FULL', 'The disk is full.');
      t.mock.method(store, operation, () => {
        throw fault;
      });
      const outbox = at.start();
      await until('the fault is told', () => at.failures.length === 1);
      await outbox.stop();
      assert.deepEqual([at.failures, at.retries, at.refused], [[fault], [], []]);
      t.mock.restoreAll();
      at.start();
      await until('it is anchored', allAnchored(at, 0));
      assert.deepEqual(await at.onLedger(), [[0, 0]]);
    });
  }
});

describe('what the outbox cannot mend', () => {
  test('a refusal for good makes the batch Failed, is told, and those after it go on', async (t) => {
    const at = await scene(t);
    await sealAndWait(at, 2);
    const { value } = openHeader(at.sender.store.batch(0)!.header, OWNER.publicKey);
    const other = await signHeader({ ...value, h: toBase64Url(new Uint8Array(32)) }, OWNER);
    await send(at.owner, 'anchor', anchorBody(other, NO_TOKENS));
    at.start();
    await until('the second is anchored', allAnchored(at, 1));
    assert.equal(at.sender.store.batch(0)?.ledgerState, 'Failed');
    assert.deepEqual(
      at.refused.map(({ n, error }) => [n, hasCode(error, 'NUMBER_TAKEN')]),
      [[0, true]],
    );
    assert.deepEqual(at.sender.store.unanchored(), []);
    assert.deepEqual(at.steps, ['submitted 0', 'failed 0', 'submitted 1', 'anchored 1']);
  });

  for (const code of ['LEDGER_CORRUPT', 'OTHER_LEDGER', 'NOT_A_MEMBER', 'TIME_AHEAD', 'BAD_TRANSACTION', 'NO_CHANNEL']) {
    test(`a refusal that is not the contract's last word leaves the batch as it is, and the same bytes go again: ${code}`, async (t) => {
      const at = await scene(t);
      await sealAndWait(at, 1);
      const ledger = new FaultyLedger(at.owner, [{ operation: 'submit', when: 'before', error: new RejectedError(code, 'Not now.') }]);
      at.start(ledger);
      await until('it is anchored', allAnchored(at, 0));
      assert.equal(new Set(ledger.submitted).size, 1);
      assert.deepEqual([at.retries.length, at.refused, at.failures], [1, [], []]);
    });
  }

  test('a fault of the module itself is told and decides nothing about the batch', async (t) => {
    const at = await scene(t);
    await sealAndWait(at, 1);
    const broken = new FatalError('LEDGER_CORRUPT', 'It contradicts itself.');
    at.start(new FaultyLedger(at.owner, [{ operation: 'submit', when: 'before', error: broken }]));
    await until('it is told', () => at.failures.length === 1);
    assert.deepEqual([at.failures, at.refused], [[broken], []]);
    assert.equal(at.sender.store.batch(0)?.ledgerState, 'Submitted');
  });
});
