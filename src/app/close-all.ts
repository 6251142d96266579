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
