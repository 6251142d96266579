export type { StoreErrorCode } from './database.ts';
export * from './receiver-store.ts';
export * from './sender-store.ts';
