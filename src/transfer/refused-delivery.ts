import { type Bytes, canonicalJson, type Envelope, type Json, parseEnvelope, RejectedError, sha256, toBase64Url } from '../core/index.ts';
import { openHeader } from '../evidence/index.ts';
import { isRefusal } from './persistent-submission.ts';

/** So often in a row a delivery is offered unchanged, or not at all, before that counts for final. */
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
    const digest = digestOf(delivered);
    this.#offers = n === this.#n && digest === this.#digest ? this.#offers + 1 : 1;
    this.#n = n;
    this.#digest = digest;
    return [isAnchored, isFollowed, this.#offers >= OFFERS].filter(Boolean).length >= 2;
  }
}

/** How long the owner's module has not given what it must have. A restart counts anew: its module may have just begun. */
export class AbsentDelivery {
  #n = -1;
  #asked = 0;
  #sinceMs = 0;

  /** Counts one more question that got no delivery. @returns true where it was asked for often and long enough */
  isLasting(n: number, nowMs: number, patienceMs: number): boolean {
    if (n !== this.#n) this.#sinceMs = nowMs;
    this.#asked = n === this.#n ? this.#asked + 1 : 1;
    this.#n = n;
    return this.#asked >= OFFERS && nowMs - this.#sinceMs > patienceMs;
  }
}

/** What no delivery can be, such as what is nested without end, counts as the same junk. */
function digestOf(delivered: Json): string {
  try {
    return toBase64Url(sha256(canonicalJson(delivered)));
  } catch (error) {
    if (error instanceof RejectedError) return 'junk';
    throw error;
  }
}

/**
 * What the owner's module gives for a batch. An answer of no form, or a refusal for this batch alone, counts as none: else it
 * would keep everything up that comes later.
 * @throws UnavailableError where it can't be reached; RejectedError `DENIED` where it lets this user do nothing
 */
export async function given(answer: Promise<Json | undefined>): Promise<Json | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isRefusal(error, 'BAD_ANSWER', 'CALL_REFUSED')) return undefined;
    throw error;
  }
}

/** The header in a refused delivery, where it is the anchored one. */
export function deliveredHeader(delivered: Json, ownerKey: Bytes, anchored: string): Envelope | undefined {
  const header = signedHeader((delivered as { header?: unknown } | null)?.header, ownerKey);
  return header?.hash === anchored ? header.envelope : undefined;
}

/** What is claimed to be a header, where the owner has signed it. */
export function signedHeader(
  claimed: unknown,
  ownerKey: Bytes,
): { readonly envelope: Envelope; readonly hash: string; readonly channel: string; readonly n: number } | undefined {
  try {
    const envelope = parseEnvelope(claimed);
    const { value, hash } = openHeader(envelope, ownerKey);
    return { envelope, hash: toBase64Url(hash), channel: value.channel, n: value.n };
  } catch (error) {
    if (error instanceof RejectedError) return undefined;
    throw error;
  }
}
