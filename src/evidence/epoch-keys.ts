import { type Bytes, type ChannelParams, epochOf, i32, labelledMac, type MacKey, macKey, u32, u64 } from '../core/index.ts';
import { refused } from './errors.ts';

/** Stands in the condition records of a call batch, which shows no condition and uses no slot. */
export const NO_SLOT_KEY: Bytes = new Uint8Array(32);

/** The keys of one epoch, known to both parties and nobody else. */
export class EpochKeys {
  readonly epoch: number;
  readonly params: ChannelParams;
  readonly #bytes: Bytes;
  readonly #key: MacKey;

  constructor(kEpoch: Bytes, epoch: number, params: ChannelParams) {
    if (kEpoch.length !== 32) throw refused('BAD_INPUT', 'An epoch key has 32 bytes.');
    this.epoch = epoch;
    this.params = params;
    this.#bytes = kEpoch.slice();
    this.#key = macKey(kEpoch);
  }

  /** Keys of epoch 0 from the channel's key, which is forgotten once they are sealed. */
  static first(kChannel: Bytes, params: ChannelParams): EpochKeys {
    return new EpochKeys(labelledMac(kChannel, 'DCMB/0/epoch-key'), 0, params);
  }

  /** To be sealed; gives this epoch's keys and all later ones. */
  get bytes(): Bytes {
    return this.#bytes.slice();
  }

  next(): EpochKeys {
    return this.at(this.epoch + 1);
  }

  /** Keys of this or a later epoch. @throws RejectedError `OUTSIDE_EPOCH` for an earlier one */
  at(epoch: number): EpochKeys {
    if (epoch < this.epoch) throw refused('OUTSIDE_EPOCH', `The keys of epoch ${epoch} are gone; these are of epoch ${this.epoch}.`);
    let bytes = this.#bytes;
    for (let at = this.epoch; at < epoch; at++) bytes = labelledMac(bytes, 'DCMB/0/next-epoch');
    return epoch === this.epoch ? this : new EpochKeys(bytes, epoch, this.params);
  }

  /** Key of the slot (interval, stream). @throws RejectedError `OUTSIDE_EPOCH` */
  slotKey(interval: number, stream: number): Bytes {
    this.#requireInside(interval);
    return labelledMac(this.#key, 'DCMB/0/slot', u64(interval), u32(stream));
  }

  /** What the condition records of a batch carry: the slots' keys at the grid point, {@link NO_SLOT_KEY} for a call. */
  slotKeys(interval: number, row: number): Bytes[] {
    return Array.from({ length: this.params.streams }, (_, stream) => (row === 0 ? this.slotKey(interval, stream) : NO_SLOT_KEY));
  }

  /** K_batch of the batch at (interval, row): serves its H, its filler tokens and its deposit. @throws RejectedError `OUTSIDE_EPOCH` */
  batchKey(interval: number, row: number): Bytes {
    this.#requireInside(interval);
    return labelledMac(this.#key, 'DCMB/0/batch', u64(interval), u32(row));
  }

  #requireInside(interval: number): void {
    if (epochOf(this.params, interval) !== this.epoch)
      throw refused('OUTSIDE_EPOCH', `Interval ${interval} is not in epoch ${this.epoch}.`);
  }
}

/** Transaction value of a condition in a slot. */
export function tokenOf(slotKey: Bytes | MacKey, code: number): Bytes {
  return labelledMac(slotKey, 'DCMB/0/token', i32(code));
}
