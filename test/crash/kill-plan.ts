import type { KillOrder, KillPoint } from './kill-order.ts';
import { OPERATIONS, type Part } from './operations.ts';
import type { SeededRandom } from './random.ts';

export type Role = 'owner' | 'receiver';

const PARTS: Readonly<Record<Role, readonly Part[]>> = {
  owner: ['senderStore', 'journal', 'ledger'],
  receiver: ['receiverStore', 'ledger'],
};

/** Steps that the models name and a module logs. */
const STEPS: Readonly<Record<Role, readonly string[]>> = {
  owner: ['sealed', 'published', 'submitted', 'refused', 'anchored', 'failed', 'delivered', 'receipted'],
  receiver: ['stored', 'countersigned', 'acknowledged', 'action', 'acted'],
};

/** Operations that change nothing: what a crash there leaves is what a crash at the next change leaves. */
const READS = [
  /^(fact|progress|batch|batches|opening|outgoing|epochRecord|exception|digestThrough|findings|finding)$/,
  /^(un|last|count|waiting|exceptions|list|sizes?|bytes|entries|oldest|newest|dead|due|has|is|find|read|overdue|check)/,
  /^(statusOf|query|events|blockInfo|blocks)$/,
];

/** Passed once in the life of a channel: the first lives of a module end there. */
const FIRST = /^begin$/;

/** Every place before and after something becomes durable. */
export function killPoints(role: Role): KillPoint[] {
  const operations = PARTS[role].flatMap((part) => OPERATIONS[part].filter(isStep).map((name) => ({ part, name })));
  const steps = STEPS[role].map((name) => ({ part: 'trace' as const, name }));
  return [...operations, ...steps].flatMap((place) => (['before', 'after'] as const).map((when) => ({ ...place, when })));
}

function isStep(operation: string): boolean {
  return operation !== 'close' && !READS.some((pattern) => pattern.test(operation));
}

const EVERY_RANDOM = 3;
const EVERY_CLEARED = 7;

/** Orders without end: every place in turn, in an order drawn anew each time, with random moments between. */
export function* killOrders(role: Role, random: SeededRandom): Generator<KillOrder, never> {
  const points = killPoints(role);
  const first = points.filter(({ name }) => FIRST.test(name));
  for (let count = 0; ;) {
    const round = count === 0 ? [...first, ...random.shuffled(points)] : random.shuffled(points.filter((point) => !first.includes(point)));
    for (const point of round) {
      yield { kind: 'step', point, occurrence: count < first.length ? 1 : random.between(1, 3) };
      count += 1;
      if (count % EVERY_RANDOM === 0) yield { kind: 'moment', afterMs: random.between(0, 7000) };
      if (role === 'owner' && count % EVERY_CLEARED === 0)
        yield { kind: 'cleared', afterMs: random.between(0, 2000), thenMs: random.between(500, 4000) };
    }
  }
}
