import { BAD_INPUT } from './failure.ts';

/**
 * Resolves at the first request to stop: Ctrl-C, SIGTERM, or the end of standard input where the process was started by
 * another one. A second Ctrl-C ends at once.
 */
export function stopRequested(withParent: boolean): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (): void => {
      if (asked && !withParent) process.exit(130);
      asked = true;
      resolve();
    };
    process.on('SIGINT', ask);
    process.on('SIGTERM', ask);
    if (!withParent) return;
    process.stdin.on('end', ask);
    process.stdin.on('error', ask);
    process.stdin.resume();
  });
}

/** From the request to stop to the end of the process, whatever does not answer. What is not stored by then is found again. */
const ENDS_WITHIN_MS = 30_000;
/** Of that, the longest that anchors and receipts are waited for. */
const SETTLES_WITHIN_MS = 15_000;

/** Ends this process in any case, soon after it was asked to stop. @returns when it was asked, on the clock of `performance` */
export function endInTime(withinMs: number = ENDS_WITHIN_MS): number {
  const end = (): void => {
    process.stderr.write(`dcmb: not everything was closed within ${withinMs / 1000} s. The next start goes on from what is stored.\n`);
    process.exit(BAD_INPUT);
  };
  setTimeout(end, withinMs).unref();
  return performance.now();
}

/** How much of its time for anchors and receipts a stop has left. @param askedAt a stop may be asked for long before the start is over */
export function settleMs(askedAt: number): number {
  return Math.max(0, SETTLES_WITHIN_MS - (performance.now() - askedAt));
}
