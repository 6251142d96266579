import { DI_URI, INSTANCE_URI, MACHINERY_URI, TYPES_URI } from './uris.ts';
import assert from 'node:assert/strict';
import { pause } from '../support/pause.ts';
import type { Child, EventField, PathStep, ReadValue, SecurityPolicyName, Typed, User } from './protocol.ts';
import { NotDone, statusName, type StockClient } from './stock-client.ts';
import type { StockPlant } from './harness.ts';

/** NodeIds of the standard that the checks use. */
export const STANDARD = {
  namespaceArray: 'i=2255',
  server: 'i=2253',
  conditionType: 'i=2782',
  acknowledgeableConditionType: 'i=2881',
  alarmConditionType: 'i=2915',
  baseEventType: 'i=2041',
  conditionRefresh: 'i=3875',
  refreshStart: 'i=2787',
  refreshEnd: 'i=2788',
  acknowledge: 'i=9111',
} as const;

export interface ConnectionOptions {
  readonly policy?: SecurityPolicyName;
  /** With the certificate of an application that no server trusts. */
  readonly stranger?: boolean;
}

/** A client of some stack at a plant. */
export class Talk {
  readonly plant: StockPlant;
  readonly client: StockClient;
  #connections = 0;

  constructor(plant: StockPlant, client: StockClient) {
    this.plant = plant;
    this.client = client;
  }

  async atIngest<T>(user: User, work: (session: Session) => Promise<T>, options: ConnectionOptions = {}): Promise<T> {
    return await this.#at(this.plant.ingest, user, work, options);
  }

  async atCleared<T>(user: User, work: (session: Session) => Promise<T>, options: ConnectionOptions = {}): Promise<T> {
    return await this.#at(this.plant.cleared, user, work, options);
  }

  async #at<T>(url: string, user: User, work: (session: Session) => Promise<T>, options: ConnectionOptions): Promise<T> {
    this.#connections += 1;
    const connection = `c${this.#connections}`;
    const { policy = 'Basic256Sha256', stranger = false } = options;
    const application = stranger ? this.plant.stranger : this.plant.application;
    await this.client.ask({ do: 'connect', connection, url, policy, application, ...(user === undefined ? {} : { user }) });
    try {
      const namespaces = (await this.client.ask({ do: 'read', connection, node: STANDARD.namespaceArray })).value.value;
      return await work(new Session(this.client, connection, namespaces as string[]));
    } finally {
      await this.client.ask({ do: 'close', connection });
    }
  }
}

/** One session. Ids are written without a namespace for instances, else as in the standard (`i=2253`). */
export class Session {
  readonly #client: StockClient;
  readonly #connection: string;
  readonly #namespaces: readonly string[];

  constructor(client: StockClient, connection: string, namespaces: readonly string[]) {
    this.#client = client;
    this.#connection = connection;
    this.#namespaces = namespaces;
  }

  /** @param id of an instance, `Tags/Temperature`, or a full NodeId */
  node(id: string): string {
    return /^(?:ns=\d+;)?[is]=/.test(id) ? id : `ns=${this.index(INSTANCE_URI)};s=${id}`;
  }

  index(uri: string): number {
    const index = this.#namespaces.indexOf(uri);
    assert.notEqual(index, -1, `the server has no namespace ${uri}`);
    return index;
  }

  /** A path as the documents write it: `Machinery:Machines`; without a prefix a name of the standard. */
  path(text: string): PathStep[] {
    const prefixes: Readonly<Record<string, string>> = { m: MACHINERY_URI, di: DI_URI, t: TYPES_URI, i: INSTANCE_URI };
    return text.split('/').map((step) => {
      const [, prefix, name = step] = /^([a-z]+):(.+)$/.exec(step) ?? [];
      return { ns: prefix === undefined ? 0 : this.index(prefixes[prefix] ?? ''), name };
    });
  }

  /** @returns the NodeId at a path from Root */
  async translate(path: string): Promise<string> {
    return (await this.#client.ask({ do: 'translate', connection: this.#connection, path: this.path(path) })).node;
  }

  async browse(id: string): Promise<readonly Child[]> {
    return (await this.#client.ask({ do: 'browse', connection: this.#connection, node: this.node(id) })).children;
  }

  async read(id: string): Promise<ReadValue> {
    return (await this.#client.ask({ do: 'read', connection: this.#connection, node: this.node(id) })).value;
  }

  /** @throws NotDone where the status is not Good */
  async readGood(id: string): Promise<unknown> {
    const { status, value } = await this.read(id);
    if (status !== 0) throw new NotDone(`reading ${id}`, { status });
    return value;
  }

  async write(id: string, value: Typed): Promise<void> {
    await this.#client.ask({ do: 'write', connection: this.#connection, node: this.node(id), value });
  }

  async call(object: string, method: string, ...given: readonly Typed[]): Promise<readonly unknown[]> {
    const [on, of] = [this.node(object), this.node(method)];
    return (await this.#client.ask({ do: 'call', connection: this.#connection, object: on, method: of, arguments: given })).outputs;
  }

  async follow(id: string, samplingMs: number): Promise<number> {
    const asked = { do: 'subscribe', connection: this.#connection, node: this.node(id), samplingMs } as const;
    return (await this.#client.ask(asked)).subscription;
  }

  async followEvents(id: string, fields: readonly EventField[]): Promise<number> {
    const asked = { do: 'subscribeEvents', connection: this.#connection, node: this.node(id), fields } as const;
    return (await this.#client.ask(asked)).subscription;
  }

  /** What has come since the last `take`, waiting for the first of it. */
  async take(subscription: number, withinMs: number): Promise<readonly unknown[]> {
    return (await this.#client.ask({ do: 'take', connection: this.#connection, subscription, withinMs })).got;
  }

  /** The first thing that comes and fits. @throws Error after `withinMs`, with all that came */
  async await<T>(subscription: number, what: string, fits: (came: T) => boolean, withinMs = 30_000): Promise<T> {
    const limit = Date.now() + withinMs;
    const seen: T[] = [];
    while (Date.now() < limit) {
      const got = (await this.take(subscription, 1000)) as T[];
      const fitting = got.find(fits);
      if (fitting !== undefined) return fitting;
      seen.push(...got);
    }
    throw new Error(`Waited ${withinMs} ms in vain: ${what}. There came ${JSON.stringify(seen.slice(-5))}.`);
  }

  /** The value, once it is Good. */
  async whenGood(id: string, withinMs = 20_000): Promise<ReadValue> {
    const limit = Date.now() + withinMs;
    for (;;) {
      const value = await this.read(id);
      if (value.status === 0) return value;
      if (Date.now() > limit) throw new Error(`${id} is still ${statusName(value.status)} after ${withinMs} ms.`);
      await pause(200);
    }
  }
}

/** The work is answered one of these statuses. Success, or a failure without a status, is not the refusal asked for. */
export async function refused(work: Promise<unknown>, ...statuses: readonly string[]): Promise<void> {
  const failure = await failureOf(work);
  assert.ok('status' in failure, `failed without a status: ${JSON.stringify(failure)}`);
  assert.ok(statuses.includes(statusName(failure.status)), `answered ${statusName(failure.status)} instead of ${statuses.join(' or ')}`);
}

/** No session comes about, whatever the stack calls the failure. */
export async function noSession(work: Promise<unknown>): Promise<void> {
  await failureOf(work);
}

async function failureOf(work: Promise<unknown>): Promise<NotDone['failure']> {
  try {
    await work;
  } catch (error) {
    if (error instanceof NotDone) return error.failure;
    throw error;
  }
  return assert.fail('succeeded instead of being refused');
}
