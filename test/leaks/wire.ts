import {
  type ClientSecureChannelLayer,
  type ClientSession,
  MessageSecurityMode,
  type NodeId,
  type OPCUAClient,
  type Request,
  type Response,
  SecurityPolicy,
  type StatusCode,
  type UserIdentityInfo,
} from 'node-opcua';
import type { ApplicationIdentity } from '../../src/server/identity/index.ts';
import { uaClient } from '../support/ua-client.ts';
import { RecordingProxy } from './recording-proxy.ts';

/** A server, as a client finds it. */
export interface Target {
  readonly port: number;
  readonly certificate: Uint8Array;
}

/** What came of one request. */
export interface Answer {
  /** Name of the service's result; `Closed` where the server ended the connection instead. */
  readonly status: string;
  /** Names of the results of the single operations, where the service has any. */
  readonly results: readonly string[];
  readonly response: Response | undefined;
  /** Of the decrypted message. */
  readonly bytes: number;
  readonly tookMs: number;
}

/** All bits: service and operation level, symbolic ids, texts, additional info, inner codes (OPC UA Part 4, clause 7.33). */
const EVERY_DIAGNOSTIC = 0x3ff;
const ANSWER_WITHIN_MS = 15_000;

/** The receiving side of node-opcua's secure channel, as far as this needs it. */
interface Channel {
  on(event: 'beforePerformTransaction', listener: () => void): unknown;
  _getMessageBuilder(): Builder | undefined;
}
interface Builder {
  on(event: 'full_message_body', listener: (body: Buffer) => void): unknown;
  on(event: 'message', listener: (message: object) => void): unknown;
  listenerCount(event: string): number;
}

/** A message that the server sent. */
export interface Message {
  /** Decrypted. */
  readonly body: Buffer;
  /** Undefined where it could not be decoded. */
  decoded: object | undefined;
}

export interface WireOptions {
  /** Without any security, as stock clients ask for endpoints. */
  readonly unsecured?: boolean;
}

/**
 * A client that sends whatever request it is given, with whatever session token, and keeps everything that it receives:
 * raw bytes, decrypted messages, and messages decoded.
 */
export class Wire {
  readonly #proxy: RecordingProxy;
  readonly #own: ApplicationIdentity;
  readonly #target: Target;
  readonly #options: WireOptions;
  readonly #sizes = new WeakMap<object, number>();
  #messages: Message[] = [];
  #client: OPCUAClient | undefined;
  #session: ClientSession | undefined;
  /** The token that requests carry; absent for requests without a session. */
  token: NodeId | undefined;

  private constructor(proxy: RecordingProxy, own: ApplicationIdentity, target: Target, options: WireOptions) {
    this.#proxy = proxy;
    this.#own = own;
    this.#target = target;
    this.#options = options;
  }

  static async open(own: ApplicationIdentity, target: Target, options: WireOptions = {}): Promise<Wire> {
    const wire = new Wire(await RecordingProxy.start(target.port), own, target, options);
    try {
      await wire.connect();
      return wire;
    } catch (error) {
      await wire.close();
      throw error;
    }
  }

  /** Connects, again where the server had closed the connection. @throws Error with the server's status in its message */
  async connect(): Promise<void> {
    await this.#client?.disconnect().catch(() => undefined);
    this.#client = this.#listen(clientFor(this.#own, this.#target, this.#options));
    await this.#client.connect(`opc.tcp://localhost:${this.#proxy.port}`);
  }

  /** Creates and activates a session, whose token requests carry from then on. @returns `Good`, or why the server refused */
  async login(user: UserIdentityInfo): Promise<string> {
    try {
      this.#session = await this.#connected().createSession(user);
      this.token = (this.#session as ClientSession & { authenticationToken: NodeId }).authenticationToken;
      return 'Good';
    } catch (error) {
      return statusIn(error);
    }
  }

  get session(): ClientSession {
    if (this.#session === undefined) throw new Error('There is no session.');
    return this.#session;
  }

  /** Sends one request and waits for its answer. Connects again first where the server had closed the connection. */
  async send(request: Request, token: NodeId | undefined = this.token): Promise<Answer> {
    if (!this.#connected().isReconnecting && !this.alive) await this.connect();
    const header = request.requestHeader;
    if (token !== undefined) header.authenticationToken = token;
    header.returnDiagnostics = EVERY_DIAGNOSTIC;
    header.timeoutHint = ANSWER_WITHIN_MS;
    const began = performance.now();
    const { error, response } = await this.#transact(request);
    const tookMs = performance.now() - began;
    if (response === undefined) return { status: statusIn(error), results: [], response, bytes: 0, tookMs };
    const bytes = this.#sizes.get(response) ?? 0;
    return { status: response.responseHeader.serviceResult.name, results: resultsOf(response), response, bytes, tookMs };
  }

  /** Who the client is, for a CreateSession of one's own. */
  get description(): { readonly clientDescription: object; readonly clientCertificate: Buffer } {
    const { applicationUri, applicationName, certificate } = this.#own;
    return {
      clientDescription: { applicationUri, applicationName: { text: applicationName }, applicationType: 1 },
      clientCertificate: Buffer.from(certificate),
    };
  }

  /** Of the secure channel that is open now. */
  get channelId(): number {
    return (this.#client as unknown as { _secureChannel?: { channelId: number } })._secureChannel?.channelId ?? 0;
  }

  get alive(): boolean {
    const channel = (this.#client as unknown as { _secureChannel?: { isValid(): boolean } | null })._secureChannel;
    return channel?.isValid() === true;
  }

  /** Answers since the last call of {@link take}, those to the opening of the channel left out. */
  get received(): number {
    return this.#messages.filter(({ decoded }) => /^(?:CreateSession|ActivateSession|ServiceFault)/.test(decoded?.constructor.name ?? ''))
      .length;
  }

  /** Everything received since the last call. */
  take(): { readonly raw: Buffer; readonly messages: readonly Message[] } {
    const taken = { raw: this.#proxy.take(), messages: this.#messages };
    this.#messages = [];
    return taken;
  }

  get rawBytes(): number {
    return this.#proxy.bytes;
  }

  async close(): Promise<void> {
    await this.#session?.close(true).catch(() => undefined);
    await this.#client?.disconnect().catch(() => undefined);
    await this.#proxy.stop();
  }

  #connected(): OPCUAClient {
    if (this.#client === undefined) throw new Error('The wire is not connected.');
    return this.#client;
  }

  #transact(request: Request): Promise<{ error?: unknown; response?: Response }> {
    const client = this.#connected() as OPCUAClient & {
      performMessageTransaction(request: Request, callback: (error: Error | null, response?: Response) => void): void;
    };
    return new Promise((resolve) => {
      client.performMessageTransaction(request, (error, response) => {
        const answered = response ?? (error as { response?: Response } | null)?.response;
        resolve({ ...(error === null ? {} : { error }), ...(answered === undefined ? {} : { response: answered }) });
      });
    });
  }

  /** Every secure channel of the client makes a message builder for its connection, before its first request goes out. */
  #listen(client: OPCUAClient): OPCUAClient {
    client.on('secure_channel_created', (created: ClientSecureChannelLayer) => {
      const channel = created as unknown as Channel;
      channel.on('beforePerformTransaction', () => {
        const builder = channel._getMessageBuilder();
        if (builder === undefined || builder.listenerCount('full_message_body') > 0) return;
        let last: Message | undefined;
        builder.on('full_message_body', (body) => {
          last = { body: Buffer.from(body), decoded: undefined };
          this.#messages.push(last);
        });
        builder.on('message', (decoded) => {
          if (last === undefined) return;
          last.decoded = decoded;
          this.#sizes.set(decoded, last.body.length);
        });
      });
    });
    return client;
  }
}

function clientFor(own: ApplicationIdentity, target: Target, { unsecured = false }: WireOptions): OPCUAClient {
  const security = unsecured ? { mode: MessageSecurityMode.None, policy: SecurityPolicy.None } : {};
  return uaClient(own, target, { ...security, sessionTimeoutMs: 600_000 });
}

function resultsOf(response: Response): string[] {
  const { results } = response as Response & { results?: unknown };
  if (!Array.isArray(results)) return [];
  return results.map((result: { name?: string; statusCode?: StatusCode }) => result.statusCode?.name ?? result.name ?? '');
}

/** node-opcua tells a refusal by an error whose text names the status. */
function statusIn(error: unknown): string {
  const response = (error as { response?: Response } | undefined)?.response;
  if (response !== undefined) return response.responseHeader.serviceResult.name;
  return /\b(?:Bad|Uncertain)[A-Z][A-Za-z]+/.exec(error instanceof Error ? error.message : '')?.[0] ?? 'Closed';
}
