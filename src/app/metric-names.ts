import type { ProcessFigures } from '../platform/index.ts';
import { FINDINGS, WARNINGS } from './event-codes.ts';
import type { ModuleStatus } from './module-status.ts';

/*
 * All metrics with their help texts. docs/operating.md lists the same ones. Units are Prometheus' own: seconds, bytes,
 * parts of 1.
 */

type Role = ModuleStatus['role'];

interface CounterWords {
  readonly help: string;
  readonly of: readonly Role[];
  readonly labels: readonly string[];
}

const OWNER: readonly Role[] = ['owner'];
const MANUFACTURER: readonly Role[] = ['manufacturer'];
const BOTH: readonly Role[] = ['owner', 'manufacturer'];

/** All since the start of the module. */
export const COUNTERS = {
  dcmb_batches_sealed_total: { help: 'Batches sealed.', of: OWNER, labels: [] },
  dcmb_batches_anchored_total: { help: 'Batches committed to the ledger.', of: OWNER, labels: [] },
  dcmb_batches_delivered_total: { help: 'Batches fetched.', of: OWNER, labels: [] },
  dcmb_batches_receipted_total: { help: 'Batches for which a receipt came.', of: OWNER, labels: [] },
  dcmb_batches_deposited_total: { help: 'Batches whose delivery was deposited on the ledger.', of: OWNER, labels: [] },
  dcmb_batches_dropped_total: { help: 'Batches of which readings or the delivery were given up.', of: OWNER, labels: ['what'] },
  dcmb_readings_sealed_total: { help: 'Accepted readings in sealed batches.', of: OWNER, labels: [] },
  dcmb_readings_refused_total: { help: 'Readings refused, by the batches sealed.', of: OWNER, labels: [] },
  dcmb_batches_received_total: { help: 'Batches received, by delivery or read from the ledger.', of: MANUFACTURER, labels: ['via'] },
  dcmb_receipts_given_total: { help: "Receipts that the owner's module confirmed.", of: MANUFACTURER, labels: [] },
  dcmb_action_faults_total: {
    help: 'Attempts at actions that failed: to be tried again (retry) or for good (failed).',
    of: MANUFACTURER,
    labels: ['state'],
  },
  dcmb_epoch_records_total: { help: 'Epoch records, by step: proposed, countersigned, committed.', of: BOTH, labels: ['step'] },
  dcmb_strangers_refused_total: { help: 'OPC UA applications refused because they are not trusted.', of: BOTH, labels: [] },
  dcmb_refusals_total: {
    help: 'OPC UA requests, or operations of requests, that a server refused, by server, service and status.',
    of: BOTH,
    labels: ['server', 'service', 'status'],
  },
  dcmb_findings_total: { help: 'Findings, by code.', of: BOTH, labels: ['code'] },
  dcmb_warnings_total: { help: 'Warnings, by code.', of: BOTH, labels: ['code'] },
} as const satisfies Readonly<Record<string, CounterWords>>;
export type CounterName = keyof typeof COUNTERS;

/**
 * Label values that are known beforehand. Their counters stand at 0 from the start: Prometheus' `increase` does not see
 * the first event of a series that begins with 1.
 */
export const KNOWN_VALUES: Readonly<Partial<Record<CounterName, Readonly<Record<string, readonly string[]>>>>> = {
  dcmb_batches_dropped_total: { what: ['readings', 'delivery'] },
  dcmb_batches_received_total: { via: ['delivery', 'ledger'] },
  dcmb_action_faults_total: { state: ['retry', 'failed'] },
  dcmb_epoch_records_total: { step: ['proposed', 'countersigned', 'committed'] },
  dcmb_findings_total: { code: [...Object.keys(FINDINGS), 'OTHER'] },
  dcmb_warnings_total: { code: [...Object.keys(WARNINGS), 'OTHER'] },
};

interface GaugeWords {
  readonly help: string;
  readonly of: Role | 'both';
}

export const GAUGES = {
  dcmb_ready: { help: '1 where the module does its work, as /health/ready says.', of: 'both' },
  dcmb_last_block_timestamp_seconds: { help: 'Time of the newest block of the ledger that is known.', of: 'both' },
  dcmb_cache_fill_ratio: { help: 'How full the cache for the manufacturer is, part of its nearest limit.', of: 'owner' },
  dcmb_cache_batches: { help: 'Batches that have neither a receipt nor a deposit.', of: 'owner' },
  dcmb_cache_bytes: { help: 'Bytes that these batches take in the store.', of: 'owner' },
  dcmb_oldest_unsent_age_seconds: { help: 'Time since the publication of the oldest of these batches; 0 for none.', of: 'owner' },
  dcmb_receiver_last_seen_timestamp_seconds: { help: "When the manufacturer's module last called; absent before.", of: 'owner' },
  dcmb_receiver_silence_seconds: { help: "Time since the manufacturer's module last called, or since the start.", of: 'owner' },
  dcmb_ledger_lag_seconds: { help: 'Time since the oldest batch was sealed that the ledger has not settled; 0 for none.', of: 'owner' },
  dcmb_unanchored_batches: { help: 'Batches that the ledger has not settled.', of: 'owner' },
  dcmb_link_up: { help: "1 while the owner's module is connected.", of: 'manufacturer' },
  dcmb_link_down_seconds: { help: "How long the owner's module has not been connected; 0 while it is.", of: 'manufacturer' },
  dcmb_batches_behind: { help: 'Batches on the ledger beyond the last one that was received or settled.', of: 'manufacturer' },
  dcmb_unconfirmed_receipts: { help: "Receipts that the owner's module has not confirmed.", of: 'manufacturer' },
  dcmb_stored_findings: { help: 'Findings in the store.', of: 'manufacturer' },
  dcmb_waiting_actions: { help: 'Actions that wait for an attempt.', of: 'manufacturer' },
  dcmb_dead_actions: { help: 'Actions that have failed for good.', of: 'manufacturer' },
} as const satisfies Readonly<Record<string, GaugeWords>>;
export type GaugeName = keyof typeof GAUGES;

/** Names and meaning of the following are as other Prometheus clients have them. */
export const CPU = { name: 'process_cpu_seconds_total', help: 'CPU time of the process.' } as const;

export const PROCESS_GAUGES = {
  process_resident_memory_bytes: { help: 'Resident memory of the process.', of: (figures: ProcessFigures) => figures.residentBytes },
  process_open_fds: {
    help: 'Open files of the process; absent where the system does not tell.',
    of: (figures: ProcessFigures) => figures.openFiles,
  },
  process_start_time_seconds: { help: 'Start of the process, since 1970.', of: (figures: ProcessFigures) => figures.startSeconds },
  nodejs_heap_size_used_bytes: { help: "Used heap of Node's engine.", of: (figures: ProcessFigures) => figures.heapUsedBytes },
  nodejs_eventloop_lag_p99_seconds: {
    help: 'How late timers came since the last scrape, 99th percentile.',
    of: (figures: ProcessFigures) => figures.eventLoopDelaySeconds,
  },
} as const;

/** Metrics that are made by name elsewhere, for the documentation. */
export const OTHER_METRICS = {
  dcmb_info: 'Always 1; role and version of the module.',
  dcmb_module_state: 'What the module is doing: 1 for its state, 0 for all others.',
  dcmb_alarm_level: 'Level of an alarm: 0 normal, 1 high, 2 high-high.',
  [CPU.name]: CPU.help,
} as const;

/** Undefined where a figure is not known, or not of this side. */
export function gaugesOf(status: ModuleStatus): Readonly<Partial<Record<GaugeName, number | undefined>>> {
  const both = { dcmb_ready: Number(status.isReady), dcmb_last_block_timestamp_seconds: seconds(status.lastBlockMs) };
  if (status.role === 'owner')
    return {
      ...both,
      dcmb_cache_fill_ratio: status.cacheFillPercent / 100,
      dcmb_cache_batches: status.cachedBatches,
      dcmb_cache_bytes: status.cachedBytes,
      dcmb_oldest_unsent_age_seconds: seconds(status.oldestUnsentMs),
      dcmb_receiver_last_seen_timestamp_seconds: seconds(status.receiverLastSeenMs),
      dcmb_receiver_silence_seconds: seconds(status.receiverSilenceMs),
      dcmb_ledger_lag_seconds: seconds(status.ledgerLagMs),
      dcmb_unanchored_batches: status.unanchoredBatches,
    };
  return {
    ...both,
    dcmb_link_up: Number(status.isLinkUp),
    dcmb_link_down_seconds: seconds(status.linkDownMs),
    dcmb_batches_behind: status.batchesBehind,
    dcmb_unconfirmed_receipts: status.unconfirmedReceipts,
    dcmb_stored_findings: status.findings,
    dcmb_waiting_actions: status.waitingActions,
    dcmb_dead_actions: status.deadActions,
  };
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
