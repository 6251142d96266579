import type { ModuleConnection } from '../client/index.ts';
import { parseEnvelope, RejectedError, toBase64Url } from '../core/index.ts';
import type { BlockInfo, Ledger, LedgerEvent } from '../ledger/index.ts';
import type { ClearedServer } from '../server/index.ts';
import { LEDGER_POSITION, ReceiverStore } from '../store/index.ts';
import { type EpochSecrets, pause } from '../transfer/index.ts';
import type { LoadedAgreement } from './agreement-file.ts';
import { closeAll } from './close-all.ts';
import type { ManufacturerConfig } from './config.ts';
import { keepPosition, type LedgerPosition, positionAt, positionOf, positionText } from './ledger-position.ts';
import { LedgerWatch } from './ledger-watch.ts';
import { messageOf } from './message-of.ts';
import { hasStarted, type ModuleKeys } from './module-keys.ts';
import type { ModulePorts } from './module-options.ts';
import { ReceiverActions } from './receiver-actions.ts';
import { ReceiverChannel } from './receiver-channel.ts';
import { ReceiverLedger } from './receiver-ledger.ts';
import { startReceiverSecrets } from './receiver-secrets.ts';
import { isPassingStoreFault, watchedStore } from './store-watch.ts';

const AGAIN_AFTER_MS = 1000;
const KEEP_EVERY_MS = 1000;

/** Everything of a receiver that is loaded before anything is started. */
export interface ReceiverFiles {
  readonly config: ManufacturerConfig;
  readonly loaded: LoadedAgreement;
  readonly keys: ModuleKeys;
}

export interface ReceiverSessionParts {
  readonly files: ReceiverFiles;
  readonly ports: ModulePorts;
  /** @param isKnown false where the store is new: then the ledger must be there */
  readonly openLedger: (isKnown: boolean) => Promise<Ledger>;
  readonly server: () => ClearedServer | undefined;
  /** The store can't be used, whoever met the fault; or the module can't go on. */
  readonly fault: (error: unknown) => void;
}

/**
 * The manufacturer's module from the opening of its store until a stop, or until a fault of the store. Everything that
 * knows what stands in the store is made here and ends with it, so that the next session goes on from what it reads.
 */
export class ReceiverSession {
  readonly store: ReceiverStore;
  readonly channel: ReceiverChannel;
  readonly #secrets: EpochSecrets;
  readonly #actions: ReceiverActions;
  readonly #watch: LedgerWatch;
  readonly #parts: ReceiverSessionParts;
  #events: Promise<void> = Promise.resolve();
  readonly #stopped = new AbortController();
  #ending: Promise<void> | undefined;
  #position: LedgerPosition | undefined;
  #keptAt = -KEEP_EVERY_MS;

  private constructor(parts: ReceiverSessionParts, store: ReceiverStore, secrets: EpochSecrets, ledger: Ledger, last: BlockInfo) {
    const { files, ports } = parts;
    const { loaded, config, keys } = files;
    const [own] = config.channels;
    const { terms, agreement } = loaded;
    this.#parts = parts;
    this.store = store;
    this.#secrets = secrets;
    this.#watch = new LedgerWatch(ledger, last, {
      event: (event, place) => this.#queue(event, place),
      fault: (error) => this.#tellLedgerFault(error),
    });
    const facts = { agreement, channel: toBase64Url(terms.channelId), store, pki: config.pki, crl: config.crl };
    const { clock, random, trace, listener, argon2 } = ports;
    this.#actions = new ReceiverActions(own.actions ?? [], { ...facts, clock, random, trace, storeFault: () => undefined }, listener);
    this.channel = new ReceiverChannel({
      agreement,
      document: parseEnvelope(loaded.file.channel),
      terms,
      secrets,
      store,
      file: own.store,
      ledger,
      view: new ReceiverLedger(ledger, store, terms, () => this.#watch.lastBlock),
      receiptKey: keys.evidence,
      argon2,
      clock,
      actions: this.#actions,
      listener,
      trace,
      server: parts.server,
      failed: parts.fault,
    });
  }

  /** @throws RejectedError, UnavailableError, FatalError for a store that can't be opened, or a ledger that must be there */
  static async open(parts: ReceiverSessionParts): Promise<ReceiverSession> {
    const { files, ports } = parts;
    const [own] = files.config.channels;
    const opened = new ReceiverStore(own.store, toBase64Url(files.loaded.terms.channelId), files.keys.store, {
      mustExist: hasStarted(files.config.keys),
    });
    try {
      opened.requireInUse();
      const store = watchedStore(ports.adapters.receiverStore?.(opened) ?? opened, parts.fault);
      const ledger = await parts.openLedger(store.fact(LEDGER_POSITION) !== undefined);
      const last = positionOf(store)?.last ?? (await ledger.lastBlock());
      const secrets = await startReceiverSecrets(files.config, files.loaded, store);
      if (store.fact(LEDGER_POSITION) === undefined) keepPosition(store, { next: 0, last });
      return new ReceiverSession(parts, store, secrets, ledger, last);
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  /** Time of the newest block that is known, ms since 1970. */
  get lastBlockMs(): number {
    return this.#watch.lastBlock.timeMs;
  }

  start(connection: ModuleConnection): void {
    this.#parts.ports.trace({ kind: 'started', module: 'receiver' });
    const position = positionOf(this.store);
    this.#watch.follow(position?.next ?? 0, position?.skip);
    this.channel.start(connection);
    this.#actions.wake();
  }

  /** Ends, also after a fault; a second call waits for the first. Never rejects. */
  stop(): Promise<void> {
    this.#ending ??= this.#stopOnce();
    return this.#ending;
  }

  async #stopOnce(): Promise<void> {
    this.#stopped.abort();
    this.#secrets.close();
    try {
      await closeAll(
        () => this.channel.stop(),
        () => this.#actions.stop(),
        () => this.#watch.stop(),
        () => this.#events,
        () => this.#position !== undefined && keepPosition(this.store, this.#position),
        () => this.store.close(),
      );
    } catch {
      // After a fault of the disk there is nothing left that closing could save.
    }
  }

  /** One after the other, and each is taken before the position goes on: a crash in between shows that one again, and no other. */
  #queue(event: LedgerEvent, place: number): void {
    this.#events = this.#events.then(() => this.#take(event, place));
  }

  /** Until it is taken: an event that was left out would never come again. */
  async #take(event: LedgerEvent, place: number): Promise<void> {
    const { signal } = this.#stopped;
    for (let told = ''; !signal.aborted; await pause(AGAIN_AFTER_MS, signal)) {
      try {
        await this.channel.ledgerEvent(event, positionText(positionAt(event, place)));
        return this.#taken(positionAt(event, place + 1));
      } catch (error) {
        // The store is opened anew, and its position tells where to go on.
        if (isPassingStoreFault(error)) return this.#stopped.abort();
        if (told !== messageOf(error)) this.#tellLedgerFault(error);
        told = messageOf(error);
        // What the ledger says of it can't be read, now or later.
        if (error instanceof RejectedError) return;
      }
    }
  }

  /** Not at each event: of those that told this channel nothing many may come again, and a long ledger is read in less time. */
  #taken(position: LedgerPosition): void {
    this.#position = position;
    if (performance.now() - this.#keptAt < KEEP_EVERY_MS) return;
    keepPosition(this.store, this.#position);
    this.#keptAt = performance.now();
  }

  #tellLedgerFault(error: unknown): void {
    if (!this.#stopped.signal.aborted) this.#parts.ports.listener({ event: 'warning', code: 'LEDGER_FAULT', message: messageOf(error) });
  }
}
