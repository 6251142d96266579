export { startIngestServer } from './ingest-server.ts';
export {
  type AlarmLevel,
  type AlarmLimits,
  type AlarmView,
  type ChannelOperation,
  LIMIT_NAMES,
  type LimitName,
  type Limits,
} from './operation-types.ts';
export type * from './types.ts';
