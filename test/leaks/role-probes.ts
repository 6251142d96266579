import { BrowseRequest, BrowseResponse, resolveNodeId } from 'node-opcua';
import { FILTERS, itemIdIn, type Notified, SAMPLINGS, Subscription } from './monitored-items.ts';
import { NODE_PROBES, type NodeProbe } from './node-probes.ts';
import { differenceOf, faultOf } from './refusals.ts';
import { type Actor, type AskedNode, type Scene, search, type Tally } from './scene.ts';
import type { ServiceName } from './services.ts';
import { type Others, SESSION_PROBES } from './session-probes.ts';
import { browseAll, readAll, type SweptNode, watchEvents } from './sweep.ts';
import { type Answer, Wire } from './wire.ts';

/** How long notifications are waited for, first while nothing is written, then while canaries are. */
const LISTEN_MS = 1500;
/** Nodes that are asked for each kind of history. */
const NODES_WITH_HISTORY = 3;
/** Samples more in one such time than in another that a busy machine makes. */
const JITTER = 4;

/** A role at a server, which tries everything. */
export class RoleProbes {
  readonly #scene: Scene;
  readonly #actor: Actor;
  readonly #tally: Tally;
  readonly wire: Wire;

  private constructor(scene: Scene, actor: Actor, tally: Tally, wire: Wire) {
    this.#scene = scene;
    this.#actor = actor;
    this.#tally = tally;
    this.wire = wire;
  }

  static async login(scene: Scene, actor: Actor, tally: Tally): Promise<RoleProbes> {
    const wire = await Wire.open(actor.own, actor.target);
    const status = await wire.login(actor.user);
    if (status !== 'Good') {
      await wire.close();
      throw new Error(`${actor.name} did not get in: ${status}.`);
    }
    return new RoleProbes(scene, actor, tally, wire);
  }

  /** Each way to ask about each node; of hidden nodes, also about one that does not exist. */
  async askAboutNodes(): Promise<void> {
    for (const [place, node] of this.#scene.nodesFor(this.#actor).entries()) {
      for (const probe of NODE_PROBES) {
        // Answers about history leave at multiples of 100 ms.
        if (probe.service === 'HistoryRead' && place >= NODES_WITH_HISTORY) continue;
        if (probe.service === 'Write' && this.#actor.mayWrite === true) continue;
        await this.#ask(probe, node);
      }
    }
    this.search();
  }

  /** Monitored items on values with every sampling and filter, then notifications while PLCs write. */
  async watchValues(): Promise<void> {
    const subscription = await Subscription.create(this.wire);
    const asked = new Map<number, string>();
    for (const node of this.#scene.nodesFor(this.#actor)) {
      for (const samplingInterval of SAMPLINGS) {
        for (const filter of Object.keys(FILTERS)) {
          const handle = subscription.newHandle();
          const about = `sampling ${samplingInterval}, ${filter}`;
          asked.set(handle, `${node.id}, ${about}`);
          const probe: NodeProbe = {
            service: 'CreateMonitoredItems',
            about,
            request: (nodeId) => subscription.valueItem(nodeId, handle, samplingInterval, filter),
          };
          await this.#ask(probe, node);
        }
      }
    }
    await this.#listen(subscription, asked);
  }

  /** What belongs to another session, diagnostics, and what is open to all. */
  async askAboutSessions(others: Others): Promise<void> {
    for (const { service, about, refusal, request } of SESSION_PROBES) {
      const answer = await this.wire.send(request(others));
      this.#tally.count(service, answer);
      const given = answer.status === 'Good' && answer.results.length > 0 ? answer.results : [answer.status];
      const wrong = refusal === undefined ? undefined : given.find((status) => !refusal.includes(status));
      if (wrong !== undefined) this.#find('status', service, `${about}: answered ${wrong} instead of ${refusal?.join(' or ') ?? ''}`);
    }
    this.search();
  }

  /** Browses everything, reads everything, and listens to every field of every event while canaries are written. */
  async sweep(): Promise<readonly SweptNode[]> {
    const nodes = await browseAll(this.wire, this.#tally);
    await readAll(this.wire, nodes, this.#tally);
    this.search();
    const subscription = await watchEvents(this.wire, this.#tally);
    const stop = new AbortController();
    const writing = writeUntil(this.#scene, stop.signal);
    this.#tally.countNotifications((await subscription.publishFor(LISTEN_MS)).length);
    stop.abort();
    await writing;
    this.search();
    return nodes;
  }

  browse(): Promise<readonly SweptNode[]> {
    return browseAll(this.wire, this.#tally);
  }

  search(): void {
    search(this.wire, this.#actor, this.#scene.canaries, this.#tally);
  }

  async close(): Promise<void> {
    this.search();
    await this.wire.close();
  }

  async #ask(probe: NodeProbe, node: AskedNode): Promise<Answer> {
    const answer = await this.#send(probe, node.id);
    const fault = faultOf(probe, node.visibility, answer);
    if (fault !== undefined) this.#find('status', probe.service, `${probe.about} of ${node.id}: ${fault}`);
    if (node.visibility === 'hidden') {
      const difference = differenceOf(answer, await this.#send(probe, node.twin), node);
      if (difference !== undefined) this.#find('twin', probe.service, `${probe.about} of ${node.id}: ${difference}`);
    }
    return answer;
  }

  async #send(probe: NodeProbe, nodeId: string): Promise<Answer> {
    const answer = await this.wire.send(probe.request(nodeId));
    this.#tally.count(probe.service, answer);
    return answer;
  }

  /** Refusals are all that may come, and no more of them while values are written than while none is. */
  async #listen(subscription: Subscription, asked: ReadonlyMap<number, string>): Promise<void> {
    await subscription.publishFor(LISTEN_MS / 3);
    const quiet = await subscription.publishFor(LISTEN_MS);
    const stop = new AbortController();
    const writing = writeUntil(this.#scene, stop.signal);
    const busy = await subscription.publishFor(LISTEN_MS);
    stop.abort();
    await writing;
    this.#tally.countNotifications(quiet.length + busy.length);
    for (const [handle, about] of asked) {
      const of = (all: readonly Notified[]): Notified[] => all.filter(({ clientHandle }) => clientHandle === handle);
      this.#judge(about, of(quiet), of(busy));
    }
    this.search();
  }

  #judge(about: string, quiet: readonly Notified[], busy: readonly Notified[]): void {
    const good = [...quiet, ...busy].find(({ status, hasValue }) => status.startsWith('Good') || hasValue);
    if (good !== undefined)
      this.#find('notification', 'CreateMonitoredItems', `${about}: notified with ${good.status} and a value`, 'values');
    if (busy.length > quiet.length + JITTER) {
      const what = `${about}: notified ${busy.length} times while values were written, ${quiet.length} times while none was`;
      this.#find('notification', 'Publish', what, 'writeTimes');
    }
  }

  #find(
    detector: 'status' | 'twin' | 'notification',
    service: ServiceName,
    what: string,
    secret: 'any' | 'tags' | 'values' | 'writeTimes' = detector === 'twin' ? 'tags' : 'any',
  ): void {
    this.#tally.find({ detector, secret, actor: this.#actor.name, service, what });
  }
}

const WRITE_EVERY_MS = 100;

async function writeUntil(scene: Scene, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await scene.write(1);
    await new Promise((resolve) => setTimeout(resolve, WRITE_EVERY_MS));
  }
}

/** A session with a subscription, a monitored item and a continuation point, for others to reach for. */
export async function victim(actor: Actor): Promise<{ readonly others: Others; readonly close: () => Promise<void> }> {
  const wire = await Wire.open(actor.own, actor.target);
  const status = await wire.login(actor.user);
  if (status !== 'Good') throw new Error(`${actor.name} did not get in: ${status}.`);
  const subscription = await Subscription.create(wire);
  const item = await wire.send(subscription.valueItem('i=2258', 1, 100, 'no filter'));
  await subscription.publish();
  const browsed = await wire.send(
    new BrowseRequest({
      requestedMaxReferencesPerNode: 1,
      nodesToBrowse: [
        { nodeId: resolveNodeId('i=2253'), browseDirection: 0, includeSubtypes: true, referenceTypeId: 'i=33', resultMask: 63 },
      ],
    }),
  );
  const { response } = browsed;
  const point = response instanceof BrowseResponse ? response.results?.[0]?.continuationPoint : undefined;
  if (point === undefined || point.length === 0) throw new Error('The server gave no continuation point to reach for.');
  return {
    others: {
      subscriptionId: subscription.id,
      monitoredItemId: itemIdIn(item.response),
      sequenceNumber: subscription.lastSequenceNumber,
      continuationPoint: point,
    },
    close: () => wire.close(),
  };
}
