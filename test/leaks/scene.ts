import type { UserIdentityInfo } from 'node-opcua';
import type { ApplicationIdentity } from '../../src/server/index.ts';
import { type Canaries, type Secret, type Sighting } from './canaries.ts';
import { canariesIn } from './decoded.ts';
import type { Finding, ServiceName } from './services.ts';
import { SERVICES } from './services.ts';
import type { Answer, Message, Target, Wire } from './wire.ts';

/** Whoever asks: a role at a server, with what it must not learn. */
export interface Actor {
  readonly name: string;
  readonly target: Target;
  readonly own: ApplicationIdentity;
  readonly user: UserIdentityInfo;
  readonly denied: readonly Secret[];
  /** Its own user name is no secret to it. */
  readonly ownName?: string;
  /** A PLC: what it writes is taken. */
  readonly mayWrite?: boolean;
}

/** A node that is asked about, by the text of its NodeId. */
export interface AskedNode {
  readonly id: string;
  /** Does not exist, and has an id of the same length. */
  readonly twin: string;
  /** `hidden`: the actor must not learn that it exists. `denied`: it may see the node but not its value. */
  readonly visibility: 'hidden' | 'denied';
}

/** Servers with something to hide, and PLCs that write. */
export interface Scene {
  readonly canaries: Canaries;
  /** Writes canaries: so many to each tag. */
  write(each: number): Promise<void>;
  /** What an actor is asked to find out about. */
  nodesFor(actor: Actor): readonly AskedNode[];
}

/** What was sent, what came back, and what of it was a leak. */
export class Tally {
  probes = 0;
  answers = 0;
  /** Requests to which nothing came back. */
  unanswered = 0;
  readonly findings: Finding[] = [];
  readonly #byService = new Map<ServiceName, number>();
  readonly #seen = new Set<string>();

  /** A request that was sent, with what came back: of an answer each operation counts, and none where there was no answer. */
  count(service: ServiceName, { response, results }: Pick<Answer, 'response' | 'results'>): void {
    this.probes++;
    if (response === undefined) this.unanswered++;
    else this.answers += Math.max(1, results.length);
    this.#byService.set(service, (this.#byService.get(service) ?? 0) + 1);
  }

  /** Requests that a client of the stack's own sent, such as those of a log-in, with the messages that came back. */
  countOwn(services: readonly ServiceName[], messages: number): void {
    services.forEach((service) => this.#byService.set(service, (this.#byService.get(service) ?? 0) + 1));
    this.probes += services.length;
    this.answers += Math.min(messages, services.length);
    this.unanswered += Math.max(0, services.length - messages);
  }

  countNotifications(count: number): void {
    this.answers += count;
  }

  /** The same finding counts once. */
  find(finding: Finding): void {
    const key = JSON.stringify(finding);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.findings.push(finding);
  }

  probesOf(service: ServiceName): number {
    return this.#byService.get(service) ?? 0;
  }
}

/** Looks for canaries in everything that an actor has received since the last look. */
export function search(wire: Wire, actor: Pick<Actor, 'name' | 'denied' | 'ownName'>, canaries: Canaries, tally: Tally): void {
  const { raw, messages } = wire.take();
  const report = (service: ServiceName, sightings: readonly (Sighting & { readonly path?: string })[]): void => {
    for (const { secret, what, path } of sightings) {
      // RegisterNodes gives back the ids that it was asked with.
      if (service === 'RegisterNodes' && secret === 'tags') continue;
      if (!actor.denied.includes(secret) || (actor.ownName !== undefined && what.startsWith(`${actor.ownName}:`))) continue;
      tally.find({ detector: 'canary', secret, actor: actor.name, service, what: path === undefined ? what : `${what} (${path})` });
    }
  };
  report('OpenSecureChannel', canaries.inBytes(raw));
  for (const message of messages) {
    const service = serviceOf(message);
    report(service, canaries.inBytes(message.body));
    report(service, canariesIn(message.decoded, canaries));
  }
}

function serviceOf({ decoded }: Message): ServiceName {
  const name = (decoded?.constructor.name ?? '').replace(/Response$/, '');
  return name in SERVICES ? (name as ServiceName) : 'DiagnosticInfo';
}

/** An id of the same length that nobody uses. */
export function twinOf(id: string, name: string): string {
  const turned = [...name].map((letter) => TURNED.get(letter) ?? letter).join('');
  return id.replace(name, turned);
}

/** Each letter stands for the one thirteen places on. */
const TURNED = new Map(
  ['abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].flatMap((letters) =>
    [...letters].map((letter, index) => [letter, letters[(index + 13) % 26]!] as const),
  ),
);
