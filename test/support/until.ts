/** Waits until a condition holds. @throws Error with `what` after `withinMs` */
export async function until(what: string, holds: () => boolean, withinMs = 60_000): Promise<void> {
  const limit = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > limit) throw new Error(`Waited ${withinMs} ms in vain: ${what}.`);
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}
