import { type Bytes, type Envelope, type Json, parseEnvelope, RejectedError, sha256, toBase64Url, utf8 } from '../core/index.ts';
import { openHeader } from '../evidence/index.ts';

/** So often in a row a delivery is offered unchanged before that counts for final. */
const OFFERS = 3;

/** What the ledger says of a batch whose delivery is refused. */
export interface RefusedOnLedger {
  /** The batch's header is anchored. */
  readonly isAnchored: boolean;
  /** So is the header of the batch after it. */
  readonly isFollowed: boolean;
}

/** How often the delivery that is refused at present was offered. A restart counts anew. */
export class RefusedDelivery {
  #n = -1;
  #digest = '';
  #offers = 0;

  /**
   * Counts one more refusal.
   * @returns true where the refusal is final: of these three two hold, that the batch is anchored, that the next one is,
   * and that the owner's module has offered the same delivery three times
   */
  isFinal(n: number, delivered: Json, { isAnchored, isFollowed }: RefusedOnLedger): boolean {
    const digest = toBase64Url(sha256(utf8(JSON.stringify(delivered))));
    this.#offers = n === this.#n && digest === this.#digest ? this.#offers + 1 : 1;
    this.#n = n;
    this.#digest = digest;
    return [isAnchored, isFollowed, this.#offers >= OFFERS].filter(Boolean).length >= 2;
  }
}

/** The header in a refused delivery, where it is the anchored one. */
export function deliveredHeader(delivered: Json, ownerKey: Bytes, anchored: string): Envelope | undefined {
  try {
    const envelope = parseEnvelope((delivered as { header?: unknown } | null)?.header);
    return toBase64Url(openHeader(envelope, ownerKey).hash) === anchored ? envelope : undefined;
  } catch (error) {
    if (error instanceof RejectedError) return undefined;
    throw error;
  }
}
