import { AttributeIds, type ClientSession, NodeId, resolveNodeId } from 'node-opcua';
import type { SeededRandom } from '../crash/random.ts';
import { uaClient } from '../support/ua-client.ts';
import { until } from '../support/until.ts';
import { HostileChannel } from './fuzz-channel.ts';
import { hello, sendGarbage, Stranger, transportMessage } from './fuzz-garbage.ts';
import { hugeRequests } from './fuzz-huge.ts';
import { damaged, type Request, requestOf, type Service, SERVICES } from './fuzz-requests.ts';
import { type FuzzTarget, isAlive, residentBytes } from './fuzz-targets.ts';
import { Heard, newStructure, Values } from './fuzz-values.ts';

/** How the attack on a server went. */
export interface Damage {
  readonly requests: number;
  /** Messages and pieces of them that came back. */
  readonly answers: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Secrets that came out, by name. */
  readonly out: readonly string[];
  readonly mostBytes: number;
}

const ANONYMOUS_SERVICES: readonly Service[] = ['GetEndpoints', 'FindServers', 'FindServersOnNetwork', 'RegisterServer', 'CreateSession'];

/** How long the answer to a huge request is waited for. */
const HUGE_WITHIN_MS = 2000;
/** Requests that are on their way together. */
const AT_ONCE = 10;

/** One attacker with all that it heard. The same seed says the same things in the same order. */
export class Attack {
  readonly #target: FuzzTarget;
  readonly #random: SeededRandom;
  readonly #values: Values;
  readonly #heard = new Heard();
  readonly #out = new Set<string>();
  readonly #outcomes = new Map<string, number>();
  #requests = 0;
  #answers = 0;
  #mostBytes = 0;
  #last: string[] = [];

  constructor(target: FuzzTarget, random: SeededRandom) {
    this.#target = target;
    this.#random = random;
    this.#values = new Values(random, this.#heard);
  }

  get result(): Damage {
    const outcomes = Object.fromEntries([...this.#outcomes].sort(([, a], [, b]) => b - a));
    return { requests: this.#requests, answers: this.#answers, outcomes, out: [...this.#out], mostBytes: this.#mostBytes };
  }

  /** Looks for secrets in whatever the server sends. */
  readonly listen = (bytes: Buffer): void => {
    this.#answers++;
    for (const [name, form] of this.#target.canaries) if (bytes.includes(form)) this.#out.add(name);
  };

  /** Learns the nodes that a session sees, as a client would that browses first. */
  async look(): Promise<void> {
    await this.#asUser(async (session) => {
      const seen = new Set<string>();
      const waiting: NodeId[] = [resolveNodeId('i=84')];
      while (waiting.length > 0 && seen.size < 3000) {
        const nodes = waiting.splice(0, 100);
        const results = await session.browse(nodes.map((nodeId) => ({ nodeId, browseDirection: 0, includeSubtypes: true, resultMask: 0 })));
        for (const reference of results.flatMap(({ references }) => references ?? [])) {
          const id = resolveNodeId(reference.nodeId.toString());
          if (seen.has(id.toString())) continue;
          seen.add(id.toString());
          waiting.push(id);
          if (id.namespace > 1 || seen.size % 7 === 0) this.#heard.nodeIds.push(id);
        }
      }
    });
  }

  /** A session of its own gets in and reads: the server works. @throws Error when it does not */
  async works(): Promise<void> {
    await this.#asUser(async (session) => {
      const { statusCode } = await session.read({ nodeId: 'i=2258', attributeId: AttributeIds.Value });
      if (statusCode.isNotGood()) throw new Error(`The server's time reads ${statusCode.name}.`);
    });
    await this.#measure();
  }

  /** Requests of every service in a session, in any order, whole or damaged. */
  async inSession(count: number, isDamaged: boolean): Promise<void> {
    await this.#many(
      count,
      () => this.#open('session'),
      (channel) => this.#say(channel, SERVICES, isDamaged),
    );
  }

  /** The same without a session, and with tokens of sessions that there are not. */
  async outOfOrder(count: number): Promise<void> {
    await this.#many(
      count,
      () => this.#open('channel'),
      async (channel) => {
        channel.token =
          this.#random.next() < 0.3
            ? NodeId.nullNodeId
            : resolveNodeId(`ns=0;b=${Buffer.alloc(this.#random.between(0, 40), 7).toString('base64')}`);
        await this.#say(channel, SERVICES, this.#random.next() < 0.3);
      },
    );
  }

  /** What a stranger may say on a channel without security, and what it may not. */
  async unsecured(count: number): Promise<void> {
    await this.#many(
      count,
      () => this.#open('unsecured'),
      async (channel) => {
        const services = this.#random.next() < 0.7 ? ANONYMOUS_SERVICES : SERVICES;
        await this.#say(channel, services, this.#random.next() < 0.5);
      },
    );
  }

  /** Chunks with flipped bits on a signed channel. */
  async brokenChunks(count: number): Promise<void> {
    await this.#many(
      count,
      () => this.#open('channel'),
      async (channel) => {
        channel.damageChunk = (chunk) => (chunk[this.#random.between(0, chunk.length - 1)]! ^= 1 << this.#random.between(0, 7));
        await this.#say(channel, ['Read', 'Browse', 'GetEndpoints'], false);
      },
    );
  }

  /** Requests at and beyond the limits, with a look now and then whether the server works. */
  async huge(): Promise<void> {
    for (const [index, [name, make]] of hugeRequests().entries()) {
      const channel = await this.#open('session');
      await this.#request(channel, newStructure('CreateSubscriptionRequest') as unknown as Request);
      this.#last = [name];
      await this.#request(channel, make(), HUGE_WITHIN_MS);
      await channel.close();
      if (index % 5 === 4) await this.works();
      else await this.#measure();
    }
  }

  /** Bytes of strangers: noise, transport messages with faults, recorded chunks replayed and damaged. */
  async garbage(connections: number): Promise<void> {
    const recorded: Buffer[] = [];
    for (const kind of ['unsecured', 'session'] as const) {
      const channel = await this.#open(kind);
      channel.recordChunks((chunk) => void recorded.push(Buffer.from(chunk)));
      for (const service of ['GetEndpoints', 'Read', 'CreateSession'] as const) {
        const request = requestOf(service, this.#values);
        if (request !== undefined) await this.#request(channel, request);
      }
      await channel.close();
    }
    for (let sent = 0; sent < connections; sent += 100) {
      await sendGarbage(this.#target.endpointUrl, this.listen, recorded, this.#random, Math.min(100, connections - sent));
      await this.works();
    }
  }

  /** A message that has no end, on a few connections at once: what a server collects of it is bounded. */
  async endless(connections: number): Promise<void> {
    const { endpointUrl } = this.#target;
    const strangers = await Promise.all(Array.from({ length: connections }, () => Stranger.connect(endpointUrl, this.listen)));
    for (const stranger of strangers) stranger.send(hello(endpointUrl));
    const chunk = transportMessage('OPNC', Buffer.alloc(8184, 1));
    for (let sent = 0; sent < 500; sent++) for (const stranger of strangers) await stranger.push(chunk);
    await this.#measure();
    for (const stranger of strangers) stranger.close();
  }

  /** Sends one request as it is. */
  async #request(channel: HostileChannel, request: Request, withinMs?: number): Promise<string> {
    const outcome = await channel.send(request, withinMs);
    this.#requests++;
    this.#last = [...this.#last.slice(-4), `${(request as { schema?: { name: string } }).schema?.name ?? ''} ${outcome}`];
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    return outcome;
  }

  async #say(channel: HostileChannel, services: readonly Service[], isDamaged: boolean): Promise<void> {
    const service = services[this.#random.between(0, services.length - 1)]!;
    const request = requestOf(service, this.#values);
    // Some combinations node-opcua refuses to make at all.
    if (request !== undefined) await this.#request(channel, isDamaged ? damaged(request, this.#random) : request);
  }

  /** Opens a new channel whenever the server has closed the one before. */
  async #many(count: number, open: () => Promise<HostileChannel>, work: (channel: HostileChannel) => Promise<void>): Promise<void> {
    let channel = await open();
    try {
      for (let done = 0; done < count; done += AT_ONCE) {
        if (!channel.isOpen) {
          await channel.close();
          await this.#measure();
          channel = await open();
        }
        // Several at once: a client need not wait, and what it damaged may have no answer.
        await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - done) }, () => work(channel)));
        if (done % (10 * AT_ONCE) === 0) await this.#measure();
      }
    } finally {
      await channel.close();
    }
  }

  #open(kind: 'session' | 'channel' | 'unsecured'): Promise<HostileChannel> {
    const { endpointUrl, user } = this.#target;
    if (kind === 'unsecured') return HostileChannel.unsecured(endpointUrl, this.#heard, this.listen);
    return HostileChannel.secured(this.#target, kind === 'session' ? user : undefined, this.#heard, this.listen);
  }

  async #asUser(work: (session: ClientSession) => Promise<void>): Promise<void> {
    await this.#measure();
    const client = uaClient(this.#target.own, this.#target.server);
    try {
      await client.connect(this.#target.endpointUrl);
      const session = await client.createSession(this.#target.user);
      await work(session);
      await session.close();
    } finally {
      await client.disconnect();
    }
  }

  /** @throws Error when the server's process is gone, with what was said to it last */
  async #measure(): Promise<void> {
    if (!isAlive(this.#target.processId())) await until('its end is told', () => this.#target.ends().length > 0);
    const ends = this.#target.ends();
    if (ends.length > 0)
      throw new Error(`The ${this.#target.name} server's process was lost after ${this.#last.join(', ')}: ${ends.join('; ')}`);
    this.#mostBytes = Math.max(this.#mostBytes, residentBytes(this.#target.processId()));
  }
}
