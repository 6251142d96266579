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
