/** After the greatest UInt32 sequence numbers begin again at 1 (OPC UA Part 4, clause 7.6). */
const GREATEST = 0xffffffff;
const HALF = 0x80000000;
/** Messages that a server may send again: far more than any keeps for Republish. */
const MOST_REMEMBERED = 4096;

/** `afterGap`: messages before it are missing, or the server counts anew. `again`: it was taken already. */
export type NotificationPlace = 'next' | 'afterGap' | 'again';

/**
 * Follows the sequence numbers of a subscription's messages, which a server gives without a gap (OPC UA Part 4, clause
 * 5.14.1.2). A message that got lost with a connection and that the server no longer has for Republish shows here alone.
 */
export class NotificationOrder {
  readonly #taken = new Set<number>();
  #next: number | undefined;

  /**
   * Takes the number of a message.
   * @param hasData false for a keep-alive, which bears the number of the message to come (that of the last one on some servers)
   */
  take(sequenceNumber: number, hasData: boolean): NotificationPlace {
    if (this.#taken.has(sequenceNumber)) return 'again';
    const isNext = this.#ahead(sequenceNumber) === 0;
    this.#next = hasData ? following(sequenceNumber) : sequenceNumber;
    if (hasData) this.#remember(sequenceNumber);
    return isNext ? 'next' : 'afterGap';
  }

  /** In the order in which a server made them; messages sent again may come after newer ones. */
  sorted<Message extends { readonly sequenceNumber: number }>(messages: readonly Message[]): Message[] {
    const place = ({ sequenceNumber }: Message): number => {
      const ahead = this.#ahead(sequenceNumber);
      return ahead < HALF ? ahead : ahead - GREATEST;
    };
    return messages.toSorted((one, other) => place(one) - place(other));
  }

  #ahead(sequenceNumber: number): number {
    return this.#next === undefined ? 0 : (sequenceNumber - this.#next) >>> 0;
  }

  #remember(sequenceNumber: number): void {
    this.#taken.add(sequenceNumber);
    const oldest = this.#taken.values().next();
    if (this.#taken.size > MOST_REMEMBERED && !oldest.done) this.#taken.delete(oldest.value);
  }
}

function following(sequenceNumber: number): number {
  return sequenceNumber === GREATEST ? 1 : sequenceNumber + 1;
}
