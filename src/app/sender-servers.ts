import { hostname } from 'node:os';
import type { Agreement } from '../agreement/index.ts';
import { type Clock, parseEnvelope, toBase64Url, UnavailableError } from '../core/index.ts';
import {
  type ClearedServer,
  type ClearedServerHooks,
  type IngestChannel,
  type IngestHooks,
  type IngestServer,
  startClearedServer,
  startIngestServer,
} from '../server/index.ts';
import type { StoredBatch } from '../store/index.ts';
import type { ChannelTerms } from '../transfer/index.ts';
import { alarmLimits } from './alarm-limits.ts';
import { type ClearedViewConfig, type MachineConfig, machineShown, viewOf } from './cleared-view.ts';
import type { EndpointConfig, OwnerConfig } from './config.ts';
import type { ModuleListener } from './events.ts';
import { HistoryDesk } from './history-desk.ts';
import { ingestTags } from './ingest-tags.ts';
import { dialledNames } from './dialled-names.ts';
import { trustListOf, userEntries } from './link-access.ts';
import { OwnIdentity } from './own-identity.ts';
import type { ModulePorts } from './module-options.ts';
import { clearedTeller, refusalTeller } from './server-audit.ts';
import type { OwnerFiles, SenderFiles } from './sender-files.ts';
import type { SenderRun } from './sender-run.ts';

const TRUST_WATCH_MS = 1000;

/** What the servers need to know of the channel that they show. */
export interface ChannelFacts {
  readonly agreement: Agreement;
  readonly terms: ChannelTerms;
}

/** Starts the server that PLCs write to: one for all channels. */
export async function startSenderIngest(
  { config, channels, tags }: OwnerFiles,
  { clock, listener }: ModulePorts,
  hooks: IngestHooks,
): Promise<IngestServer> {
  const endpoint = endpointOf(config.ingest);
  const own = new OwnIdentity({ pki: config.pki, application: 'ingest', dialled: dialledNames(config.ingest), clock, listener });
  const trust = trustListOf(config, 'ingest', listener);
  const { name, manufacturer, serialNumber, productInstanceUri } = config.machine;
  const server = await startIngestServer(
    {
      endpoint,
      identity: own.current,
      trust,
      users: userEntries(config.users),
      clock,
      machine: {
        name,
        manufacturer: manufacturer ?? channels[0].loaded.agreement.manufacturer.name,
        serialNumber: serialNumber ?? '0',
        ...(productInstanceUri === undefined ? {} : { productInstanceUri }),
      },
      tags: ingestTags(tags, config.ingest.tags),
      channels: channels.map(ingestChannel),
    },
    { ...hooks, refusals: refusalTeller('ingest', listener) },
  );
  const ends = [trust.watch(TRUST_WATCH_MS, () => server.trustChanged()), own.watch(TRUST_WATCH_MS, (identity) => server.renew(identity))];
  return {
    ...server,
    stop: () => {
      for (const end of ends) end();
      return server.stop();
    },
  };
}

function ingestChannel({ config, loaded: { agreement, terms } }: SenderFiles): IngestChannel {
  const [{ name, alarms }] = config.channels;
  return { name, ...channelIds({ agreement, terms }), alarmLimits: alarmLimits(terms.params, alarms) };
}

/** Starts the server that the manufacturer of one channel sees. */
export function startChannelServer(
  { config, loaded: { agreement, terms } }: SenderFiles,
  { clock, listener }: ModulePorts,
  methods: MethodHooks,
): Promise<ClearedServer> {
  const { pki, crl, machine } = config;
  const [own] = config.channels;
  const place = { pki, crl, application: 'cleared' as const, channel: own.name, machine, clock, listener };
  return startCleared(own.cleared, place, { agreement, terms }, methods);
}

export interface ClearedPlace {
  readonly pki: string;
  readonly crl: OwnerConfig['crl'];
  readonly application: 'cleared' | 'applications';
  /** Name of the channel. */
  readonly channel: string;
  /** As the configuration names it. */
  readonly machine: MachineConfig | undefined;
  readonly clock: Clock;
  readonly listener: ModuleListener;
}

/** What the manufacturer's methods do. */
export type MethodHooks = Omit<ClearedServerHooks, 'refusedCertificate' | 'event'>;

/** The cleared server of a channel, or the one that shows cleared data to the manufacturer's own applications. */
export async function startCleared(
  config: EndpointConfig & ClearedViewConfig & { readonly users: OwnerConfig['users'] },
  place: ClearedPlace,
  facts: ChannelFacts,
  hooks: MethodHooks,
): Promise<ClearedServer> {
  const endpoint = endpointOf(config);
  const own = new OwnIdentity({ ...place, dialled: dialledNames(config) });
  const trust = trustListOf(place, place.application, place.listener);
  const server = await startClearedServer(
    {
      ...endpoint,
      host: endpoint.host ?? '127.0.0.1',
      identity: own.current,
      trusted: trust.material(),
      users: userEntries(config.users),
      machine: machineShown(facts.agreement, place.machine, place.channel),
      ...viewOf(config),
      channel: { name: place.channel, ...clearedIds(facts) },
      streams: facts.agreement.streams,
      ...(place.application === 'applications' ? { methods: [] } : {}),
    },
    {
      ...hooks,
      refusedCertificate: (der) => trust.refusedDer(der),
      event: clearedTeller(place.application, place.listener),
    },
  );
  const ends = [
    trust.watch(TRUST_WATCH_MS, (material) => server.setTrusted(material)),
    own.watch(TRUST_WATCH_MS, (identity) => server.renew(identity)),
  ];
  return {
    get endpointUrl() {
      return server.endpointUrl;
    },
    get isServing() {
      return server.isServing;
    },
    get processId() {
      return server.processId;
    },
    publish: (publications) => server.publish(publications),
    batchState: (n, state) => server.batchState(n, state),
    setTrusted: (trusted) => server.setTrusted(trusted),
    renew: (identity) => server.renew(identity),
    stop: () => {
      for (const end of ends) end();
      return server.stop();
    },
  };
}

export interface ShownOn {
  readonly ingest: IngestServer | undefined;
  readonly cleared: ClearedServer | undefined;
  /** Name of the channel. */
  readonly channel: string;
}

/** Shows a batch on both servers. */
export function showBatch(on: ShownOn, batch: StoredBatch, gridMs: number): void {
  const { n, ledgerState, deliveryState, transactionId } = batch;
  on.cleared?.batchState(n, { ledgerState, deliveryState, txId: transactionId });
  const kind = happening(batch);
  const view = { batchId: n, gridMs, ledgerState, deliveryState, transactionId };
  on.ingest?.publishBatch(on.channel, view, kind === 'failed' ? { kind, reason: 'ANCHOR_REFUSED' } : { kind });
}

/**
 * What the manufacturer's methods do. What is taken without an error is not handed in again: while the store is being opened
 * nothing may be taken.
 * @param countersigned told the number of an epoch record that was taken
 */
export function clearedHooks(run: () => SenderRun | undefined, countersigned: (k: number) => void): MethodHooks {
  const history = new HistoryDesk(() => present(run()?.channel).history);
  return {
    history: (query) => history.read(query),
    fetchDelivery: async (n) => run()?.channel?.desk.delivery(n),
    getEvidence: async (n) => run()?.channel?.desk.evidence(n),
    epochProposal: async (k) => run()?.records.proposal(k),
    acknowledge: async (receipt) => present(run()?.channel).desk.acknowledge(receipt),
    countersigned: async (envelope) => countersigned(present(run()).records.countersigned(parseEnvelope(envelope))),
  };
}

function present<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new UnavailableError('NOT_RUNNING', 'The module does not run yet. Try again in a few seconds.');
  return part;
}

function happening({ ledgerState, deliveryState }: StoredBatch): 'sealed' | 'anchored' | 'receipted' | 'failed' {
  if (ledgerState === 'Failed') return 'failed';
  if (deliveryState === 'Receipted') return 'receipted';
  return ledgerState === 'Anchored' ? 'anchored' : 'sealed';
}

function channelIds({ agreement, terms }: ChannelFacts): {
  channelId: string;
  ledgerId: string;
  agreementVersion: number;
  intervalMs: number;
  originMs: number;
} {
  const { id, ...rest } = clearedIds({ agreement, terms });
  return { channelId: id, ...rest, originMs: terms.params.originMs };
}

function clearedIds({ agreement, terms }: ChannelFacts): {
  id: string;
  ledgerId: string;
  agreementVersion: number;
  intervalMs: number;
} {
  return {
    id: toBase64Url(terms.channelId),
    ledgerId: agreement.ledger,
    agreementVersion: agreement.version,
    intervalMs: terms.params.intervalMs,
  };
}

type Endpoint = Parameters<typeof startIngestServer>[0]['endpoint'];

function endpointOf({ port, host, advertisedHost, advertisedEndpoints, maxSessions }: EndpointConfig): Endpoint {
  return {
    port,
    ...(host === undefined ? {} : { host }),
    hostname: advertisedHost ?? hostname(),
    ...(advertisedEndpoints === undefined ? {} : { advertisedEndpoints }),
    ...(maxSessions === undefined ? {} : { maxSessions }),
  };
}
