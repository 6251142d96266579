export * from './cleared/index.ts';
export * from './identity/index.ts';
export * from './ingest/index.ts';
