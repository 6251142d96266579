/** Where the sequence numbers of notification messages begin again (OPC UA Part 4, clause 7.6: 1 follows the greatest UInt32). */
const GREATEST = 0xffffffff;
const HALF = 0x80000000;

/**
 * Follows the sequence numbers of a subscription's messages, which a server gives without a gap (OPC UA Part 4, clause
 * 5.14.1.2). A message that got lost with a connection and that the server no longer has for Republish shows here alone.
 */
export class NotificationOrder {
  #next: number | undefined;

  /**
   * Takes the number of a message.
   * @param hasData false for a keep-alive, which bears the number of the message to come
   * @returns whether messages before it are missing
   */
  isAfterGap(sequenceNumber: number, hasData: boolean): boolean {
    const next = this.#next ?? sequenceNumber;
    const ahead = (sequenceNumber - next) >>> 0;
    // One that was sent again, or one of a server whose keep-alives bear the last message's number.
    if (ahead >= HALF) return false;
    this.#next = hasData ? following(sequenceNumber) : sequenceNumber;
    return ahead > 0;
  }
}

function following(sequenceNumber: number): number {
  return sequenceNumber === GREATEST ? 1 : sequenceNumber + 1;
}
