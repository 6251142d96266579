import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How this process is doing. Seconds and bytes. */
export interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  /** Undefined where the system does not tell. */
  readonly openFiles: number | undefined;
  /** How late timers came since the last reading: 99 % of them not later. */
  readonly eventLoopDelaySeconds: number;
  /** Since 1970. */
  readonly startSeconds: number;
}

const NANO = 1e9;
const RESOLUTION_MS = 20;

/** Measures the process until it is closed. */
export class ProcessMeter {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#delay.enable();
  }

  read(): ProcessFigures {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    const delay = this.#delay.percentile(99) / NANO;
    this.#delay.reset();
    return {
      cpuSeconds: (user + system) / 1e6,
      residentBytes: rss,
      heapUsedBytes: heapUsed,
      openFiles: openFiles(),
      eventLoopDelaySeconds: Math.max(0, delay - RESOLUTION_MS / 1000),
      startSeconds: Math.round(Date.now() / 1000 - process.uptime()),
    };
  }

  close(): void {
    this.#delay.disable();
  }
}

function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}
