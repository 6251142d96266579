import type { Part } from './operations.ts';

/**
 * Errors that a module can be run with, so that the comparison at the end is seen to find them:
 * `unwritten-journal` says that a reading is on disk and drops it, `twice-kept` keeps each reading twice, `forgotten-action` stores
 * deliveries without the actions that they cause, `wrong-trace` logs a seal as an anchor.
 */
export const PLANTED_ERRORS = ['unwritten-journal', 'twice-kept', 'forgotten-action', 'wrong-trace'] as const;
export type PlantedError = (typeof PLANTED_ERRORS)[number];

interface Append {
  append(n: number, text: string): Promise<void>;
}

interface Store {
  store(batch: unknown, actionKeys: readonly string[]): unknown;
}

/** The part with the error in it, where it is the part's. */
export function plantIn<Target extends object>(error: PlantedError | undefined, part: Part, target: Target): Target {
  if (part === 'journal' && error === 'unwritten-journal') return replaced(target, 'append', () => Promise.resolve());
  if (part === 'journal' && error === 'twice-kept') {
    const { append } = bound(target as unknown as Append, 'append');
    return replaced(target, 'append', async (n: number, text: string) => {
      await append(n, text);
      // A cut that stands twice would be a damaged journal, and no error in the accounts.
      if (text.startsWith('["reading"')) await append(n, text);
    });
  }
  if (part === 'receiverStore' && error === 'forgotten-action') {
    const { store } = bound(target as unknown as Store, 'store');
    return replaced(target, 'store', (batch: unknown) => store(batch, []));
  }
  return target;
}

function bound<Target extends object, Name extends keyof Target>(target: Target, name: Name): Pick<Target, Name> {
  const operation = target[name] as (...args: unknown[]) => unknown;
  return { [name]: operation.bind(target) } as Pick<Target, Name>;
}

function replaced<Target extends object, Args extends never[]>(target: Target, name: string, other: (...args: Args) => unknown): Target {
  return new Proxy(target, {
    get(object, property) {
      if (property === name) return other;
      const value: unknown = Reflect.get(object, property, object);
      return typeof value === 'function' ? (value.bind(object) as unknown) : value;
    },
  });
}
