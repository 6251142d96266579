import type { ModuleState } from '../../nodeset/index.ts';

/*
 * How a channel is doing, for its owner's operators. What is measured and judged is decided by the module; the server
 * shows it as variables and alarms.
 */

/** What is watched for being too high. Each is a variable and an alarm of a channel. */
export const LIMIT_NAMES = ['cacheFill', 'unsentAge', 'receiverSilence', 'ledgerLag'] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];

/** Exceeded where the value is greater. Percent for the cache, ms for all others. */
export interface Limits {
  readonly high: number;
  readonly highHigh: number;
}
export type AlarmLimits = Readonly<Record<LimitName, Limits>>;

export type AlarmLevel = 'normal' | 'high' | 'highHigh';

/** What an alarm says, once its level is another than before. */
export interface AlarmView {
  readonly level: AlarmLevel;
  /** For a person: what is the matter, and what to do. No raw values in it. */
  readonly text: string;
}

/** How a channel is doing at one moment; see ChannelOperationType of the NodeSet. */
export interface ChannelOperation {
  readonly state: ModuleState;
  /** What lacks or went wrong, for a person; empty where nothing did. */
  readonly stateText: string;
  /** Percent, 0 or more. */
  readonly cacheFillPercent: number;
  readonly cachedBatches: number;
  readonly cachedBytes: number;
  readonly oldestUnsentMs: number;
  /** ms since 1970; undefined before the first call. */
  readonly receiverLastSeenMs: number | undefined;
  readonly receiverSilenceMs: number;
  readonly ledgerLagMs: number;
  readonly unanchoredBatches: number;
  /** ms since 1970; undefined where no block is known. */
  readonly lastBlockMs: number | undefined;
  readonly alarms: Readonly<Record<LimitName, AlarmView>>;
}
