import { type ClientSession, type NodeId } from 'node-opcua';
import { unavailable } from './errors.ts';
import type { LinkOptions } from './link-options.ts';
import { resolveNodeId } from './namespaces.ts';
import { openSession, type OpenSession } from './session.ts';

export type LinkState =
  | {
      readonly state: 'connected';
      /** The subscriptions went on: nothing is missing. */ readonly resumed: boolean;
      readonly atMs: number;
    }
  | { readonly state: 'disconnected'; readonly atMs: number }
  /** An attempt to connect again failed. The next follows by itself. */
  | { readonly state: 'waiting'; readonly error: Error; readonly retryInMs: number; readonly atMs: number };

/** What lives on a session and has to be built anew with it. */
export interface LinkUser {
  /** Called with every new session, before it counts as connected. A throw makes the attempt fail. */
  prepare(session: SessionView): Promise<void>;
  /** Called when a session was resumed: is what `prepare` built still whole? */
  survived(): boolean;
  onState?(state: LinkState): void;
}

/** A session with node ids by namespace URI. */
export interface SessionView {
  readonly session: ClientSession;
  nodeId(text: string): NodeId;
}

/**
 * A lasting connection to one server. A break is first mended by OPC UA's own means (OPC UA Part 4, clause 6.7): the same
 * session on a new secure channel; where the server has ended it, a new session to which the subscriptions are transferred;
 * in both cases what was sent and not received is republished. Where the server has forgotten the subscriptions too,
 * everything is set up anew, and the user of the link learns that it was not resumed.
 */
export class UaLink {
  readonly #options: LinkOptions;
  readonly #user: LinkUser;
  #open: OpenSession | undefined;
  #connected = false;
  #closed = false;
  #resumeTimer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;
  #rebuilding: Promise<void> | undefined;
  /** Breaks so far: an answer that was asked for before the last one counts no more. */
  #breaks = 0;

  constructor(options: LinkOptions, user: LinkUser) {
    this.#options = options;
    this.#user = user;
  }

  /**
   * One attempt; after it has succeeded, the link reconnects by itself until `close`.
   * @throws RejectedError or UnavailableError, see ClientErrorCode
   */
  async connect(): Promise<void> {
    await this.#build();
    this.#setConnected(false);
  }

  /** Like `connect`, but goes on trying until it succeeds or the link is closed. Failures go to `onState`. */
  async connectPatiently(): Promise<void> {
    await this.#retry(undefined);
  }

  /** @throws UnavailableError `NOT_CONNECTED`. Nothing is held back for later: a write that is sent late would be a false reading. */
  view(): SessionView {
    if (!this.#connected || this.#open === undefined) {
      throw unavailable('NOT_CONNECTED', `There is no connection to ${this.#options.endpointUrl} at the moment; it is being restored.`);
    }
    return viewOf(this.#open);
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Sets everything up anew, as after a lost session. */
  rebuild(): void {
    if (this.#closed || this.#rebuilding !== undefined) return;
    this.#setDisconnected();
    const old = this.#open;
    this.#open = undefined;
    this.#rebuilding = this.#retry(old).finally(() => {
      this.#rebuilding = undefined;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connected = false;
    clearTimeout(this.#resumeTimer);
    this.#wake?.();
    await this.#rebuilding;
    const open = this.#open;
    this.#open = undefined;
    await open?.close();
  }

  async #build(): Promise<void> {
    const open = await openSession(this.#options, {
      lost: () => this.#onLost(open),
      restored: () => this.#onRestored(open),
      broken: () => this.#onBroken(open),
    });
    try {
      await this.#user.prepare(viewOf(open));
    } catch (error) {
      await open.close();
      throw error;
    }
    if (this.#closed) return await open.close();
    this.#open = open;
  }

  async #retry(old: OpenSession | undefined): Promise<void> {
    await old?.close();
    let pause = this.#options.retryFirstMs ?? 250;
    while (!this.#closed) {
      try {
        await this.#build();
        if (!this.#closed) this.#setConnected(false);
        return;
      } catch (error) {
        if (this.#closed) return;
        const reason = error instanceof Error ? error : new Error(String(error));
        this.#user.onState?.({ state: 'waiting', error: reason, retryInMs: pause, atMs: Date.now() });
      }
      await this.#sleep(pause);
      pause = Math.min(2 * pause, this.#options.retryMostMs ?? 10_000);
    }
  }

  #onLost(open: OpenSession): void {
    if (open !== this.#open || this.#closed) return;
    this.#breaks += 1;
    this.#setDisconnected();
    clearTimeout(this.#resumeTimer);
    this.#resumeTimer = setTimeout(() => this.rebuild(), this.#options.resumeWithinMs ?? 20_000);
  }

  #onRestored(open: OpenSession): void {
    if (open !== this.#open || this.#closed) return;
    clearTimeout(this.#resumeTimer);
    if (open.sameSession()) this.#resume(true);
    else void this.#resumeTransferred(open);
  }

  async #resumeTransferred(open: OpenSession): Promise<void> {
    const breaks = this.#breaks;
    const transferred = await open.transferred().catch(() => false);
    if (open === this.#open && !this.#closed && breaks === this.#breaks) this.#resume(transferred);
  }

  #resume(goesOn: boolean): void {
    if (goesOn && this.#user.survived()) this.#setConnected(true);
    else this.rebuild();
  }

  #onBroken(open: OpenSession): void {
    if (open === this.#open) this.rebuild();
  }

  #setConnected(resumed: boolean): void {
    this.#connected = true;
    this.#user.onState?.({ state: 'connected', resumed, atMs: Date.now() });
  }

  #setDisconnected(): void {
    clearTimeout(this.#resumeTimer);
    if (!this.#connected) return;
    this.#connected = false;
    this.#user.onState?.({ state: 'disconnected', atMs: Date.now() });
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

function viewOf(open: OpenSession): SessionView {
  return { session: open.session, nodeId: (text) => resolveNodeId(text, open.namespaces) };
}
