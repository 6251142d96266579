import type { KillOrder, KillPoint } from './kill-order.ts';
import { OPERATIONS, type Part } from './operations.ts';
import type { SeededRandom } from './random.ts';

export type Role = 'owner' | 'receiver';

const PARTS: Readonly<Record<Role, readonly Part[]>> = {
  owner: ['senderStore', 'journal', 'ledger'],
  receiver: ['receiverStore', 'ledger'],
};

/** Steps that the model names and a module logs, but those that only the contract's refusals cause. */
const STEPS: Readonly<Record<Role, readonly string[]>> = {
  owner: ['sealed', 'published', 'submitted', 'anchored', 'delivered', 'receipted'],
  receiver: ['stored', 'countersigned', 'acknowledged', 'action', 'acted'],
};

/** Every place before and after something becomes durable. */
export function killPoints(role: Role): KillPoint[] {
  const operations = PARTS[role].flatMap((part) => stepsOf(part).map((name) => ({ part, name })));
  const steps = STEPS[role].map((name) => ({ part: 'trace' as const, name }));
  return [...operations, ...steps].flatMap((place) => (['before', 'after'] as const).map((when) => ({ ...place, when })));
}

function stepsOf(part: Part): string[] {
  return Object.entries(OPERATIONS[part]).flatMap(([name, use]) => (use === 'step' || use === 'first' ? [name] : []));
}

function isFirst({ part, name }: KillPoint): boolean {
  return part !== 'trace' && part !== 'fabric' && OPERATIONS[part][name] === 'first';
}

const EVERY_RANDOM = 3;
const EVERY_CLEARED = 7;

/** Orders without end: every place in turn, in an order drawn anew each time, with random moments between. */
export function* killOrders(role: Role, random: SeededRandom): Generator<KillOrder, never> {
  const points = killPoints(role);
  const first = points.filter(isFirst);
  for (let count = 0; ;) {
    const round = [...(count === 0 ? first : []), ...random.shuffled(points.filter((point) => !isFirst(point)))];
    for (const point of round) {
      yield { kind: 'step', point, occurrence: count < first.length ? 1 : random.between(1, 3) };
      count += 1;
      if (count % EVERY_RANDOM === 0) yield { kind: 'moment', afterMs: random.between(0, 7000) };
      if (role === 'owner' && count % EVERY_CLEARED === 0)
        yield { kind: 'cleared', afterMs: random.between(0, 2000), thenMs: random.between(500, 4000) };
    }
  }
}
