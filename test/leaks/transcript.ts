import type { ClientSecureChannelLayer, OPCUAClient } from 'node-opcua';
import { bytesOfPicoseconds, masked, type Masking } from './transcript-masks.ts';

/** One message of a server. */
export interface Received {
  readonly kind: string;
  /** Length of the decoded message without the picoseconds of clock times. */
  readonly bytes: number;
  /** The same with them. */
  readonly bytesWithClock: number;
  /** Length of the encrypted chunks that carried it. */
  readonly wireBytes: number;
  readonly says: readonly string[];
}

/**
 * All that a client receives on its secure channel, in order: answers to its requests in one list, notifications in another,
 * for these two race each other.
 */
export class Transcript {
  readonly answers: Received[] = [];
  readonly notifications: Received[] = [];
  readonly #masking: Masking;
  #bytes = 0;
  #wireBytes = 0;

  constructor(masking: Masking) {
    this.#masking = masking;
  }

  /** Listens from now on. */
  record(client: OPCUAClient): void {
    const layer = (client as unknown as { _secureChannel: ClientSecureChannelLayer })._secureChannel;
    layer._getMessageBuilder()?.on('full_message_body', (body: Buffer) => (this.#bytes = body.length));
    layer.on('receive_chunk', (chunk) => (this.#wireBytes += chunk.length));
    layer.on('message', (response) => {
      const [bytesWithClock, wireBytes] = [this.#bytes, this.#wireBytes];
      this.#wireBytes = 0;
      const kind = response.schema.name;
      const bytes = bytesWithClock - bytesOfPicoseconds(response);
      const received = { kind, bytes, bytesWithClock, wireBytes, says: masked(response, this.#masking) };
      if (kind !== 'PublishResponse') this.answers.push(received);
      else if (isNotification(response)) this.notifications.push(received);
    });
  }
}

/** A keep-alive says nothing, and comes by the time that has passed. */
function isNotification(response: object): boolean {
  const { notificationMessage } = response as { readonly notificationMessage?: { readonly notificationData?: readonly unknown[] | null } };
  return (notificationMessage?.notificationData ?? []).length > 0;
}
