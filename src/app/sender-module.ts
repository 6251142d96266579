import { PlcSubscription } from '../client/index.ts';
import { type Argon2, type Clock, fromBase64Url, intervalAt, type Json, parseEnvelope, type Random, RejectedError, toBase64Url, UnavailableError } from '../core/index.ts';
import type { Ledger } from '../ledger/index.ts';
import { systemArgon2, systemClock, systemRandom } from '../platform/index.ts';
import type { ClearedServer, IngestServer } from '../server/index.ts';
import { SenderStore, type StoredBatch } from '../store/index.ts';
import { EpochRecords, EpochSecrets, firstProgress, pause } from '../transfer/index.ts';
import { type LoadedAgreement, loadAgreement } from './agreement-file.ts';
import { type ConfigErrorCode, type OwnerConfig, readOwnerConfig } from './config.ts';
import type { ModuleListener } from './events.ts';
import { LedgerWatch, openChannelOnLedger, openLedger, registerOwnKey, requireSameLedger } from './ledger-access.ts';
import { linkEvent, linkOptions, trustListOf } from './link-access.ts';
import { moduleDigest } from './module-digest.ts';
import { eraseExchangeKey, firstEpochKey, loadKeys, type ModuleKeys, requireAgreedPolicy } from './module-keys.ts';
import { loadIdentity } from './plant-identities.ts';
import { type LoadedPolicy, loadPolicy } from './policy-source.ts';
import { messageOf, SenderChannel } from './sender-channel.ts';
import { SenderDuties } from './sender-duties.ts';
import { clearedHooks, showBatch, startCleared, startIngest } from './sender-servers.ts';

export interface ModuleOptions {
  /** Told of everything that happens. */
  readonly onEvent?: ModuleListener;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly argon2?: Argon2;
}

const DEFAULT_TAG_DEPTH = 13;
const DEFAULT_FIRST_START_WAIT_MS = 15_000;
const DUTY_EVERY_MS = 500;
/** How long `stop` waits for anchors and receipts of what is sealed. */
const SETTLE_MS = 15_000;

/** Everything of a sender that is loaded from files before anything is started. */
interface SenderFiles {
  readonly config: OwnerConfig;
  readonly loaded: LoadedAgreement;
  readonly policy: LoadedPolicy;
  readonly keys: ModuleKeys;
  readonly digest: Uint8Array;
}

/**
 * The owner's module: takes raw values, clears them by the agreed mapping policy, shows the manufacturer the conditions
 * and nothing else, and anchors evidence of each interval.
 */
export class SenderModule {
  readonly #files: SenderFiles;
  readonly #store: SenderStore;
  readonly #ledger: Ledger;
  readonly #watch: LedgerWatch;
  readonly #clock: Clock;
  readonly #listener: ModuleListener;
  readonly #stopped = new AbortController();
  #channel: SenderChannel | undefined;
  #epochRecords: EpochRecords | undefined;
  #duties: SenderDuties | undefined;
  #ingest: IngestServer | undefined;
  #cleared: ClearedServer | undefined;
  #plc: PlcSubscription | undefined;
  #dutyLoop: Promise<void> = Promise.resolve();

  private constructor(files: SenderFiles, store: SenderStore, ledger: Ledger, watch: LedgerWatch, clock: Clock, listener: ModuleListener) {
    this.#files = files;
    this.#store = store;
    this.#ledger = ledger;
    this.#watch = watch;
    this.#clock = clock;
    this.#listener = listener;
  }

  /**
   * Starts a module from its configuration (or the path of it) and resolves once its servers can be reached. Clearing
   * begins by itself as soon as the channel is open on the ledger; `running` is then told.
   * @throws RejectedError, UnavailableError in one sentence with what to mend
   */
  static async start(config: OwnerConfig | string, options: ModuleOptions = {}): Promise<SenderModule> {
    const { clock = systemClock, random = systemRandom, argon2 = systemArgon2, onEvent = () => undefined } = options;
    const files = await loadFiles(typeof config === 'string' ? readOwnerConfig(config) : config);
    const ledger = await openLedger(files.config.ledger, { organisation: files.config.organisation, signer: files.keys.ledger, clock, random });
    const store = new SenderStore(files.config.channels[0].store, toBase64Url(files.loaded.terms.channelId));
    const watch = await LedgerWatch.start(ledger, (await ledger.lastBlock()).number, () => undefined, (error) => onEvent(ledgerFault(error)));
    const module = new SenderModule(files, store, ledger, watch, clock, onEvent);
    try {
      const secrets = await module.#secrets();
      await module.#startServers();
      module.#dutyLoop = module.#run(secrets, argon2, random);
    } catch (error) {
      await module.#close();
      throw error;
    }
    return module;
  }

  get endpoints(): { readonly ingest: string; readonly cleared: string } {
    return { ingest: this.#ingest?.endpointUrl ?? '', cleared: this.#cleared?.endpointUrl ?? '' };
  }

  /** Batches by how far they have come, over the whole life of the channel. */
  counts(): { sealed: number; anchored: number; receipted: number } {
    return this.#store.counts();
  }

  /**
   * Stops taking values, seals the open interval at its grid point, waits a while for anchors and receipts, and ends.
   * @param settleMs how long to wait for them, ms
   */
  async stop(settleMs: number = SETTLE_MS): Promise<void> {
    this.#ingest?.publishModuleState('Stopping');
    await this.#plc?.stop();
    const channel = this.#channel;
    if (channel !== undefined) {
      await channel.finish();
      await this.#settle(settleMs);
      await channel.stop();
    }
    const counts = this.counts();
    await this.#close();
    this.#listener({ event: 'stopped', ...counts });
  }

  async #startServers(): Promise<void> {
    const { config, loaded, policy } = this.#files;
    const facts = { agreement: loaded.agreement, terms: loaded.terms, policy: policy.policy };
    const [own] = config.channels;
    const hooks = clearedHooks(
      () => this.#channel,
      () => this.#epochRecords,
      (envelope) => this.#countersigned(envelope),
    );
    const started = await Promise.allSettled([
      startIngest(config, facts, this.#clock, {
        accept: (reading) => this.#running().accept(reading),
        refused: (tag) => this.#channel?.refuse(tag),
        anchor: async () => ({ batchId: this.#running().requestCall() }),
      }),
      startCleared(own.cleared, { pki: config.pki, application: 'cleared', channel: own.name }, facts, this.#clock, hooks, this.#listener),
    ]);
    if (started[0].status === 'fulfilled') this.#ingest = started[0].value;
    if (started[1].status === 'fulfilled') this.#cleared = started[1].value;
    for (const each of started) if (each.status === 'rejected') throw each.reason;
    this.#listener({ event: 'started', endpoints: this.endpoints });
  }

  /** Oldest epoch key: from the store, or at the very first start from the exchange keys. */
  async #secrets(): Promise<EpochSecrets> {
    const { config, loaded } = this.#files;
    const progress = this.#store.progress();
    if (progress !== undefined) return new EpochSecrets(loaded.terms, fromBase64Url(progress.epochKey), progress.epoch);
    return new EpochSecrets(loaded.terms, await firstEpochKey(config.keys, loaded, 'owner'), 0);
  }

  /** The first start fixes where the channel begins; later ones go on from the store. */
  #begin(secrets: EpochSecrets, random: Random): void {
    if (this.#store.progress() !== undefined) return;
    const { config, loaded, policy } = this.#files;
    const { terms } = loaded;
    const interval = Math.max(0, intervalAt(terms.params, this.#clock.now()) + 1);
    const ratchet = SenderDuties.firstRatchet(terms, this.#store, random, interval);
    this.#store.begin(firstProgress(terms, interval, ratchet, secrets.oldest.bytes, policy.policy.tags.length));
    eraseExchangeKey(config.keys);
  }

  async #run(secrets: EpochSecrets, argon2: Argon2, random: Random): Promise<void> {
    const { signal } = this.#stopped;
    const { keys, loaded, digest } = this.#files;
    try {
      await registerOwnKey(this.#ledger, keys.evidence, digest, signal);
      await this.#openChannel();
      const records = new EpochRecords(loaded.terms, secrets, this.#store, keys.evidence, this.#clock);
      this.#epochRecords = records;
      this.#duties = new SenderDuties(loaded.terms, this.#store, this.#ledger, keys.evidence);
      await this.#firstCountersignature(records);
      if (signal.aborted) return;
      this.#begin(secrets, random);
      const channel = this.#makeChannel(secrets, records, argon2);
      channel.start();
      this.#channel = channel;
      this.#ingest?.publishModuleState('Running');
      this.#startPlc();
      const { interval } = channel.open;
      this.#listener({ event: 'running', channel: toBase64Url(loaded.terms.channelId), interval, nextGridMs: channel.nextGridMs });
      while (!signal.aborted) {
        await this.#doDuties();
        await pause(DUTY_EVERY_MS, signal);
      }
    } catch (error) {
      if (!signal.aborted) this.#listener({ event: 'warning', code: 'SENDER_FAILED', message: messageOf(error) });
    }
  }

  async #openChannel(): Promise<void> {
    const { loaded } = this.#files;
    const { signal } = this.#stopped;
    const id = toBase64Url(loaded.terms.channelId);
    let told = false;
    while (!signal.aborted && !(await openChannelOnLedger(this.#ledger, loaded.agreement, id, parseEnvelope(loaded.file.channel), signal))) {
      if (!told) this.#listener({ event: 'waiting', for: 'the manufacturer to log its key on the ledger' });
      told = true;
      await pause(DUTY_EVERY_MS, signal);
    }
  }

  #makeChannel(secrets: EpochSecrets, epochRecords: EpochRecords, argon2: Argon2): SenderChannel {
    const { loaded, policy, config, keys } = this.#files;
    const [own] = config.channels;
    return new SenderChannel(
      {
        agreement: loaded.agreement,
        terms: loaded.terms,
        policy: policy.policy,
        tagDepth: own.tagDepth ?? DEFAULT_TAG_DEPTH,
        store: this.#store,
        secrets,
        epochRecords,
        ledger: this.#ledger,
        evidenceKey: keys.evidence,
        argon2,
        clock: this.#clock,
        lastBlock: () => this.#watch.lastBlock,
        listener: this.#listener,
      },
      { publish: (publications) => this.#cleared?.publish(publications), batchState: (batch, gridMs) => this.#show(batch, gridMs) },
    );
  }

  #show(batch: StoredBatch, gridMs: number): void {
    if (this.#ingest !== undefined && this.#cleared !== undefined) showBatch(this.#ingest, this.#cleared, this.#files.config.channels[0].name, batch, gridMs);
  }

  /** A channel's first epoch has a token set only if the manufacturer signs before it begins: wait for that a little. */
  async #firstCountersignature(records: EpochRecords): Promise<void> {
    const { signal } = this.#stopped;
    const until = this.#clock.now() + (this.#files.config.channels[0].firstStartWaitMs ?? DEFAULT_FIRST_START_WAIT_MS);
    await records.plan();
    if (this.#store.progress() !== undefined) return;
    this.#listener({ event: 'waiting', for: "the manufacturer's signature under the first token sets" });
    while (!signal.aborted && this.#clock.now() < until && this.#store.epochRecord(0)?.committed !== true) {
      await this.#commitEpochRecord(records);
      await pause(50, signal);
    }
  }

  async #doDuties(): Promise<void> {
    const { signal } = this.#stopped;
    try {
      await this.#duties?.commitSeeds(this.#clock.now(), signal);
    } catch (error) {
      if (!signal.aborted) this.#listener(ledgerFault(error));
    }
    if (this.#epochRecords !== undefined) await this.#commitEpochRecord(this.#epochRecords);
  }

  async #commitEpochRecord(records: EpochRecords): Promise<void> {
    const { signal } = this.#stopped;
    try {
      const k = await this.#duties?.commitEpochRecord(records, signal);
      if (k !== undefined) this.#listener({ event: 'epoch-record', k, step: 'committed' });
    } catch (error) {
      if (!signal.aborted) this.#listener(ledgerFault(error));
    }
  }

  #countersigned(envelope: Json): void {
    if (this.#epochRecords === undefined) throw notRunning();
    const k = this.#epochRecords.countersigned(parseEnvelope(envelope));
    this.#listener({ event: 'epoch-record', k, step: 'countersigned' });
  }

  #startPlc(): void {
    const { config } = this.#files;
    const { plc } = config.ingest;
    if (plc === undefined) return;
    const link = linkOptions(plc.endpointUrl, loadIdentity(config.pki, 'ingest'), trustListOf(config.pki, 'ingest'), plc.user);
    const samplingMs = plc.samplingMs === undefined ? {} : { samplingMs: plc.samplingMs };
    const tags = Object.entries(plc.nodes).map(([tag, nodeId]) => ({ tag, nodeId, ...samplingMs }));
    this.#plc = new PlcSubscription({ ...link, tags }, {
      reading: ({ tag, ...offered }) => void this.#ingest?.feed(tag, offered),
      gap: ({ fromMs, toMs }) => this.#listener({ event: 'warning', code: 'PLC_GAP', message: `Readings of the PLC may be missing for ${toMs - fromMs} ms.` }),
      refused: (tag) => this.#channel?.refuse(tag),
      state: (state) => this.#listener(linkEvent('the PLC', state)),
    });
    void this.#plc.startPatiently();
  }

  async #settle(withinMs: number): Promise<void> {
    const until = this.#clock.now() + withinMs;
    const settled = (): boolean => {
      const { sealed, anchored, receipted } = this.counts();
      return anchored >= sealed && receipted >= sealed;
    };
    while (!settled() && this.#clock.now() < until) await pause(50, this.#stopped.signal);
  }

  #running(): SenderChannel {
    if (this.#channel === undefined) throw notRunning();
    return this.#channel;
  }

  async #close(): Promise<void> {
    this.#stopped.abort();
    await this.#dutyLoop;
    await Promise.allSettled([this.#ingest?.stop(), this.#cleared?.stop()]);
    await this.#watch.stop();
    await this.#ledger.close();
    this.#store.close();
  }
}

async function loadFiles(config: OwnerConfig): Promise<SenderFiles> {
  const [own] = config.channels;
  const loaded = loadAgreement(own.agreement);
  requireSameLedger(loaded.agreement, config.ledger, own.agreement);
  const keys = await loadKeys(config.keys, loaded.agreement.owner);
  const policy = await loadPolicy(own.policy);
  requireAgreedPolicy(loaded.agreement, own.policy, policy.text, own.policyNonce);
  const digest = moduleDigest();
  if (toBase64Url(digest) !== loaded.agreement.module) {
    throw new RejectedError<ConfigErrorCode>(
      'BAD_CONFIG',
      `This module's code has the digest ${toBase64Url(digest)}, but ${own.agreement} was made for ${loaded.agreement.module}. Run the agreed version, or make a new agreement.`,
    );
  }
  return { config, loaded, policy, keys, digest };
}

function ledgerFault(error: unknown): { event: 'warning'; code: string; message: string } {
  return { event: 'warning', code: 'LEDGER_FAULT', message: messageOf(error) };
}

function notRunning(): UnavailableError {
  return new UnavailableError('NOT_RUNNING', 'The module does not collect yet. Try again in a few seconds.');
}
