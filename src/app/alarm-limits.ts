import type { ChannelParams } from '../core/index.ts';
import { type AlarmLimits, type Limits } from '../server/index.ts';

const HALF_A_MINUTE_MS = 30_000;
const FIVE_MINUTES_MS = 300_000;

/** Names in the configuration: with the unit. */
export interface AlarmConfig {
  /** Percent. */
  readonly cacheFillPercent?: Limits;
  readonly unsentAgeMs?: Limits;
  readonly receiverSilenceMs?: Limits;
  readonly ledgerLagMs?: Limits;
}

/**
 * The limits of a channel's alarms. Where none are configured they follow the agreement: half of a deadline, and the
 * deadline itself, after which a batch is LATE.
 */
export function alarmLimits(params: ChannelParams, config: AlarmConfig = {}): AlarmLimits {
  const { anchorWithinMs, receiptWithinMs, intervalMs } = params;
  const late = { high: receiptWithinMs / 2, highHigh: receiptWithinMs };
  return {
    cacheFill: config.cacheFillPercent ?? { high: 70, highHigh: 90 },
    // The age counts from the publication, the deadline from the anchor.
    unsentAge: config.unsentAgeMs ?? { high: late.high + intervalMs, highHigh: late.highHigh + intervalMs },
    receiverSilence: config.receiverSilenceMs ?? {
      high: Math.max(HALF_A_MINUTE_MS, 2 * intervalMs),
      highHigh: Math.max(FIVE_MINUTES_MS, 4 * intervalMs),
    },
    ledgerLag: config.ledgerLagMs ?? { high: anchorWithinMs / 2, highHigh: anchorWithinMs },
  };
}

/** Limits in the wrong order, for a message. */
export function limitsOutOfOrder(config: AlarmConfig): string | undefined {
  return Object.entries(config).find(([, { high, highHigh }]: [string, Limits]) => high >= highHigh)?.[0];
}
