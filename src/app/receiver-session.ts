import type { ModuleConnection } from '../client/index.ts';
import { parseEnvelope, toBase64Url } from '../core/index.ts';
import type { BlockInfo, Ledger, LedgerEvent } from '../ledger/index.ts';
import type { ClearedServer } from '../server/index.ts';
import { ReceiverStore } from '../store/index.ts';
import type { EpochSecrets } from '../transfer/index.ts';
import type { LoadedAgreement } from './agreement-file.ts';
import type { ManufacturerConfig } from './config.ts';
import { LedgerWatch } from './ledger-watch.ts';
import { messageOf } from './message-of.ts';
import type { ModuleKeys } from './module-keys.ts';
import type { ModulePorts } from './module-options.ts';
import { ReceiverActions } from './receiver-actions.ts';
import { ReceiverChannel } from './receiver-channel.ts';
import { ReceiverLedger } from './receiver-ledger.ts';
import { startReceiverSecrets } from './receiver-secrets.ts';
import { watchedStore } from './store-watch.ts';

/** How far the ledger's events are taken: the next block, and the last one that was seen. */
const POSITION = 'ledger-position';

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
  #isStopped = false;

  private constructor(parts: ReceiverSessionParts, store: ReceiverStore, secrets: EpochSecrets, ledger: Ledger, last: BlockInfo) {
    const { files, ports } = parts;
    const { loaded, config, keys } = files;
    const [own] = config.channels;
    const { terms, agreement } = loaded;
    this.#parts = parts;
    this.store = store;
    this.#secrets = secrets;
    this.#watch = new LedgerWatch(ledger, last, {
      event: (event) => this.#queue(event),
      fault: (error) => ports.listener({ event: 'warning', code: 'LEDGER_FAULT', message: messageOf(error) }),
    });
    const facts = { agreement, channel: toBase64Url(terms.channelId), store, pki: config.pki };
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
    const opened = new ReceiverStore(own.store, toBase64Url(files.loaded.terms.channelId), files.keys.store);
    try {
      opened.requireInUse();
      const store = watchedStore(ports.adapters.receiverStore?.(opened) ?? opened, parts.fault);
      const ledger = await parts.openLedger(store.fact(POSITION) !== undefined);
      const last = positionOf(store)?.last ?? (await ledger.lastBlock());
      const secrets = await startReceiverSecrets(files.config, files.loaded, store);
      if (store.fact(POSITION) === undefined) keepPosition(store, 0, last);
      return new ReceiverSession(parts, store, secrets, ledger, last);
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  start(connection: ModuleConnection): void {
    this.#parts.ports.trace({ kind: 'started', module: 'receiver' });
    this.#watch.follow(positionOf(this.store)?.next ?? 0);
    this.channel.start(connection);
    this.#actions.wake();
  }

  /** Ends; also after a fault. Never rejects. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#secrets.close();
    await this.channel.stop();
    await this.#actions.stop();
    await this.#watch.stop();
    await this.#events;
    try {
      this.store.close();
    } catch {
      // After a fault of the disk there is nothing left that closing could save.
    }
  }

  /** One after the other, and each is taken before the position goes on: a crash in between shows it again. */
  #queue(event: LedgerEvent): void {
    this.#events = this.#events
      .then(async () => {
        if (this.#isStopped) return;
        await this.channel.ledgerEvent(event);
        keepPosition(this.store, event.block.number, event.block);
      })
      .catch((error: unknown) => {
        if (!this.#isStopped) this.#parts.ports.listener({ event: 'warning', code: 'LEDGER_FAULT', message: messageOf(error) });
      });
  }
}

interface Position {
  readonly next: number;
  readonly last: BlockInfo;
}

function positionOf(store: ReceiverStore): Position | undefined {
  const fact = store.fact(POSITION);
  return fact === undefined ? undefined : (JSON.parse(fact) as Position);
}

function keepPosition(store: ReceiverStore, next: number, last: BlockInfo): void {
  store.setFact(POSITION, JSON.stringify({ next, last } satisfies Position));
}
