export type { StoreErrorCode } from './errors.ts';
export { Journal } from './journal.ts';
export type { JournalEntry } from './journal-messages.ts';
export type * from './receiver-log.ts';
export * from './receiver-store.ts';
export * from './sender-batch.ts';
export type * from './sender-cache.ts';
export type * from './sender-epochs.ts';
export { SenderStore } from './sender-store.ts';
