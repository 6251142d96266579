import type { Agreement } from '../agreement/index.ts';
import type { ClearedCondition, ModuleConnection } from '../client/index.ts';
import {
  type Argon2,
  type Clock,
  type Envelope,
  envelopeHashText,
  intervalAt,
  type Json,
  RejectedError,
  type Signer,
  UnavailableError,
} from '../core/index.ts';
import type { Ledger, LedgerEvent } from '../ledger/index.ts';
import type { ClearedServer } from '../server/index.ts';
import type { ReceiverStore } from '../store/index.ts';
import { type ChannelTerms, EpochCosigner, type EpochSecrets, Inbox, pause, ShownValues } from '../transfer/index.ts';
import { lastGridMs } from './agreement-file.ts';
import type { ModuleListener } from './events.ts';
import { messageOf } from './message-of.ts';
import type { ReceivedHistory } from './received-history.ts';
import type { ReceiverActions } from './receiver-actions.ts';
import { ReceiverDisplay } from './receiver-display.ts';
import { keepDispute } from './receiver-disputes.ts';
import { ReceiverDuties } from './receiver-duties.ts';
import { ReceiverProposals } from './receiver-proposals.ts';
import type { ReceiverLedger } from './receiver-ledger.ts';
import { keepWindow } from './receiver-secrets.ts';
import type { Trace } from './trace.ts';

const LOOK_EVERY_MS = 1000;

export interface ReceiverChannelPorts {
  readonly agreement: Agreement;
  /** Channel document, signed by both parties. */
  readonly document: Envelope;
  readonly terms: ChannelTerms;
  readonly secrets: EpochSecrets;
  readonly store: ReceiverStore;
  /** Path of the store. */
  readonly file: string;
  readonly ledger: Ledger;
  readonly view: ReceiverLedger;
  readonly receiptKey: Signer;
  readonly argon2: Argon2;
  readonly clock: Clock;
  readonly actions: ReceiverActions;
  readonly listener: ModuleListener;
  readonly trace: Trace;
  /** The server for the manufacturer's own applications, where there is one. */
  readonly server: () => ClearedServer | undefined;
  failed(error: unknown): void;
}

/** One channel of the manufacturer's module: deliveries and epoch records by the link, anchors and deposits by the ledger. */
export class ReceiverChannel {
  readonly #ports: ReceiverChannelPorts;
  readonly #inbox: Inbox;
  readonly #cosigner: EpochCosigner;
  readonly #display: ReceiverDisplay;
  readonly #duties: ReceiverDuties;
  readonly #proposals: ReceiverProposals;
  readonly #shown: ShownValues;
  readonly #stopped = new AbortController();
  #connection: ModuleConnection | undefined;
  #wake = new AbortController();
  #newest = -1;
  #working: Promise<void> = Promise.resolve();

  constructor(ports: ReceiverChannelPorts) {
    const { agreement, terms, secrets, store, view, receiptKey, argon2, clock, actions, listener } = ports;
    this.#ports = ports;
    this.#cosigner = new EpochCosigner(terms, secrets, store, receiptKey, clock);
    this.#display = new ReceiverDisplay(ports);
    this.#shown = new ShownValues(terms.params, ({ n, stream, gridMs, unrecorded }) => {
      const [name, time] = [agreement.streams[stream]?.name ?? '', new Date(gridMs).toISOString()];
      const what = unrecorded ? 'and its evidence has no record of that time' : 'and the record of that time says another one';
      this.#inbox.finding(n, 'CLEARED_VALUE_DIFFERS', `The cleared server showed a condition of ${name} for ${time}, ${what}.`);
    });
    this.#inbox = new Inbox(
      terms,
      secrets,
      {
        argon2,
        clock,
        receiptKey,
        store,
        anchors: view,
        actionKeys: (condition) => actions.keysFor(condition, store.lastCodes()),
        dispute: (n, grounds) => keepDispute({ channel: ports.document, terms, file: ports.file, store }, n, grounds),
      },
      {
        received: (...received) => this.#received(...received),
        acknowledged: (n) => {
          ports.trace({ kind: 'acknowledged', n });
          listener({ event: 'acknowledged', n });
        },
        finding: ({ n, code, message }) => listener({ event: 'finding', n, code, message }),
      },
    );
    const lastInterval = intervalAt(terms.params, lastGridMs(agreement)) - 1;
    this.#proposals = new ReceiverProposals({
      channel: view.channel,
      store,
      listener,
      proposalAt: (seen) => view.proposalAt(seen),
      sign: (k, proposal) => this.#cosigner.answer(k, proposal),
    });
    const others = [() => this.#proposals.answer()];
    this.#duties = new ReceiverDuties({ ...ports, params: terms.params, lastInterval, inbox: this.#inbox, others });
  }

  /** What the manufacturer's applications may read of the past. */
  get history(): ReceivedHistory {
    return this.#display.history;
  }

  start(connection: ModuleConnection): void {
    this.#connection = connection;
    this.#display.again();
    this.#newest = this.#ports.store.lastAnchor()?.n ?? -1;
    this.#duties.start();
    this.#working = this.#work();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#wake.abort();
    await this.#duties.stop();
    await this.#working;
  }

  /** The owner's module shows a newer batch, or the link is back. */
  noticed(n: number): void {
    this.#newest = Math.max(this.#newest, n);
    this.#wake.abort();
  }

  /** The cleared server shows a condition. */
  shown({ stream, code, gridMs }: ClearedCondition): void {
    const place = this.#ports.agreement.streams.findIndex(({ name }) => name === stream);
    if (code !== undefined && place >= 0) this.#told(() => this.#shown.shown(place, gridMs, code));
  }

  /** The link is lost: what the ledger has told already, and no delivery has, is raised now. */
  linkLost(): void {
    this.#told(() => this.#display.raiseAll());
  }

  /**
   * Takes an event of the ledger. An anchor that comes while the link is down raises the condition by itself.
   * @param position stored with what the event tells
   */
  async ledgerEvent(event: LedgerEvent, position: string): Promise<void> {
    const { anchor, deposit, proposal } = this.#ports.view.seen(event, position);
    if (proposal !== undefined) this.#proposals.seen(proposal);
    if (anchor !== undefined) {
      this.#duties.anchored(anchor);
      await this.#inbox.anchorSeen(anchor.n, anchor.header);
      if (this.#ports.store.batch(anchor.n) !== undefined) this.#display.anchored(anchor.n, anchor.transaction);
      else if (this.#connection?.connected !== true) this.#display.raise(anchor);
      this.#newest = Math.max(this.#newest, anchor.n);
    }
    if (anchor !== undefined || deposit !== undefined) this.#wake.abort();
  }

  /** What the link tells must not throw into it. A fault of the store is known to whoever watches the store. */
  #told(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#tellFault(error);
    }
  }

  #tellFault(error: unknown): void {
    if (error instanceof UnavailableError || this.#stopped.signal.aborted) return;
    this.#ports.listener({ event: 'warning', code: 'RECEIVER_FAULT', message: messageOf(error) });
  }

  #received(...[condition, { header, statement }]: Parameters<ConstructorParameters<typeof Inbox>[3]['received']>): void {
    const { trace, store, secrets, terms, view, actions } = this.#ports;
    const { n, interval } = condition;
    trace({ kind: 'stored', n });
    trace({ kind: 'countersigned', n });
    this.#shown.delivered(header, statement);
    const anchor = view.anchor(n);
    if (anchor !== undefined) this.#duties.sayIfLate(anchor, condition.toMs);
    this.#display.received(condition);
    keepWindow(terms, secrets, store, interval);
    actions.wake();
  }

  async #work(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      this.#wake = new AbortController();
      await this.#once();
      await pause(LOOK_EVERY_MS, this.#wake.signal);
    }
  }

  /** Each by itself: an owner whose module refuses the one must not keep the manufacturer from the other. */
  async #once(): Promise<void> {
    const connection = this.#connection;
    if (connection?.connected === true) {
      await this.#attempt(() => this.#fetchDeliveries(connection));
      await this.#attempt(() => this.#cosign(connection));
    }
    await this.#attempt(() => this.#inbox.takeDeposits());
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#tellFault(error);
    }
  }

  async #fetchDeliveries(connection: ModuleConnection): Promise<void> {
    await this.#inbox.catchUp(
      {
        fetchDelivery: (n) => connection.fetchDelivery(n),
        getEvidence: (n) => connection.getEvidence(n),
        acknowledge: (receipt) => connection.acknowledge(receipt),
      },
      this.#newest,
    );
  }

  /** The manufacturer sends what it has signed; the first record is the owner's, which waits for it. */
  #sendRecord(k: number): void {
    const envelope = k === 0 ? undefined : this.#cosigner.countersigned(k);
    if (envelope === undefined) return;
    const body = { record: envelope } as unknown as Json;
    this.#ports.store.addClaim({ id: `epochRecord:${k}:${envelopeHashText(envelope)}`, kind: 'epochRecord', n: k, body });
  }

  async #cosign(connection: ModuleConnection): Promise<void> {
    try {
      const signed = await this.#cosigner.serve({
        fetchEpochRecord: (k) => connection.fetchEpochRecord(k),
        countersignEpochRecord: (envelope) => connection.countersignEpochRecord(envelope),
      });
      for (const k of signed) {
        this.#ports.listener({ event: 'epoch-record', k, step: 'countersigned' });
        this.#sendRecord(k);
      }
    } catch (error) {
      if (!(error instanceof RejectedError) || (error as RejectedError<string>).code !== 'BAD_EPOCH_RECORD') throw error;
      this.#inbox.finding(-1, 'BAD_EPOCH_RECORD', error.message);
    }
  }
}
