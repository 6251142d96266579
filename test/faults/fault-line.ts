import { UnavailableError } from '../../src/core/index.ts';
import { type Interceptor, intercepted, type Part } from '../crash/operations.ts';

/** One call that fails, before or after it took effect. */
export interface FaultCase {
  readonly part: Part;
  readonly operation: string;
  readonly when: 'before' | 'after';
}

/**
 * Lets one operation of a module fail once. As with a real disk, a store or journal that has failed answers nothing more
 * until it is opened anew; a ledger that has timed out is there again at the next call.
 */
export class FaultLine {
  #armed: FaultCase | undefined;
  /** Those that follow the armed one, each as soon as the one before has struck. */
  #next: FaultCase[] = [];

  /** For `ModuleOptions.adapters`. */
  readonly adapters = {
    senderStore: <Target extends object>(target: Target): Target => this.#wrapped('senderStore', target),
    receiverStore: <Target extends object>(target: Target): Target => this.#wrapped('receiverStore', target),
    journal: <Target extends object>(target: Target): Target => this.#wrapped('journal', target),
    ledger: <Target extends object>(target: Target): Target => this.#wrapped('ledger', target),
  };

  /** The next call of this operation fails; then, in the same way, those that follow. */
  arm(fault: FaultCase, ...next: readonly FaultCase[]): void {
    this.#armed = fault;
    this.#next = [...next];
  }

  disarm(): void {
    this.#armed = undefined;
    this.#next = [];
  }

  /** Everything that was armed has struck. */
  get hasFired(): boolean {
    return this.#armed === undefined;
  }

  #wrapped<Target extends object>(part: Part, target: Target): Target {
    let broken: Error | undefined;
    const isLasting = part !== 'ledger';
    const fail = (operation: string, when: FaultCase['when']): Error => {
      const error = part === 'ledger' ? ledgerTimeout(operation, when) : diskFault();
      if (isLasting) broken = error;
      return error;
    };
    const intercept: Interceptor = (operation, call) => {
      if (broken !== undefined && operation !== 'close') return part === 'journal' ? Promise.reject(broken) : raise(broken);
      if (this.#strikes(part, operation, 'before')) return refuse(part, operation, fail(operation, 'before'));
      const result = call();
      if (!this.#strikes(part, operation, 'after')) return result;
      if (operation === 'events') return cutShort(result as AsyncIterable<unknown>, () => fail(operation, 'after'));
      if (!(result instanceof Promise)) throw fail(operation, 'after');
      return result.then(() => raise(fail(operation, 'after')));
    };
    return intercepted(target, intercept);
  }

  #strikes(part: Part, operation: string, when: FaultCase['when']): boolean {
    const armed = this.#armed;
    if (armed?.part !== part || armed.operation !== operation || armed.when !== when) return false;
    this.#armed = this.#next.shift();
    return true;
  }
}

/** A call that can't be made, in the way in which the operation tells it. */
function refuse(part: Part, operation: string, error: Error): unknown {
  if (operation === 'events') return cutShort(nothing(), () => error, 0);
  if (part === 'ledger' || (part === 'journal' && operation !== 'bytes')) return Promise.reject(error);
  return raise(error);
}

async function* nothing(): AsyncGenerator<unknown> {
  // Nobody gets this far: the stream fails first.
}

/** A stream of events that ends with a fault after so many of them. */
async function* cutShort(events: AsyncIterable<unknown>, error: () => Error, after = 1): AsyncGenerator<unknown> {
  if (after === 0) throw error();
  for await (const event of events) {
    yield event;
    throw error();
  }
}

function raise(error: Error): never {
  throw error;
}

function diskFault(): Error {
  return new UnavailableError('STORE_FAILED', 'The disk failed, as the test wants it.');
}

function ledgerTimeout(operation: string, when: FaultCase['when']): Error {
  const code = operation === 'submit' && when === 'after' ? 'OUTCOME_UNKNOWN' : 'LEDGER_UNAVAILABLE';
  return new UnavailableError(code, 'The ledger did not answer in time, as the test wants it.');
}
