export { createEmbeddedLedger } from './block-file.ts';
export { type EmbeddedLedgerOptions, openEmbeddedLedger } from './embedded-ledger.ts';
