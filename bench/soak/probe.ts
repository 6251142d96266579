import { monitorEventLoopDelay } from 'node:perf_hooks';

/*
 * Imported into a module's process, which else runs as always: tells on request what only the process itself can see.
 */

export interface ProbeAnswer {
  readonly heapBytes: number;
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
}

const RESOLUTION_MS = 10;

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
process.on('message', () => {
  const [loopP99Ms, loopMaxMs] = [delay.percentile(99) / 1e6 - RESOLUTION_MS, delay.max / 1e6 - RESOLUTION_MS];
  globalThis.gc?.();
  process.send?.({ heapBytes: process.memoryUsage().heapUsed, loopP99Ms, loopMaxMs } satisfies ProbeAnswer);
  // The collection's own pause is none of the module's.
  setImmediate(() => delay.reset());
});
process.channel?.unref();
