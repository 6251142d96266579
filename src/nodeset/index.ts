export * from './document.ts';
export type * from './errors.ts';
export * from './files.ts';
export * from './instances.ts';
export * from './integrity.ts';
export * from './node-ids.ts';
export { nodeIdsModule } from './node-ids-module.ts';
export { silenceStackLog } from './stack-log.ts';
export * from './values.ts';
