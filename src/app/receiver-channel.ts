import type { Agreement } from '../agreement/index.ts';
import { type Argon2, type Clock, epochOf, intervalEnd, type Signer, UnavailableError } from '../core/index.ts';
import type { ModuleConnection } from '../client/index.ts';
import type { BlockInfo, LedgerEvent } from '../ledger/index.ts';
import type { ReceiverStore } from '../store/index.ts';
import { type ChannelTerms, EpochCosigner, type EpochSecrets, Inbox, isNear, pause, type ReceivedCondition } from '../transfer/index.ts';
import { conditionsSeen } from './conditions-seen.ts';
import type { ModuleListener } from './events.ts';
import { type AnchorSeen, anchorSeen, codesFromLedger } from './ledger-conditions.ts';
import type { ReceiverActions } from './receiver-actions.ts';
import { messageOf } from './message-of.ts';

const LOOK_EVERY_MS = 1000;
/** Anchored headers that are remembered until their delivery comes. */
const MOST_ANCHORS = 10_000;

export interface ReceiverChannelPorts {
  readonly agreement: Agreement;
  readonly terms: ChannelTerms;
  readonly secrets: EpochSecrets;
  readonly store: ReceiverStore;
  readonly receiptKey: Signer;
  readonly argon2: Argon2;
  readonly clock: Clock;
  readonly actions: ReceiverActions;
  readonly listener: ModuleListener;
  lastBlock(): BlockInfo;
  /** Hash of the header that the ledger has for a batch. */
  anchoredHeader(n: number): Promise<string | undefined>;
  /** Hash of a block, or undefined where the ledger has none of this number. */
  blockHash(number: number): Promise<string | undefined>;
  /** Shows conditions to the manufacturer's applications. `transaction` is empty while the anchor has not been seen. */
  show(condition: ReceivedCondition, via: 'delivery' | 'ledger', transaction: string): void;
  /** A batch that was shown is on the ledger now. */
  anchored(n: number, transaction: string): void;
}

/** One channel of the manufacturer's module: deliveries and epoch records by the link, anchors by the ledger. */
export class ReceiverChannel {
  readonly #ports: ReceiverChannelPorts;
  readonly #inbox: Inbox;
  readonly #cosigner: EpochCosigner;
  readonly #anchors = new Map<number, AnchorSeen>();
  readonly #stopped = new AbortController();
  #connection: ModuleConnection | undefined;
  #wake = new AbortController();
  #newest = -1;
  #shownInterval: number;
  #working: Promise<void> = Promise.resolve();

  constructor(ports: ReceiverChannelPorts) {
    const { terms, secrets, store, receiptKey, argon2, clock, actions, listener } = ports;
    this.#ports = ports;
    this.#cosigner = new EpochCosigner(terms, secrets, store, receiptKey, clock);
    const last = store.last();
    // After a call, the interval's own condition is still to come.
    this.#shownInterval = last === undefined ? -1 : last.row === 0 ? last.interval : last.interval - 1;
    const anchors = {
      anchoredHeader: (n: number) => ports.anchoredHeader(n),
      blockHash: (number: number) => ports.blockHash(number),
      lastBlock: () => ({ number: ports.lastBlock().number, hash: ports.lastBlock().hash }),
    };
    const actionKeys = (condition: ReceivedCondition): readonly string[] => actions.keysFor(condition, store.lastCodes());
    this.#inbox = new Inbox(
      terms,
      secrets,
      { argon2, clock, receiptKey, store, anchors, actionKeys },
      {
        received: (condition) => this.#received(condition),
        acknowledged: (n) => listener({ event: 'acknowledged', n }),
        finding: ({ n, code, message }) => listener({ event: 'finding', n, code, message }),
      },
    );
  }

  start(connection: ModuleConnection): void {
    this.#connection = connection;
    this.#working = this.#work();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#wake.abort();
    await this.#working;
  }

  /** The owner's module shows a newer batch, or the link is back. */
  noticed(n: number): void {
    this.#newest = Math.max(this.#newest, n);
    this.#wake.abort();
  }

  /** Takes an event of the ledger. An anchor that comes while the link is down raises the condition by itself. */
  ledgerEvent(event: LedgerEvent): void {
    const anchor = anchorSeen(this.#ports.terms, event);
    if (anchor === undefined) return;
    this.#compare(anchor);
    this.#newest = Math.max(this.#newest, anchor.n);
    if (this.#connection?.connected !== true) this.#raise(anchor);
    this.#wake.abort();
  }

  /** The link is lost: what the ledger has told already, and no delivery has, is raised now. */
  linkLost(): void {
    for (const anchor of [...this.#anchors.values()].sort((a, b) => a.n - b.n)) this.#raise(anchor);
  }

  /** A delivery and the anchor of the same number must be about the same header, whichever came first. */
  #compare(anchor: AnchorSeen): void {
    const stored = this.#ports.store.batch(anchor.n);
    if (stored !== undefined && stored.headerHash !== anchor.header) {
      return this.#inbox.finding(
        anchor.n,
        'ANCHOR_MISMATCH',
        `Batch ${anchor.n} was delivered with another header than the one now anchored.`,
      );
    }
    if (stored !== undefined) return this.#ports.anchored(anchor.n, anchor.transaction);
    this.#anchors.set(anchor.n, anchor);
    const eldest = this.#anchors.keys().next().value;
    if (this.#anchors.size > MOST_ANCHORS && eldest !== undefined) this.#anchors.delete(eldest);
  }

  #raise(anchor: AnchorSeen): void {
    const { terms, clock } = this.#ports;
    if (anchor.interval <= this.#shownInterval || !isNear(terms, epochOf(terms.params, anchor.interval), clock.now())) return;
    const codes = codesFromLedger(this.#ports.terms, this.#ports.secrets, anchor);
    if (codes === undefined) return;
    this.#show(
      { n: anchor.n, interval: anchor.interval, row: 0, toMs: intervalEnd(this.#ports.terms.params, anchor.through), codes },
      'ledger',
      anchor.transaction,
    );
  }

  #received(condition: ReceivedCondition): void {
    const transaction = this.#anchors.get(condition.n)?.transaction ?? '';
    this.#anchors.delete(condition.n);
    this.#show(condition, 'delivery', transaction);
    this.#ports.actions.wake();
  }

  #show(condition: ReceivedCondition, via: 'delivery' | 'ledger', transaction: string): void {
    const { agreement, listener } = this.#ports;
    const { n, interval, row, codes } = condition;
    listener({ event: 'received', n, interval, row, via, conditions: row === 0 ? conditionsSeen(agreement, codes) : [] });
    if (row !== 0) return;
    if (interval <= this.#shownInterval) {
      if (transaction !== '') this.#ports.anchored(n, transaction);
      return;
    }
    this.#shownInterval = interval;
    this.#ports.show(condition, via, transaction);
  }

  async #work(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      this.#wake = new AbortController();
      await this.#serveLink();
      await pause(LOOK_EVERY_MS, this.#wake.signal);
    }
  }

  async #serveLink(): Promise<void> {
    const connection = this.#connection;
    if (connection?.connected !== true) return;
    try {
      await this.#inbox.catchUp(
        { fetchDelivery: (n) => connection.fetchDelivery(n), acknowledge: (receipt) => connection.acknowledge(receipt) },
        this.#newest,
      );
      const signed = await this.#cosigner.serve({
        fetchEpochRecord: (k) => connection.fetchEpochRecord(k),
        countersignEpochRecord: (envelope) => connection.countersignEpochRecord(envelope),
      });
      for (const k of signed) this.#ports.listener({ event: 'epoch-record', k, step: 'countersigned' });
    } catch (error) {
      if (error instanceof UnavailableError || this.#stopped.signal.aborted) return;
      this.#ports.listener({ event: 'warning', code: 'RECEIVER_FAULT', message: messageOf(error) });
    }
  }
}
