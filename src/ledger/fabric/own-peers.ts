import { DcmbError } from '../../core/index.ts';
import { closed, isTransportFault } from './errors.ts';
import type { PeerGateway } from './peer-gateway.ts';

/** The peers of the own organisation: one is asked as long as it answers, then the next. */
export class OwnPeers {
  readonly all: readonly PeerGateway[];
  readonly #closed = new AbortController();
  #preferred = 0;

  /** @param all one at least */
  constructor(all: readonly PeerGateway[]) {
    this.all = all;
  }

  /** Aborts when the peers are closed. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  get preferred(): PeerGateway {
    return this.all[this.#preferred] as PeerGateway;
  }

  /** The preferred peer did not answer, or is behind: another one is asked first from now on. */
  turnFrom(peer: PeerGateway): void {
    if (this.preferred === peer) this.#preferred = (this.#preferred + 1) % this.all.length;
  }

  /**
   * Asks one peer after the other until one has an answer.
   * @param isFinal says of an error that every peer would give it
   * @throws the last error
   */
  async ask<Answer>(call: (peer: PeerGateway) => Promise<Answer>, isFinal: (error: unknown) => boolean = () => false): Promise<Answer> {
    let last: unknown;
    for (let attempt = 0; attempt < this.all.length; attempt++) {
      const peer = this.preferred;
      try {
        return await this.unlessClosed(call(peer));
      } catch (error) {
        if (this.signal.aborted || error instanceof DcmbError || isFinal(error)) throw error;
        if (isTransportFault(error) || this.all.length > 1) this.turnFrom(peer);
        last = error;
      }
    }
    throw last;
  }

  /** What a call gives, unless these peers are closed first: then nobody waits for it any more. @throws UnavailableError `CLOSED` */
  async unlessClosed<Answer>(call: Promise<Answer>): Promise<Answer> {
    const { signal } = this;
    if (signal.aborted) {
      call.catch(() => undefined);
      throw closed();
    }
    let stop = (): void => undefined;
    const ended = new Promise<never>((_, reject) => {
      stop = () => reject(closed());
      signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([call, ended]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  requireOpen(): void {
    if (this.signal.aborted) throw closed();
  }

  close(): void {
    this.#closed.abort();
    for (const peer of this.all) peer.close();
  }
}
