export type * from './errors.ts';
export type { ClearedServerConfig } from './cleared-config.ts';
export * from './cleared-server.ts';
export type * from './hooks.ts';
export type { LayoutConfig } from './channel-layout.ts';
export { clearedNodeset, type NodesetEdition } from './cleared-nodeset.ts';
export { childCommand } from './child-command.ts';
export { type Condition, conditionsOf } from './conditions.ts';
export type { ClearedBatchState, ClearedPublication, ClearedStream, HistoryPoint, HistoryQuery, MethodName } from './contract.ts';
