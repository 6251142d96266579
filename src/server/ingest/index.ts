export { startIngestServer } from './ingest-server.ts';
export type * from './types.ts';
