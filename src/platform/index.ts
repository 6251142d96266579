export { systemArgon2 } from './argon2.ts';
export { systemClock } from './clock.ts';
export { COMPUTE_LIMIT_MS, loadComputeModule } from './compute-module.ts';
export type { PlatformErrorCode } from './errors.ts';
export { type AtomicWriteOptions, errnoOf, writeFileAtomic } from './files.ts';
export { createExchangeKey, createSigningKey, type ExchangeKey, loadExchangeKey, loadSigningKey, requirePrivate } from './key-file.ts';
export { createStoreKey, loadStoreKey } from './store-key.ts';
export { type LocalAnswer, type LocalRoutes, type LocalServer, serveLocally } from './local-http.ts';
export {
  LOG_LEVELS,
  type LogFields,
  type LogLevel,
  type LogWriter,
  openLogWriter,
  plainWord,
  type PlainWord,
  sentence,
} from './log-writer.ts';
export { type ProcessFigures, ProcessMeter } from './process-figures.ts';
export { systemRandom } from './random.ts';
