import { ModuleConnection } from '../client/index.ts';
import { type Json, parseEnvelope, toBase64Url, UnavailableError } from '../core/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { ClearedServer } from '../server/index.ts';
import { pause } from '../transfer/index.ts';
import { loadAgreement, requireInForce } from './agreement-file.ts';
import { closeAllAndLedger } from './close-all.ts';
import { type ManufacturerConfig, readManufacturerConfig } from './config.ts';
import { openChannelOnLedger, openLedger, openLedgerPatiently, registerOwnKey, requireSameLedger } from './ledger-access.ts';
import { linkOptions, linkTeller, trustListOf } from './link-access.ts';
import { messageOf } from './message-of.ts';
import { moduleDigest } from './module-digest.ts';
import { loadKeys } from './module-keys.ts';
import type { ReceiverStatus } from './module-status.ts';
import { type ModuleOptions, type ModulePorts, portsOf } from './module-options.ts';
import { OwnIdentity } from './own-identity.ts';
import { requireAgreedConditions } from './receiver-actions.ts';
import { HistoryDesk } from './history-desk.ts';
import { ReceiverOperator } from './receiver-operator.ts';
import { type ReceiverFiles, ReceiverSession } from './receiver-session.ts';
import { type MethodHooks, startCleared } from './sender-servers.ts';
import { isPassingStoreFault } from './store-watch.ts';

const RETRY_MS = 500;
const REOPEN_EVERY_MS = 1000;
/** The next session takes a renewed certificate by itself; this is for who has to be told. */
const IDENTITY_WATCH_MS = 10_000;
const NOTHING = { received: 0, acknowledged: 0, findings: 0 };

/**
 * The manufacturer's module: fetches and verifies each batch, stores it, countersigns, acts, and shows the conditions to
 * the manufacturer's own OPC UA applications. While the owner's module can't be reached it still reads the conditions
 * from the ledger's events; while the ledger can't be, it goes on with deliveries alone.
 */
export class ReceiverModule {
  readonly #files: ReceiverFiles;
  readonly #operator: ReceiverOperator;
  readonly #ports: ModulePorts;
  readonly #stopped = new AbortController();
  readonly #connection: ModuleConnection;
  #ledger: Ledger | undefined;
  #session: ReceiverSession | undefined;
  #server: ClearedServer | undefined;
  #counts = NOTHING;
  #stopping: Promise<void> | undefined;
  #working: Promise<unknown> = Promise.resolve();
  #fail: (error: unknown) => void = () => undefined;
  #fault: (error: unknown) => void = () => undefined;

  /** Resolves with the fault where the module can't go on. What comes back by itself is waited for instead. */
  readonly failed: Promise<unknown> = new Promise((resolve) => (this.#fail = resolve));

  private constructor(files: ReceiverFiles, operator: ReceiverOperator) {
    this.#files = files;
    this.#operator = operator;
    this.#ports = operator.ports;
    this.#connection = this.#connectionTo(files.config.channels[0].sender.endpointUrl);
  }

  /**
   * Starts a module from its configuration (or the path of it) and resolves once its own server, if it has one, can be
   * reached. The owner's module may come later; so may the ledger, but at the very first start.
   * @throws RejectedError, UnavailableError in one sentence with what to mend
   */
  static async start(config: ManufacturerConfig | string, options: ModuleOptions = {}): Promise<ReceiverModule> {
    const given = portsOf(options);
    const files = await loadFiles(typeof config === 'string' ? readManufacturerConfig(config) : config, given.clock.now());
    const operator = await ReceiverOperator.start(files.config, given);
    let module: ReceiverModule;
    try {
      module = new ReceiverModule(files, operator);
    } catch (error) {
      await operator.stop();
      throw error;
    }
    try {
      module.#session = await module.#open();
      await module.#start();
      return module;
    } catch (error) {
      await module.#close();
      throw error;
    }
  }

  /** The server for the manufacturer's own applications; empty where none is configured. */
  get endpoint(): string {
    return this.#server?.endpointUrl ?? '';
  }

  /** How the module is doing now, for its operators. */
  status(): ReceiverStatus {
    return this.#operator.status();
  }

  /** Over the whole life of the channel. While the store is away, as of the last look. */
  counts(): { received: number; acknowledged: number; findings: number } {
    try {
      this.#counts = this.#session?.store.counts() ?? this.#counts;
    } catch {
      // Whoever looks at figures must not find out that a disk has failed by an error.
    }
    return this.#counts;
  }

  /** Ends in good order. A second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#close();
    return this.#stopping;
  }

  async #close(): Promise<void> {
    this.#operator.stopping();
    this.#stopped.abort();
    this.counts();
    const stopSession = (): Promise<void> | undefined => this.#session?.stop();
    await closeAllAndLedger(
      () => this.#ledger?.close(),
      stopSession,
      () => this.#working,
      // One that was opened anew meanwhile.
      stopSession,
      () => this.#connection.close(),
      () => this.#server?.stop(),
      () => this.#operator.stop(),
    );
    this.#session = undefined;
  }

  async #start(): Promise<void> {
    const { config, loaded } = this.#files;
    const [own] = config.channels;
    const { clock, listener } = this.#ports;
    if (own.applications !== undefined) {
      const place = {
        pki: config.pki,
        crl: config.crl,
        application: 'applications' as const,
        channel: own.name,
        machine: config.machine,
        clock,
        listener,
      };
      this.#server = await startCleared(own.applications, place, loaded, this.#applicationHooks());
    }
    this.#working = Promise.all([this.#register(), this.#supervise()]);
    void this.#connection.connectPatiently();
    listener({ event: 'started', endpoints: { receiver: this.endpoint, ...this.#operator.endpoints } });
  }

  /** One session after the other: a store that fails and comes back is read again. */
  async #supervise(): Promise<void> {
    const { signal } = this.#stopped;
    const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    while (!signal.aborted) {
      const fault = new Promise<{ error: unknown }>((resolve) => (this.#fault = (error) => resolve({ error })));
      try {
        this.#session ??= await this.#open();
        this.#session.start(this.#connection);
        this.#watchSession(this.#session);
        const met = await Promise.race([fault, ended]);
        if (met === undefined) return;
        throw met.error;
      } catch (error) {
        if (!isPassingStoreFault(error)) return await this.#end(error);
        await this.#faulted(error);
      }
    }
  }

  /** The disk may come back: until then nothing is fetched, and so nothing is lost. */
  async #faulted(error: unknown): Promise<void> {
    const { listener } = this.#ports;
    const session = this.#session;
    this.#session = undefined;
    this.#operator.faulted();
    if (session !== undefined)
      listener({
        event: 'warning',
        code: error instanceof UnavailableError ? (error as UnavailableError<string>).code : 'STORE_FAILED',
        message: messageOf(error),
      });
    await session?.stop();
    await pause(REOPEN_EVERY_MS, this.#stopped.signal);
  }

  #watchSession(session: ReceiverSession): void {
    this.#operator.running({ store: session.store, lastBlockMs: () => session.lastBlockMs });
  }

  async #end(error: unknown): Promise<void> {
    this.counts();
    await this.#session?.stop();
    this.#session = undefined;
    this.#operator.failed(error);
    this.#fail(error);
  }

  #open(): Promise<ReceiverSession> {
    return ReceiverSession.open({
      files: this.#files,
      ports: this.#ports,
      openLedger: (isKnown) => this.#openLedger(isKnown),
      server: () => this.#server,
      fault: (error) => this.#fault(error),
    });
  }

  async #openLedger(isKnown: boolean): Promise<Ledger> {
    if (this.#ledger !== undefined) return this.#ledger;
    const { config, keys } = this.#files;
    const { clock, random, adapters } = this.#ports;
    const identity = { organisation: config.organisation, signer: keys.ledger, clock, random };
    const ledger = await (isKnown ? openLedgerPatiently : openLedger)(config.ledger, identity);
    this.#ledger = adapters.ledger?.(ledger) ?? ledger;
    return this.#ledger;
  }

  /** Logs the own key and opens the channel, as soon as the ledger is there and lets it. */
  async #register(): Promise<void> {
    const { signal } = this.#stopped;
    let told = '';
    while (!signal.aborted) {
      try {
        if (await this.#registered()) return;
      } catch (error) {
        if (signal.aborted) return;
        if (told !== messageOf(error)) this.#ports.listener({ event: 'warning', code: 'LEDGER_FAULT', message: messageOf(error) });
        told = messageOf(error);
      }
      await pause(RETRY_MS, signal);
    }
  }

  async #registered(): Promise<boolean> {
    const { loaded, keys } = this.#files;
    const { signal } = this.#stopped;
    const ledger = this.#ledger;
    if (ledger === undefined) return false;
    await registerOwnKey(ledger, keys.evidence, moduleDigest(), signal);
    return openChannelOnLedger(ledger, loaded.agreement, toBase64Url(loaded.terms.channelId), parseEnvelope(loaded.file.channel), signal);
  }

  /** The applications' server offers none of the methods that serve a receiver. */
  #applicationHooks(): MethodHooks {
    const history = new HistoryDesk(() => presentSession(this.#session).channel.history);
    const nothing = (): Promise<Json | undefined> => Promise.resolve(undefined);
    return {
      history: (query) => history.read(query),
      fetchDelivery: nothing,
      getEvidence: nothing,
      epochProposal: nothing,
      acknowledge: () => Promise.resolve(),
      countersigned: () => Promise.resolve(),
    };
  }

  #connectionTo(endpointUrl: string): ModuleConnection {
    const { config, loaded } = this.#files;
    const { clock, listener } = this.#ports;
    const [own] = config.channels;
    const identity = new OwnIdentity({ pki: config.pki, application: 'receiver', dialled: [], clock, listener });
    const unwatch = identity.watch(IDENTITY_WATCH_MS, () => undefined);
    this.#stopped.signal.addEventListener('abort', unwatch, { once: true });
    const link = linkOptions(endpointUrl, () => identity.current, trustListOf(config, 'receiver', listener), own.sender.user);
    const tell = linkTeller("the owner's cleared server", listener);
    const streams = loaded.agreement.streams.map(({ name }) => name);
    return new ModuleConnection(
      { ...link, channel: own.name, streams },
      {
        batch: (n) => this.#session?.channel.noticed(n),
        condition: (condition) => this.#session?.channel.shown(condition),
        state: (state) => {
          tell(state);
          if (state.state === 'connected') this.#session?.channel.noticed(-1);
          if (state.state === 'disconnected') this.#session?.channel.linkLost();
        },
      },
    );
  }
}

async function loadFiles(config: ManufacturerConfig, nowMs: number): Promise<ReceiverFiles> {
  const [own] = config.channels;
  const loaded = loadAgreement(own.agreement);
  requireSameLedger(loaded.agreement, config.ledger, own.agreement);
  requireInForce(loaded, own.agreement, nowMs);
  requireAgreedConditions(own, loaded.agreement);
  return { config, loaded, keys: await loadKeys(config, loaded.agreement.manufacturer) };
}

function presentSession(session: ReceiverSession | undefined): ReceiverSession {
  if (session === undefined) throw new UnavailableError('NOT_RUNNING', 'The store is being opened. Try again in a few seconds.');
  return session;
}
