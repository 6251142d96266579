import type { Ledger } from '../../src/ledger/index.ts';
import type { Journal, ReceiverStore, SenderStore } from '../../src/store/index.ts';

/** What a module works through, and what faults can be injected into. */
export type Part = 'senderStore' | 'receiverStore' | 'journal' | 'ledger';

/**
 * `read`: changes nothing. `step`: changes something, in the life of every plant. `first`: a step that a plant takes once.
 * `seldom`: not called by a module in a plant that is in good order; the stores' are made to fail by
 * test/store/seldom-operations.test.ts. `end`: closes the part.
 */
export type Use = 'read' | 'step' | 'first' | 'seldom' | 'end';

type Operation<Class> = { [Name in keyof Class]: Class[Name] extends (...args: never[]) => unknown ? Name : never }[keyof Class];

/** Every operation of the class: the compiler asks for a new one, and refuses one that is gone. */
type Uses<Class> = Readonly<Record<Operation<Class>, Use>>;

const SENDER_STORE = {
  awaitingReceipt: 'seldom',
  batch: 'read',
  batches: 'seldom',
  begin: 'first',
  cacheFill: 'read',
  close: 'end',
  counts: 'read',
  drops: 'seldom',
  dropOpening: 'seldom',
  epochRecord: 'read',
  eraseExpired: 'seldom',
  expire: 'seldom',
  fact: 'read',
  isIntervalAnchored: 'seldom',
  lastEpochRecord: 'read',
  lastReceipted: 'read',
  ledgerBacklog: 'read',
  nextToDrop: 'seldom',
  opening: 'seldom',
  outgoing: 'read',
  progress: 'read',
  proposals: 'read',
  proposeEpochRecord: 'step',
  replaceProposal: 'seldom',
  requireInUse: 'seldom',
  retire: 'seldom',
  seal: 'step',
  setCountersigned: 'step',
  setDelivered: 'step',
  setDeposited: 'seldom',
  setDisputed: 'seldom',
  setEpochRecordCommitted: 'step',
  setFact: 'step',
  setLedgerState: 'step',
  setReceipted: 'step',
  setSubmitted: 'step',
  shownBatches: 'seldom',
  unanchored: 'read',
  unreceipted: 'read',
  unreceiptedBefore: 'read',
  unsaidDrops: 'read',
} as const satisfies Uses<SenderStore>;

const RECEIVER_STORE = {
  acceptedThrough: 'read',
  acceptOld: 'seldom',
  actionCounts: 'seldom',
  actions: 'seldom',
  addAction: 'seldom',
  addAnchor: 'step',
  addClaim: 'seldom',
  addDeposit: 'seldom',
  addException: 'seldom',
  addFinding: 'seldom',
  anchor: 'read',
  anchorsFrom: 'read',
  batch: 'read',
  batches: 'seldom',
  beginAction: 'step',
  claim: 'seldom',
  close: 'end',
  counts: 'read',
  deposit: 'seldom',
  digestThrough: 'read',
  dueActions: 'read',
  endAction: 'step',
  exception: 'seldom',
  exceptionsThrough: 'read',
  fact: 'read',
  findings: 'seldom',
  last: 'read',
  lastAnchor: 'read',
  lastCodes: 'read',
  lastNumber: 'read',
  nextActionDue: 'read',
  openClaims: 'read',
  receivedCodes: 'seldom',
  repeatAction: 'seldom',
  requireInUse: 'seldom',
  setAcknowledged: 'step',
  setClaimSubmitted: 'seldom',
  setFact: 'step',
  settleClaim: 'seldom',
  setUndecided: 'seldom',
  store: 'step',
  unacknowledged: 'read',
  unansweredDeposits: 'read',
  waitingActions: 'seldom',
} as const satisfies Uses<ReceiverStore>;

const JOURNAL: Uses<Journal> = { append: 'step', bytes: 'seldom', close: 'end', entries: 'read', erase: 'step' };

const LEDGER: Uses<Ledger> = {
  blockInfo: 'read',
  blocks: 'seldom',
  close: 'end',
  events: 'read',
  lastBlock: 'read',
  prepare: 'step',
  query: 'read',
  statusOf: 'seldom',
  submit: 'step',
  transaction: 'seldom',
};

type Seldom<All> = { [Name in keyof All]: All[Name] extends 'seldom' ? Name : never }[keyof All];

/** Names of the operations that no plant in good order calls. */
export type SeldomOfSender = Seldom<typeof SENDER_STORE>;
export type SeldomOfReceiver = Seldom<typeof RECEIVER_STORE>;

/** Every operation of each part. */
export const OPERATIONS: Readonly<Record<Part, Readonly<Record<string, Use>>>> = {
  senderStore: SENDER_STORE,
  receiverStore: RECEIVER_STORE,
  journal: JOURNAL,
  ledger: LEDGER,
};

/** Called instead of an operation; calls it itself, or doesn't. */
export type Interceptor = (operation: string, call: () => unknown) => unknown;

/** The same object, but each of its operations goes through the interceptor. */
export function intercepted<Target extends object>(target: Target, intercept: Interceptor): Target {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => intercept(String(name), () => Reflect.apply(value, object, args) as unknown);
    },
  });
}
