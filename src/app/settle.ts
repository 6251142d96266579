import type { Clock } from '../core/index.ts';
import { pause } from '../transfer/index.ts';

/** Batches by how far they have come. */
export type BatchCounts = Readonly<Record<'sealed' | 'anchored' | 'receipted', number>>;

const LOOK_EVERY_MS = 50;

/** Waits until all that is sealed is anchored and receipted, at the longest `withinMs`. */
export async function settle(counts: () => BatchCounts, withinMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const until = clock.now() + withinMs;
  const isSettled = (): boolean => {
    const { sealed, anchored, receipted } = counts();
    return anchored >= sealed && receipted >= sealed;
  };
  while (!isSettled() && clock.now() < until && !signal.aborted) await pause(LOOK_EVERY_MS, signal);
}
