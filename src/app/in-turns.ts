/**
 * Does all steps, so many at a time, whatever becomes of the others.
 * @returns what became of each, in their order
 */
export async function inTurns<Result>(
  steps: readonly (() => Promise<Result>)[],
  atOnce: number,
): Promise<readonly PromiseSettledResult<Result>[]> {
  const results: PromiseSettledResult<Result>[] = [];
  const waiting = steps.entries();
  const work = async (): Promise<void> => {
    for (const [index, step] of waiting) [results[index]] = await Promise.allSettled([step()]);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, steps.length) }, work));
  return results;
}
