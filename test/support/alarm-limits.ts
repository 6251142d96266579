import type { AlarmLimits } from '../../src/server/index.ts';

const HALF_A_MINUTE = { high: 30_000, highHigh: 300_000 };

/** For tests of servers that are not about alarms. */
export const ALARM_LIMITS: AlarmLimits = {
  cacheFill: { high: 70, highHigh: 90 },
  unsentAge: HALF_A_MINUTE,
  receiverSilence: HALF_A_MINUTE,
  ledgerLag: HALF_A_MINUTE,
};
