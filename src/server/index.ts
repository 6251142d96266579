export * from './cleared/index.ts';
export * from './identity/index.ts';
export * from './ingest/index.ts';
export { isRefusal, type Refusals } from './audit/index.ts';
export { RateLimit } from './rate-limit.ts';
