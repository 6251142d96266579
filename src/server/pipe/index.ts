export type * from './errors.ts';
export * from './frames.ts';
export * from './message-pipe.ts';
