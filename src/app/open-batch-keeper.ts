import type { SenderStore } from '../store/index.ts';
import type { CollectingChannel } from '../transfer/index.ts';

const OPEN_READINGS = 'open-readings';
/** Number of the batch that holds readings in memory alone: found at a start, it tells that they are gone. */
const COLLECTING = 'collecting';

/**
 * What the store knows of the open batch. Its readings are in memory until the seal; a stop in good order keeps them for
 * the next start, and after any other end the next start knows that readings may be lost.
 */
export class OpenBatchKeeper {
  readonly #store: SenderStore;
  readonly #collecting: CollectingChannel;
  #told = -1;

  constructor(store: SenderStore, collecting: CollectingChannel) {
    this.#store = store;
    this.#collecting = collecting;
  }

  /** Goes on with what the last stop kept. `lost`: the module ended without a stop while this batch had readings. */
  resume(): { readonly resumed: boolean; readonly lost: boolean } {
    const { n } = this.#collecting.open;
    const lost = this.#store.fact(COLLECTING) === String(n);
    const kept = this.#store.fact(OPEN_READINGS) ?? '';
    const resumed = kept !== '' && this.#collecting.resume(kept);
    if (resumed) this.taking();
    if (lost) this.#collecting.noteGap('storage');
    return { resumed, lost };
  }

  /** The open batch is about to take a reading. Costs one durable write for each batch. */
  taking(): void {
    const { n } = this.#collecting.open;
    if (this.#told === n) return;
    this.#store.setFact(COLLECTING, String(n));
    this.#told = n;
  }

  /** Stores the open batch's readings for the next start. No reading may be taken after it. */
  keep(): void {
    this.#store.setFact(OPEN_READINGS, this.#collecting.keepReadings() ?? '');
    this.#store.setFact(COLLECTING, '');
  }
}
