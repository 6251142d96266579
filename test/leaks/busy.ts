import { type NodeId, ReadRequest, ReadResponse } from 'node-opcua';
import { leavesOf } from './decoded.ts';
import { itemIdIn, Subscription } from './monitored-items.ts';
import { type Actor, type Tally } from './scene.ts';
import { FIRST_OWN_NAMESPACE, type SweptNode } from './sweep.ts';
import { Wire } from './wire.ts';

/*
 * Secrets without bytes: when and how much was written. Whatever a denied role can read is read while nothing is written and
 * while much is; what does not move by itself must not move then either. And ids handed out must go on as if nobody else did
 * anything.
 */

/** Variables that go on with the grid, with the ledger or with the clock; how is compared by the tests of non-interference. */
export const MOVING: ReadonlySet<string> = new Set([
  ...['CurrentTime', 'GridTime', 'NextPublicationTime', 'BatchId', 'LedgerState', 'DeliveryState', 'TransactionId'],
  // Of the module: goes by whether its counterparts call and its ledger answers.
  ...['State', 'StateText'],
  // Of the server's own clients: the probes themselves are among them.
  ...['ServerDiagnosticsSummary', 'SecondsTillShutdown', 'CumulatedSessionCount', 'CurrentSessionCount', 'CurrentSubscriptionCount'],
  ...['CumulatedSubscriptionCount', 'RejectedRequestsCount', 'RejectedSessionCount', 'SecurityRejectedSessionCount'],
  ...['SecurityRejectedRequestsCount', 'SessionTimeoutCount', 'SessionAbortCount', 'PublishingIntervalCount', 'ServerStatus'],
]);

/** Names of variables with what they show; the times of values at which nothing moves are part of it. */
type Snapshot = ReadonlyMap<string, string>;

const READ_AT_ONCE = 500;

/** What a role can read now, apart from what moves by itself. */
export async function snapshot(wire: Wire, nodes: readonly SweptNode[], tally: Tally): Promise<Snapshot> {
  const still = nodes.filter(
    ({ nodeId, name }) => !MOVING.has(name) && (nodeId.namespace === 1 || nodeId.namespace >= FIRST_OWN_NAMESPACE || isBelowServer(nodeId)),
  );
  const seen = new Map<string, string>();
  for (let at = 0; at < still.length; at += READ_AT_ONCE) {
    const part = still.slice(at, at + READ_AT_ONCE);
    const nodesToRead = part.map(({ nodeId }) => ({ nodeId, attributeId: 13 }));
    const answer = await wire.send(new ReadRequest({ timestampsToReturn: 0, nodesToRead }));
    tally.count('Read', answer);
    const results = answer.response instanceof ReadResponse ? (answer.response.results ?? []) : [];
    results.forEach((result, index) => {
      const of = part[index]!;
      const parts = leavesOf({ status: result.statusCode.name, value: result.value }).map(({ path, value }) => `${path}=${textOf(value)}`);
      seen.set(`${of.name} (${of.nodeId.toString()})`, parts.join(' '));
    });
  }
  return seen;
}

/** The variables below the Server object have numbers up to 3708 and few above; types are not asked for again. */
function isBelowServer({ namespace, value }: NodeId): boolean {
  return namespace === 0 && typeof value === 'number' && value >= 2253 && value <= 2300;
}

function textOf(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}

/** What stood still while nothing was written, and not while much was. */
export function movedByWrites(quiet: readonly Snapshot[], busy: readonly Snapshot[], actor: Pick<Actor, 'name'>, tally: Tally): void {
  const [first] = quiet;
  for (const [name, value] of first ?? []) {
    const atRest = quiet.every((each) => each.get(name) === value);
    const moved = busy.find((each) => each.get(name) !== value);
    if (!atRest || moved === undefined) continue;
    const what = `${name} is ${value} while nothing is written, ${moved.get(name) ?? 'absent'} while much is`;
    tally.find({ detector: 'busy', secret: 'writeCounts', actor: actor.name, service: 'Read', what });
  }
}

/** Ids that a server hands out to one client. */
export interface HandedOut {
  readonly secureChannel: number;
  readonly subscription: number;
  readonly monitoredItem: number;
}

/** Takes one id of each kind. */
export async function takeIds(actor: Actor, tally: Tally): Promise<HandedOut> {
  const wire = await Wire.open(actor.own, actor.target);
  try {
    await wire.login(actor.user);
    const subscription = await Subscription.create(wire);
    tally.countOwn(['OpenSecureChannel', 'CreateSubscription'], 2);
    const item = await wire.send(subscription.valueItem('i=2258', 1, 100, 'no filter'));
    tally.count('CreateMonitoredItems', item);
    return { secureChannel: wire.channelId, subscription: subscription.id, monitoredItem: itemIdIn(item.response) };
  } finally {
    await wire.close();
  }
}

/**
 * Takes ids, again when nothing has happened, and again after others have connected and subscribed elsewhere. The second step
 * must be as long as the first.
 */
export async function compareIds(actor: Actor, others: () => Promise<void>, tally: Tally): Promise<void> {
  const first = await takeIds(actor, tally);
  const second = await takeIds(actor, tally);
  await others();
  const third = await takeIds(actor, tally);
  for (const kind of ['secureChannel', 'subscription', 'monitoredItem'] as const) {
    const [alone, after] = [second[kind] - first[kind], third[kind] - second[kind]];
    if (alone === after) continue;
    const what = `the next id of a ${kind} is ${alone} further when nobody else did anything, ${after} after others connected elsewhere`;
    tally.find({ detector: 'ids', secret: 'writeTimes', actor: actor.name, service: 'CreateSubscription', what });
  }
}
