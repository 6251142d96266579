import type { BlockInfo, LedgerEvent } from '../ledger/index.ts';
import { LEDGER_POSITION, type ReceiverStore } from '../store/index.ts';

/** How far a module has taken the ledger's events. */
export interface LedgerPosition {
  /** Block to go on with. */
  readonly next: number;
  /** How many of that block's events are taken already. Stores of before it was counted have none. */
  readonly skip?: number;
  /** Last block that was seen. */
  readonly last: BlockInfo;
}

/** The position with which an event comes again: until it is taken in full. @param place of the event among its block's */
export function positionAt({ block }: LedgerEvent, place: number): LedgerPosition {
  return { next: block.number, skip: place, last: block };
}

export function positionText(position: LedgerPosition): string {
  return JSON.stringify(position);
}

export function positionOf(store: ReceiverStore): LedgerPosition | undefined {
  const fact = store.fact(LEDGER_POSITION);
  return fact === undefined ? undefined : (JSON.parse(fact) as LedgerPosition);
}

export function keepPosition(store: ReceiverStore, position: LedgerPosition): void {
  store.setFact(LEDGER_POSITION, positionText(position));
}
