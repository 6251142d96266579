import type { ClientSecureChannelLayer, OPCUAClient } from 'node-opcua';
import { masked, type Masking } from './transcript-masks.ts';

/** One message of a server: what it is, how long its decoded bytes are and the chunks that carried it, and what it says. */
export interface Received {
  readonly kind: string;
  readonly bytes: number;
  readonly says: readonly string[];
}

/**
 * All that a client receives on its secure channel, in order: answers to its requests in one list, notifications in another,
 * for these two race each other.
 */
export class Transcript {
  readonly answers: Received[] = [];
  readonly notifications: Received[] = [];
  /** Lengths of encrypted chunks, of both lists. */
  readonly chunks: number[] = [];
  readonly #masking: Masking;
  #bytes = 0;

  constructor(masking: Masking) {
    this.#masking = masking;
  }

  /** Listens from now on. */
  record(client: OPCUAClient): void {
    const layer = (client as unknown as { _secureChannel: ClientSecureChannelLayer })._secureChannel;
    layer._getMessageBuilder()?.on('full_message_body', (body: Buffer) => (this.#bytes = body.length));
    layer.on('receive_chunk', (chunk) => void this.chunks.push(chunk.length));
    layer.on('message', (response) => {
      const kind = response.schema.name;
      const says = masked(response, this.#masking);
      (kind === 'PublishResponse' ? this.notifications : this.answers).push({ kind, bytes: this.#bytes, says });
    });
  }
}
