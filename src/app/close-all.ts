/**
 * Does all closing steps, one after the other, whatever those before threw: a port or a lock that is kept would hinder
 * the next start. @throws the first error, at the end
 */
export async function closeAll(...steps: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/** How long those that stop may wait for the ledger's answers. */
const LEDGER_GRACE_MS = 1000;

/**
 * The same, but what waits for the ledger longer than a second is cut off from it by closing the ledger: it is asked again at
 * the next start. @param closeLedger also the last step; may be called twice
 */
export async function closeAllAndLedger(closeLedger: () => Promise<void> | undefined, ...steps: readonly (() => unknown)[]): Promise<void> {
  const cut = setTimeout(() => void closeLedger()?.catch(() => undefined), LEDGER_GRACE_MS);
  try {
    await closeAll(...steps, closeLedger);
  } finally {
    clearTimeout(cut);
  }
}
