import { ModuleConnection } from '../client/index.ts';
import { type Clock, type Json, parseEnvelope, toBase64Url } from '../core/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { ClearedServer } from '../server/index.ts';
import { ReceiverStore } from '../store/index.ts';
import { type EpochSecrets, pause, type ReceivedCondition } from '../transfer/index.ts';
import { type LoadedAgreement, loadAgreement, requireInForce } from './agreement-file.ts';
import { type ManufacturerConfig, readManufacturerConfig } from './config.ts';
import type { ModuleListener } from './events.ts';
import { LedgerWatch, openChannelOnLedger, openLedger, registerOwnKey, requireSameLedger } from './ledger-access.ts';
import { linkEvent, linkOptions, trustListOf } from './link-access.ts';
import { moduleDigest } from './module-digest.ts';
import { loadKeys, type ModuleKeys } from './module-keys.ts';
import { type ModuleOptions, portsOf } from './module-options.ts';
import { loadIdentity } from './plant-identities.ts';
import { ReceiverActions, requireAgreedConditions } from './receiver-actions.ts';
import { ReceiverChannel } from './receiver-channel.ts';
import { keepWindow, startReceiverSecrets } from './receiver-secrets.ts';
import { messageOf } from './message-of.ts';

import { type MethodHooks, startCleared } from './sender-servers.ts';

const RETRY_MS = 500;
const NEXT_BLOCK = 'next-block';

/** Everything of a receiver that is loaded before anything is started. */
interface ReceiverFiles {
  readonly config: ManufacturerConfig;
  readonly loaded: LoadedAgreement;
  readonly keys: ModuleKeys;
}

/**
 * The manufacturer's module: fetches and verifies each batch, stores it, countersigns, acts, and shows the conditions to
 * the manufacturer's own OPC UA applications. While the owner's module can't be reached it still reads the conditions
 * from the ledger's events.
 */
export class ReceiverModule {
  readonly #files: ReceiverFiles;
  readonly #store: ReceiverStore;
  readonly #secrets: EpochSecrets;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #listener: ModuleListener;
  readonly #stopped = new AbortController();
  readonly #actions: ReceiverActions;
  readonly #channel: ReceiverChannel;
  readonly #connection: ModuleConnection;
  #watch: LedgerWatch | undefined;
  #server: ClearedServer | undefined;
  #stopping: Promise<void> | undefined;
  #registering: Promise<void> = Promise.resolve();

  private constructor(files: ReceiverFiles, store: ReceiverStore, secrets: EpochSecrets, ledger: Ledger, options: ModuleOptions) {
    const { loaded, config } = files;
    const { clock, argon2, listener } = portsOf(options);
    const [own] = config.channels;
    const id = toBase64Url(loaded.terms.channelId);
    this.#files = files;
    this.#store = store;
    this.#secrets = secrets;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#listener = listener;
    this.#actions = new ReceiverActions(own.actions ?? [], { agreement: loaded.agreement, channel: id, store, pki: config.pki }, listener);
    this.#channel = new ReceiverChannel({
      agreement: loaded.agreement,
      terms: loaded.terms,
      secrets,
      store,
      receiptKey: files.keys.evidence,
      argon2,
      clock,
      actions: this.#actions,
      listener,
      lastBlock: () => this.#lastBlock(),
      anchoredHeader: (n) => this.#anchoredHeader(n),
      blockHash: async (number) => (await this.#ledger.blockInfo(number))?.hash,
      show: (condition, via, transaction) => this.#show(condition, via, transaction),
      anchored: (n, txId) => this.#server?.batchState(n, { ledgerState: 'Anchored', deliveryState: 'Receipted', txId }),
    });
    this.#connection = this.#connectionTo(own.sender.endpointUrl);
  }

  /**
   * Starts a module from its configuration (or the path of it) and resolves once its own server, if it has one, can be
   * reached. The owner's module may come later.
   * @throws RejectedError, UnavailableError in one sentence with what to mend
   */
  static async start(config: ManufacturerConfig | string, options: ModuleOptions = {}): Promise<ReceiverModule> {
    const { clock, random } = portsOf(options);
    const files = await loadFiles(typeof config === 'string' ? readManufacturerConfig(config) : config, clock.now());
    const ledger = await openLedger(files.config.ledger, {
      organisation: files.config.organisation,
      signer: files.keys.ledger,
      clock,
      random,
    });
    const store = new ReceiverStore(files.config.channels[0].store, toBase64Url(files.loaded.terms.channelId), files.keys.store);
    try {
      const secrets = await startReceiverSecrets(files.config, files.loaded, store);
      const module = new ReceiverModule(files, store, secrets, ledger, options);
      await module.#start();
      return module;
    } catch (error) {
      store.close();
      await ledger.close();
      throw error;
    }
  }

  /** Never resolves so far: everything that a receiver lacks may come back. */
  readonly failed: Promise<unknown> = new Promise(() => undefined);

  /** The server for the manufacturer's own applications; empty where none is configured. */
  get endpoint(): string {
    return this.#server?.endpointUrl ?? '';
  }

  counts(): { received: number; acknowledged: number; findings: number } {
    return this.#store.counts();
  }

  /** Ends in good order. A second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopOnce();
    return this.#stopping;
  }

  async #stopOnce(): Promise<void> {
    this.#stopped.abort();
    await this.#registering;
    this.#secrets.close();
    await this.#channel.stop();
    await this.#actions.stop();
    await this.#connection.close();
    await this.#server?.stop();
    await this.#watch?.stop();
    await this.#ledger.close();
    this.#store.close();
  }

  async #start(): Promise<void> {
    const { config, loaded } = this.#files;
    const [own] = config.channels;
    if (own.applications !== undefined) {
      const place = {
        pki: config.pki,
        application: 'applications' as const,
        channel: own.name,
        clock: this.#clock,
        listener: this.#listener,
      };
      this.#server = await startCleared(own.applications, place, loaded, noMethods());
    }
    this.#watch = await LedgerWatch.start(
      this.#ledger,
      Number(this.#store.fact(NEXT_BLOCK) ?? 0),
      (event) => {
        this.#channel.ledgerEvent(event);
        this.#store.setFact(NEXT_BLOCK, String(event.block.number));
      },
      (error) => this.#listener({ event: 'warning', code: 'LEDGER_FAULT', message: messageOf(error) }),
    );
    this.#registering = this.#register();
    this.#channel.start(this.#connection);
    this.#actions.wake();
    void this.#connection.connectPatiently();
    this.#listener({ event: 'started', endpoints: { receiver: this.endpoint } });
  }

  /** Logs the own key and opens the channel, as soon as the ledger lets it. */
  async #register(): Promise<void> {
    const { loaded, keys } = this.#files;
    const { signal } = this.#stopped;
    const id = toBase64Url(loaded.terms.channelId);
    try {
      await registerOwnKey(this.#ledger, keys.evidence, moduleDigest(), signal);
      while (
        !signal.aborted &&
        !(await openChannelOnLedger(this.#ledger, loaded.agreement, id, parseEnvelope(loaded.file.channel), signal))
      ) {
        await pause(RETRY_MS, signal);
      }
    } catch (error) {
      if (!signal.aborted) this.#listener({ event: 'warning', code: 'LEDGER_FAULT', message: messageOf(error) });
    }
  }

  #connectionTo(endpointUrl: string): ModuleConnection {
    const { config, loaded } = this.#files;
    const [own] = config.channels;
    const link = linkOptions(
      endpointUrl,
      loadIdentity(config.pki, 'receiver'),
      trustListOf(config.pki, 'receiver', this.#listener),
      own.sender.user,
    );
    const streams = loaded.agreement.streams.map(({ name }) => name);
    return new ModuleConnection(
      { ...link, channel: own.name, streams },
      {
        batch: (n) => this.#channel.noticed(n),
        state: (state) => {
          this.#listener(linkEvent("the owner's cleared server", state));
          if (state.state === 'connected') this.#channel.noticed(-1);
          if (state.state === 'disconnected') this.#channel.linkLost();
        },
      },
    );
  }

  #show({ n, toMs, codes }: ReceivedCondition, via: 'delivery' | 'ledger', txId: string): void {
    const { params } = this.#files.loaded.terms;
    const stored = this.#store.last();
    if (stored !== undefined) keepWindow(this.#files.loaded.terms, this.#secrets, this.#store, stored.interval);
    this.#server?.publish(
      codes.map((code, stream) => ({
        stream,
        code,
        gridMs: toMs,
        nextMs: toMs + params.intervalMs + params.publishDelayMs,
        batch: n,
        publishAtMs: this.#clock.now(),
      })),
    );
    this.#server?.batchState(n, {
      ledgerState: txId === '' ? 'Sealed' : 'Anchored',
      deliveryState: via === 'delivery' ? 'Receipted' : 'Waiting',
      txId,
    });
  }

  #lastBlock(): LedgerWatch['lastBlock'] {
    if (this.#watch === undefined) throw new RangeError('The ledger is not followed yet.');
    return this.#watch.lastBlock;
  }

  async #anchoredHeader(n: number): Promise<string | undefined> {
    const channel = toBase64Url(this.#files.loaded.terms.channelId);
    const batch = await this.#ledger.query('batch', { channel, n });
    return (batch as { header?: string } | undefined)?.header;
  }
}

async function loadFiles(config: ManufacturerConfig, nowMs: number): Promise<ReceiverFiles> {
  const [own] = config.channels;
  const loaded = loadAgreement(own.agreement);
  requireSameLedger(loaded.agreement, config.ledger, own.agreement);
  requireInForce(loaded, own.agreement, nowMs);
  requireAgreedConditions(own, loaded.agreement);
  return { config, loaded, keys: await loadKeys(config.keys, loaded.agreement.manufacturer) };
}

/** The applications' server offers none of the methods that serve a receiver. */
function noMethods(): MethodHooks {
  const nothing = (): Promise<Json | undefined> => Promise.resolve(undefined);
  return {
    fetchDelivery: nothing,
    getEvidence: nothing,
    epochProposal: nothing,
    acknowledge: () => Promise.resolve(),
    countersigned: () => Promise.resolve(),
  };
}
