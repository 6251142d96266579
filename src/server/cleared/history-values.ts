import { DataType, DataValue, StatusCodes, TimestampsToReturn, Variant } from 'node-opcua';
import { DELIVERY_STATE, LEDGER_STATE } from '../../nodeset/index.ts';
import type { Condition } from './conditions.ts';
import type { HistoryPoint } from './contract.ts';
import type { RawEntry } from './history-range.ts';
import { bilingual } from './locales.ts';

/** The variables of a stream that have a history. */
export const HISTORIZED = ['Condition', 'ConditionCode', 'Importance', 'BatchId', 'LedgerState', 'DeliveryState', 'TransactionId'] as const;
export type Historized = (typeof HISTORIZED)[number];

type Shown = readonly [dataType: DataType, value: unknown];

const VALUES: Readonly<Record<Historized, (point: HistoryPoint, condition: Condition) => Shown>> = {
  Condition: (_, { text }) => [DataType.LocalizedText, bilingual(text)],
  ConditionCode: ({ code }) => [DataType.Int32, code],
  Importance: (_, { importance }) => [DataType.UInt16, importance],
  BatchId: ({ batch }) => [DataType.UInt32, batch],
  LedgerState: ({ ledgerState }) => [DataType.Int32, LEDGER_STATE[ledgerState]],
  DeliveryState: ({ deliveryState }) => [DataType.Int32, DELIVERY_STATE[deliveryState]],
  TransactionId: ({ txId }) => [DataType.String, txId],
};

/** How the values of one read are given. */
export interface ValueForm {
  readonly name: Historized;
  readonly conditions: ReadonlyMap<number, Condition>;
  /** Beside the source timestamp, when the value was shown. */
  readonly withServerTime: boolean;
}

/** The source timestamp is the grid time, as it was on the value that was shown. */
export function dataValueOf(entry: RawEntry<HistoryPoint>, { name, conditions, withServerTime }: ValueForm): DataValue {
  if ('missingAtMs' in entry) {
    return new DataValue({ statusCode: StatusCodes.BadBoundNotFound, sourceTimestamp: new Date(entry.missingAtMs) });
  }
  const { point } = entry;
  const condition = conditions.get(point.code);
  const sourceTimestamp = new Date(point.gridMs);
  // The agreement knows every code that is sealed: a store that does not fit it says nothing.
  if (condition === undefined) return new DataValue({ statusCode: StatusCodes.BadDataLost, sourceTimestamp });
  const [dataType, value] = VALUES[name](point, condition);
  return new DataValue({
    value: new Variant({ dataType, value }),
    statusCode: StatusCodes.Good,
    sourceTimestamp,
    ...(withServerTime ? { serverTimestamp: new Date(point.shownMs) } : {}),
  });
}

/** True for Both, false for Source, undefined for what history can't be read with. */
export function serverTimeAsked(timestamps: TimestampsToReturn): boolean | undefined {
  if (timestamps === TimestampsToReturn.Source) return false;
  return timestamps === TimestampsToReturn.Both ? true : undefined;
}
