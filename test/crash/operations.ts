import { Journal, ReceiverStore, SenderStore } from '../../src/store/index.ts';
import type { Ledger } from '../../src/ledger/index.ts';

/** What a module works through, and what faults can be injected into. */
export type Part = 'senderStore' | 'receiverStore' | 'journal' | 'ledger';

/** The compiler asks for each new operation of the port here. */
const LEDGER: Readonly<Record<Exclude<keyof Ledger, 'id' | 'organisation'>, true>> = {
  prepare: true,
  submit: true,
  statusOf: true,
  query: true,
  events: true,
  lastBlock: true,
  blockInfo: true,
  blocks: true,
  close: true,
};

/** Every operation of each part, read from the classes themselves: a new one can't be forgotten. */
export const OPERATIONS: Readonly<Record<Part, readonly string[]>> = {
  senderStore: methodsOf(SenderStore),
  receiverStore: methodsOf(ReceiverStore),
  journal: methodsOf(Journal),
  ledger: Object.keys(LEDGER),
};

function methodsOf({ prototype }: { readonly prototype: object }): string[] {
  const above: unknown = Object.getPrototypeOf(prototype);
  const inherited = above === null || above === Object.prototype ? [] : methodsOf({ prototype: above as object });
  const own = Object.entries(Object.getOwnPropertyDescriptors(prototype)).filter(
    ([name, { value }]) => name !== 'constructor' && typeof value === 'function',
  );
  return [...new Set([...inherited, ...own.map(([name]) => name)])];
}

/** Called instead of an operation; calls it itself, or doesn't. */
export type Interceptor = (operation: string, call: () => unknown) => unknown;

/** The same object, but each of its operations goes through the interceptor. */
export function intercepted<Target extends object>(target: Target, intercept: Interceptor): Target {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => intercept(String(name), () => Reflect.apply(value, object, args) as unknown);
    },
  });
}
