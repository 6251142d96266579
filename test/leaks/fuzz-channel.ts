import {
  ClientSecureChannelLayer,
  type ClientSession,
  MessageSecurityMode,
  NodeId,
  type OPCUAClient,
  SecurityPolicy,
  type UserIdentityInfo,
} from 'node-opcua';
import { uaClient } from '../support/ua-client.ts';
import type { ApplicationIdentity } from '../../src/server/identity/index.ts';
import type { Request } from './fuzz-requests.ts';
import type { Heard } from './fuzz-values.ts';

/** What is told of an answer: the service result, or that none came. */
export type Outcome = string;

/** How long an answer is waited for. Publish waits at the server, and a damaged request may have no answer. */
const ANSWER_WITHIN_MS = 150;
/** node-opcua's client must not give up before: it takes a late answer for a fault of its own. */
const NEVER_MS = 3_600_000;

/** Reads every decoded byte that a server sends. */
export type Listener = (bytes: Buffer) => void;

/** A secure channel on which anything may be said. */
export class HostileChannel {
  readonly #layer: ClientSecureChannelLayer;
  readonly #end: () => Promise<void>;
  readonly #heard: Heard;
  token: NodeId = NodeId.nullNodeId;
  /** Damages the next chunk, after it was signed and encrypted. */
  damageChunk: ((chunk: Buffer) => void) | undefined;

  private constructor(layer: ClientSecureChannelLayer, heard: Heard, listener: Listener, end: () => Promise<void>) {
    this.#layer = layer;
    this.#heard = heard;
    this.#end = end;
    layer._getMessageBuilder()?.on('full_message_body', listener);
    layer.on('send_chunk', (chunk) => {
      this.damageChunk?.(chunk);
      this.damageChunk = undefined;
    });
  }

  /** Without security, as whoever asks for the endpoints. */
  static async unsecured(endpointUrl: string, heard: Heard, listener: Listener): Promise<HostileChannel> {
    const layer = new ClientSecureChannelLayer({
      securityMode: MessageSecurityMode.None,
      securityPolicy: SecurityPolicy.None,
      connectionStrategy: { maxRetry: 0 },
    });
    await new Promise<void>((resolve, reject) => {
      layer.create(endpointUrl, (error) => (error ? reject(error) : resolve()));
    });
    return new HostileChannel(layer, heard, listener, () => new Promise((resolve) => layer.close(() => resolve())));
  }

  /** Signed and encrypted; with a user, in an activated session. */
  static async secured(
    on: { readonly endpointUrl: string; readonly own: ApplicationIdentity; readonly server: ApplicationIdentity },
    user: UserIdentityInfo | undefined,
    heard: Heard,
    listener: Listener,
  ): Promise<HostileChannel> {
    const client = uaClient(on.own, on.server);
    // A server that closes the connection ends this client's business.
    client.on('connection_lost', () => undefined);
    try {
      await client.connect(on.endpointUrl);
      const session = user === undefined ? undefined : await client.createSession(user);
      const channel = new HostileChannel(layerOf(client), heard, listener, () => client.disconnect());
      if (session !== undefined) channel.token = tokenOf(session);
      return channel;
    } catch (error) {
      await client.disconnect();
      throw error;
    }
  }

  /** Hands over every chunk as it goes out. */
  recordChunks(take: (chunk: Buffer) => void): void {
    this.#layer.on('send_chunk', take);
  }

  get isOpen(): boolean {
    return this.#layer.isOpened();
  }

  /** Sends it with this channel's session, whatever its body is. */
  async send(request: Request, withinMs = ANSWER_WITHIN_MS): Promise<Outcome> {
    if (!this.isOpen) return 'closed';
    request.requestHeader.authenticationToken = this.token;
    request.requestHeader.timeoutHint = NEVER_MS;
    return new Promise((resolve) => {
      const impatience = setTimeout(() => resolve(this.isOpen ? 'silent' : 'closed'), withinMs);
      const answered = (outcome: Outcome): void => {
        clearTimeout(impatience);
        resolve(outcome);
      };
      try {
        this.#layer.performMessageTransaction(request, (error, response) => {
          if (response !== undefined) learn(response as unknown as Record<string, unknown>, this.#heard);
          answered(error === null ? (response?.responseHeader.serviceResult.name ?? 'none') : outcomeOf(error));
        });
      } catch {
        // Such a value has no encoding: nothing was sent.
        answered('not sent');
      }
    });
  }

  async close(): Promise<void> {
    await this.#end();
  }
}

function outcomeOf(error: Error): Outcome {
  return /Bad\w+/.exec(error.message)?.[0] ?? 'closed';
}

function layerOf(client: OPCUAClient): ClientSecureChannelLayer {
  return (client as unknown as { _secureChannel: ClientSecureChannelLayer })._secureChannel;
}

function tokenOf(session: ClientSession): NodeId {
  return (session as unknown as { authenticationToken: NodeId }).authenticationToken;
}

const NUMBERS = new Set(['subscriptionId', 'monitoredItemId', 'serverHandle']);

/** Keeps the ids that a server handed out. */
function learn(answer: Record<string, unknown>, heard: Heard, depth = 0): void {
  if (depth > 3) return;
  for (const [name, value] of Object.entries(answer)) {
    if (typeof value === 'number' && NUMBERS.has(name)) heard.number(value);
    else if (name === 'continuationPoint' && Buffer.isBuffer(value) && value.length > 0) heard.continuation(value);
    else if (Array.isArray(value))
      for (const each of value.slice(0, 5))
        if (typeof each === 'object' && each !== null) learn(each as Record<string, unknown>, heard, depth + 1);
  }
}
