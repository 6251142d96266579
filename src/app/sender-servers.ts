import { hostname } from 'node:os';
import type { Agreement } from '../agreement/index.ts';
import { type Clock, parseEnvelope, toBase64Url, UnavailableError } from '../core/index.ts';
import type { MappingPolicy } from '../policy/index.ts';
import {
  type ClearedServer,
  type ClearedServerHooks,
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
import { trustListOf, userEntries } from './link-access.ts';
import { loadServerIdentity } from './plant-identities.ts';
import type { ModulePorts } from './module-options.ts';
import type { SenderFiles } from './sender-files.ts';
import type { SenderRun } from './sender-run.ts';

const TRUST_WATCH_MS = 1000;

/** What the servers need to know of the channel that they show. */
export interface ChannelFacts {
  readonly agreement: Agreement;
  readonly terms: ChannelTerms;
  readonly policy: MappingPolicy;
}

/** Starts both servers at the same time; where one fails, the other is stopped again. */
export async function startSenderServers(
  { config, loaded, policy }: SenderFiles,
  ports: ModulePorts,
  hooks: { readonly ingest: IngestHooks; readonly methods: MethodHooks },
): Promise<{ readonly ingest: IngestServer; readonly cleared: ClearedServer }> {
  const facts = { agreement: loaded.agreement, terms: loaded.terms, policy: policy.policy };
  const [own] = config.channels;
  const place = {
    pki: config.pki,
    application: 'cleared' as const,
    channel: own.name,
    machine: config.machine,
    clock: ports.clock,
    listener: ports.listener,
  };
  const starting = [startIngest(config, facts, ports, hooks.ingest), startCleared(own.cleared, place, facts, hooks.methods)] as const;
  try {
    const [ingest, cleared] = await Promise.all(starting);
    return { ingest, cleared };
  } catch (error) {
    for (const each of await Promise.allSettled(starting)) if (each.status === 'fulfilled') await each.value.stop();
    throw error;
  }
}

function startIngest(
  config: OwnerConfig,
  facts: ChannelFacts,
  { clock, listener }: ModulePorts,
  hooks: IngestHooks,
): Promise<IngestServer> {
  const endpoint = endpointOf(config.ingest);
  const identity = loadServerIdentity(config.pki, 'ingest', endpoint.hostname, clock.now());
  const { name, manufacturer, serialNumber, productInstanceUri } = config.machine;
  return startIngestServer(
    {
      endpoint,
      identity,
      trust: trustListOf(config.pki, 'ingest', listener),
      users: userEntries(config.users),
      clock,
      machine: {
        name,
        manufacturer: manufacturer ?? facts.agreement.manufacturer.name,
        serialNumber: serialNumber ?? '0',
        ...(productInstanceUri === undefined ? {} : { productInstanceUri }),
      },
      tags: facts.policy.tags,
      channels: [
        { name: config.channels[0].name, ...channelIds(facts), alarmLimits: alarmLimits(facts.terms.params, config.channels[0].alarms) },
      ],
    },
    hooks,
  );
}

export interface ClearedPlace {
  readonly pki: string;
  readonly application: 'cleared' | 'applications';
  /** Name of the channel. */
  readonly channel: string;
  /** As the configuration names it. */
  readonly machine: MachineConfig | undefined;
  readonly clock: Clock;
  readonly listener: ModuleListener;
}

/** What the manufacturer's methods do. */
export type MethodHooks = Omit<ClearedServerHooks, 'strangerCertificate' | 'event'>;

/** The cleared server of a channel, or the one that shows cleared data to the manufacturer's own applications. */
export async function startCleared(
  config: EndpointConfig & ClearedViewConfig & { readonly users: OwnerConfig['users'] },
  place: ClearedPlace,
  facts: Omit<ChannelFacts, 'policy'>,
  hooks: MethodHooks,
): Promise<ClearedServer> {
  const endpoint = endpointOf(config);
  const identity = loadServerIdentity(place.pki, place.application, endpoint.hostname, place.clock.now());
  const trust = trustListOf(place.pki, place.application, place.listener);
  const server = await startClearedServer(
    {
      host: endpoint.host ?? '127.0.0.1',
      port: endpoint.port,
      hostname: endpoint.hostname,
      identity,
      trusted: trust.trusted(),
      users: userEntries(config.users),
      machine: machineShown(facts.agreement, place.machine, place.channel),
      ...viewOf(config),
      channel: { name: place.channel, ...clearedIds(facts) },
      streams: facts.agreement.streams,
      ...(place.application === 'applications' ? { methods: [] } : {}),
    },
    {
      ...hooks,
      strangerCertificate: (der) => trust.refusedDer(der),
      event: (event) => {
        if (event.kind === 'lost') place.listener({ event: 'warning', code: 'CLEARED_SERVER_LOST', message: lostText(event) });
      },
    },
  );
  const unwatch = trust.watch(TRUST_WATCH_MS, (trusted) => server.setTrusted(trusted));
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
    setTrusted: (certificates) => server.setTrusted(certificates),
    stop: () => {
      unwatch();
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
  return {
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

function channelIds({ agreement, terms }: Omit<ChannelFacts, 'policy'>): {
  channelId: string;
  ledgerId: string;
  agreementVersion: number;
  intervalMs: number;
} {
  const { id, ...rest } = clearedIds({ agreement, terms });
  return { channelId: id, ...rest };
}

function clearedIds({ agreement, terms }: Omit<ChannelFacts, 'policy'>): {
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

function endpointOf({ port, host, advertisedHost }: EndpointConfig): { port: number; host?: string; hostname: string } {
  return { port, ...(host === undefined ? {} : { host }), hostname: advertisedHost ?? hostname() };
}

function lostText({ why, againInMs }: { readonly why: string; readonly againInMs: number }): string {
  return `The cleared server's process ended (${why}). It is started again in ${againInMs} ms; clients reconnect by themselves.`;
}
