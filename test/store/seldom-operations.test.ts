import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { ed25519Signer, RejectedError, signEnvelope } from '../../src/core/index.ts';
import { ReceiverStore, SenderStore } from '../../src/store/index.ts';
import { intercepted, type SeldomOfReceiver, type SeldomOfSender } from '../crash/operations.ts';
import { STORE_KEY } from '../support/store-key.ts';
import { bytes, progressOf, receivedBatch, sealedBatch, SOME_ENVELOPE } from './batches.ts';
import { fault } from './folders.ts';

const DAY_MS = 86_400_000;
const OTHER_ENVELOPE = await signEnvelope('application/test', { v: 1 }, ed25519Signer(bytes('signer')));

/** One call that has something to do in the prepared store. */
interface Case<Store, Arguments> {
  readonly prepare?: (store: Store) => void;
  readonly args: Arguments;
  readonly does: 'reads' | 'changes';
  /** What the repeated call answers where the first one took effect; as a plain call does where it is not given. */
  readonly again?: unknown;
}

type ArgumentsOf<Operation> = Operation extends (...args: infer Arguments) => unknown ? Arguments : never;
/** The compiler asks for a case for each of the operations. */
type Cases<Store, Names extends keyof Store> = { readonly [Name in Names]: Case<Store, ArgumentsOf<Store[Name]>> };

const SENDER: Cases<SenderStore, SeldomOfSender> = {
  awaitingReceipt: { args: [0, 9], does: 'reads' },
  batches: { args: [0, 9], does: 'reads' },
  drops: { args: [], does: 'reads' },
  dropOpening: { args: [2], does: 'changes', again: false },
  eraseExpired: { args: [3 * DAY_MS, 1], does: 'changes', again: 0 },
  // Its gap record has said a drop, which is to be said again.
  expire: { args: [5], does: 'changes', again: false },
  isIntervalAnchored: { args: [0], does: 'reads' },
  nextToDrop: { args: ['readings', 'newest'], does: 'reads' },
  opening: { args: [1], does: 'reads' },
  replaceProposal: { args: [0, OTHER_ENVELOPE, 200], does: 'changes' },
  // Answers with STORE_RETIRED, each time.
  requireInUse: { prepare: (store) => store.retire(), args: [], does: 'reads' },
  retire: { args: [], does: 'changes' },
  setDeposited: { args: [0], does: 'changes', again: false },
  setDisputed: { args: [1], does: 'changes', again: false },
  shownBatches: { args: [{ fromInterval: 0, toInterval: 9, throughBatch: 9, newestFirst: false, most: 9 }], does: 'reads' },
};

const FINDING = { atMs: 5, n: 1, code: 'FORK', message: 'two headers' };
const CLAIM = { id: 'dispute:1:deposit', kind: 'dispute', n: 1, body: { kind: 'deposit' } } as const;

const RECEIVER: Cases<ReceiverStore, SeldomOfReceiver> = {
  acceptOld: { prepare: (store) => store.setUndecided(), args: [7], does: 'changes' },
  actionCounts: { args: [], does: 'reads' },
  actions: { args: [], does: 'reads' },
  addAction: { args: ['act:9', 90], does: 'changes', again: false },
  addClaim: { args: [{ ...CLAIM, id: 'receipt:1', kind: 'receipt' }], does: 'changes', again: false },
  addDeposit: { args: [{ n: 2, block: 8, event: { header: 'header 2' } }], does: 'changes' },
  addException: { args: [{ n: 4, reason: 'disputed', headerHash: 'hash 4', header: SOME_ENVELOPE }], does: 'changes' },
  addFinding: { args: [{ ...FINDING, n: 2 }], does: 'changes', again: false },
  batches: { args: [0, 9], does: 'reads' },
  claim: { args: [CLAIM.id], does: 'reads' },
  deposit: { args: [1], does: 'reads' },
  exception: { args: [3], does: 'reads' },
  findings: { args: [], does: 'reads' },
  receivedCodes: { args: [0, 9, false, 9], does: 'reads' },
  repeatAction: { args: ['dead:0'], does: 'changes', again: false },
  // Answers with STORE_RETIRED, each time.
  requireInUse: { prepare: (store) => store.setUndecided(), args: [], does: 'reads' },
  setClaimSubmitted: { args: [CLAIM.id, 'tx', new Uint8Array([1, 2])], does: 'changes' },
  settleClaim: {
    prepare: (store) => store.setClaimSubmitted(CLAIM.id, 'tx', new Uint8Array([1])),
    args: [CLAIM.id, 'due'],
    does: 'changes',
  },
  setUndecided: { args: [], does: 'changes' },
  waitingActions: { args: [], does: 'reads' },
};

/** One batch a day; the readings of batch 4 are dropped, and batch 5 says so. */
function fillSender(store: SenderStore): void {
  store.begin(progressOf(0));
  const seal = (n: number, drops?: { fromBatch: number; toBatch: number }) => {
    const deliveryPackage = { tokens: n, delivery: 'x' };
    store.seal(sealedBatch(n, { publishAtMs: n * DAY_MS, deliveryPackage, drops }), progressOf(n + 1));
  };
  for (let n = 0; n < 5; n++) seal(n);
  store.dropOpening(4);
  seal(5, { fromBatch: 4, toBatch: 4 });
  for (const n of [0, 1, 2]) store.setLedgerState(n, 'Anchored');
  store.setDelivered(1);
  store.proposeEpochRecord(0, SOME_ENVELOPE, 100);
  store.setFact('fact', 'value');
}

function fillReceiver(store: ReceiverStore): void {
  for (let n = 0; n < 3; n++) store.store(receivedBatch(n), [`act:${n}`], n);
  store.addException({ n: 3, reason: 'expired', headerHash: 'hash 3', header: undefined });
  store.addAction('dead:0', 3);
  store.beginAction('dead:0', 4);
  store.endAction('dead:0', { state: 'failed', error: 'gone' });
  store.addDeposit({ n: 1, block: 7, event: { header: 'header 1' } });
  store.addClaim(CLAIM);
  store.addFinding(FINDING);
  store.setFact('fact', 'value');
}

/** What the binary columns hold; most of them are encrypted anew at every write. */
function senderSecrets(store: SenderStore): unknown {
  return [store.progress(), store.batches(0, 9), Array.from({ length: 6 }, (_, n) => store.opening(n)), store.fact('fact')];
}

function receiverSecrets(store: ReceiverStore): unknown {
  const ofBackup = [store.acceptedThrough(), answerOf(() => store.requireInUse())];
  return [store.batches(0, 9), store.openClaims(), store.fact('fact'), ofBackup];
}

/** All rows of all tables, the length alone of what is binary, and the periods whose keys are there. */
function rowsOf(file: string): unknown {
  const db = new DatabaseSync(file);
  const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`).all();
  const rows = tables.map(({ name }) => {
    const table = String(name);
    return [table, db.prepare(`SELECT * FROM ${table}`).all().map(withoutBytes)];
  });
  db.close();
  return [rows, existsSync(`${file}.periods`) ? readdirSync(`${file}.periods`).toSorted() : []];
}

function withoutBytes(row: Readonly<Record<string, unknown>>): unknown {
  return Object.entries<unknown>(row).map(([name, value]) => [name, value instanceof Uint8Array ? value.byteLength : value]);
}

/** A documented refusal is an answer too. */
function answerOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (error instanceof RejectedError) return { rejected: String(error.code) };
    throw error;
  }
}

interface Side<Store> {
  open(file: string): Store;
  fill(store: Store): void;
  secrets(store: Store): unknown;
}

/** What happens to the first call, if it is to fail. */
type Failure = 'before' | 'after' | undefined;

const INJECTED = new Error('injected');

/** Stores on disk that all begin as copies of one that was filled. */
class Scene<Store extends { close(): void }> {
  readonly #side: Side<Store>;
  readonly #folder = mkdtempSync(join(tmpdir(), 'dcmb-store-'));
  #copies = 0;

  constructor(side: Side<Store>) {
    this.#side = side;
    mkdirSync(join(this.#folder, 'filled'));
    this.#opened(join(this.#folder, 'filled', 'store.db'), (store) => side.fill(store));
  }

  /** The answer of the operation's last call, and the store's content before the first and after the last one. */
  run(name: keyof Store & string, { prepare, args }: Case<Store, readonly unknown[]>, failure: Failure) {
    const folder = join(this.#folder, String(this.#copies++));
    cpSync(join(this.#folder, 'filled'), folder, { recursive: true });
    const file = join(folder, 'store.db');
    this.#opened(file, (store) => prepare?.(store));
    const before = this.#content(file);
    if (failure !== undefined) this.#opened(file, (store) => fail(store, name, args, failure));
    const answer = this.#opened(file, (store) => answerOf(() => call(store, name, args)));
    return { before, answer, after: this.#content(file) };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #opened<Result>(file: string, work: (store: Store) => Result): Result {
    const store = this.#side.open(file);
    try {
      return work(store);
    } finally {
      store.close();
    }
  }

  #content(file: string): unknown {
    return [rowsOf(file), this.#opened(file, (store) => this.#side.secrets(store))];
  }
}

function call(store: object, name: string, args: readonly unknown[]): unknown {
  return Reflect.apply(Reflect.get(store, name) as (...args: unknown[]) => unknown, store, args);
}

function fail(store: object, name: string, args: readonly unknown[], failure: 'before' | 'after'): void {
  const failing = intercepted(store, (operation, work) => {
    assert.equal(operation, name);
    if (failure === 'after') answerOf(work);
    throw INJECTED;
  });
  assert.throws(() => call(failing, name, args), INJECTED);
}

function isEmpty(answer: unknown): boolean {
  return answer === undefined || answer === false || (Array.isArray(answer) && answer.length === 0);
}

function describeSide<Store extends { close(): void }>(title: string, side: Side<Store>, cases: object): void {
  describe(title, () => {
    let scene: Scene<Store>;
    before(() => {
      scene = new Scene(side);
    });
    after(() => scene.remove());

    for (const [name, each] of Object.entries(cases) as [keyof Store & string, Case<Store, readonly unknown[]>][]) {
      test(`${name} that failed before or after it took effect is repeated after the store was opened again`, () => {
        const plain = scene.run(name, each, undefined);
        if (each.does === 'reads') {
          assert.ok(!isEmpty(plain.answer), 'there is something to read');
          assert.deepEqual(plain.after, plain.before);
        } else assert.notDeepEqual(plain.after, plain.before, 'there is something to do');

        const late = scene.run(name, each, 'before');
        assert.deepEqual([late.answer, late.after], [plain.answer, plain.after]);
        const twice = scene.run(name, each, 'after');
        assert.deepEqual([twice.answer, twice.after], [each.again ?? plain.answer, plain.after]);
      });
    }
  });
}

describeSide<SenderStore>(
  "an operation of the owner's store that a plant in good order does not call",
  { open: (file) => new SenderStore(file, 'channel', STORE_KEY), fill: fillSender, secrets: senderSecrets },
  SENDER,
);

describeSide<ReceiverStore>(
  "an operation of the manufacturer's store that a plant in good order does not call",
  { open: (file) => new ReceiverStore(file, 'channel', STORE_KEY), fill: fillReceiver, secrets: receiverSecrets },
  RECEIVER,
);

describe('what is repeated in other words', () => {
  test('another exception for the same batch is a conflict, and the first one stays', async (t) => {
    const store = new ReceiverStore(':memory:', 'channel', STORE_KEY);
    t.after(() => store.close());
    const first = { n: 3, reason: 'expired', headerHash: 'hash 3', header: undefined } as const;
    store.addException(first);
    await fault('STORE_CONFLICT', () => store.addException({ ...first, reason: 'disputed' }));
    await fault('STORE_CONFLICT', () => store.addException({ ...first, headerHash: 'hash 4' }));
    assert.deepEqual(store.exceptionsThrough(9), [first]);
  });

  test('a proposal that somebody has countersigned is not replaced, and leaves no trace', (t) => {
    const store = new SenderStore(':memory:', 'channel', STORE_KEY);
    t.after(() => store.close());
    store.proposeEpochRecord(0, SOME_ENVELOPE, 100);
    store.setCountersigned(0, SOME_ENVELOPE);
    assert.deepEqual([store.replaceProposal(0, OTHER_ENVELOPE, 200), store.replaceProposal(1, OTHER_ENVELOPE, 200)], [false, false]);
    assert.deepEqual(store.proposals(0), [SOME_ENVELOPE]);
  });
});
