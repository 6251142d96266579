/**
 * What a batch's gap record says: `connection` a PLC's readings may be missing, `missed` the module did not run or took no
 * values for a part of the time, `storage` accepted readings were lost, or none could be stored.
 */
export type GapReason = 'connection' | 'missed' | 'storage';

const WEIGHT: Readonly<Record<GapReason | 'none', number>> = { none: 0, connection: 1, missed: 2, storage: 3 };

/** The graver of two: a record holds one reason. */
export function graver<Reason extends GapReason | 'none'>(a: Reason, b: Reason): Reason {
  return WEIGHT[a] >= WEIGHT[b] ? a : b;
}
