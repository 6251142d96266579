import type { Argon2, Clock, Random } from '../core/index.ts';
import { systemArgon2, systemClock, systemRandom } from '../platform/index.ts';
import type { ReceiverStore, SenderStore } from '../store/index.ts';
import type { BatchJournal } from '../transfer/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { LogConfig } from './config.ts';
import type { ModuleListener } from './events.ts';
import type { Trace } from './trace.ts';

/**
 * Stand between a module and what it stores or sends, to show how it takes their faults. Each is applied whenever the real
 * one is opened, so also after a fault.
 */
export interface ModuleAdapters {
  /** @param channel its name */
  readonly senderStore?: (store: SenderStore, channel: string) => SenderStore;
  readonly receiverStore?: (store: ReceiverStore) => ReceiverStore;
  readonly journal?: (journal: BatchJournal) => BatchJournal;
  readonly ledger?: (ledger: Ledger) => Ledger;
}

/** What an embedding program may give a module. */
export interface ModuleOptions {
  /** Told of everything that happens. What it throws changes nothing; the first time the process warns of it. */
  readonly onEvent?: ModuleListener;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly argon2?: Argon2;
  readonly trace?: Trace;
  readonly adapters?: ModuleAdapters;
  /** Where the configuration asks for no structured log: this one is written. */
  readonly log?: LogConfig;
}

export interface ModulePorts {
  readonly listener: ModuleListener;
  readonly clock: Clock;
  readonly random: Random;
  readonly argon2: Argon2;
  readonly trace: Trace;
  readonly adapters: ModuleAdapters;
  readonly log: LogConfig | undefined;
}

export function portsOf({ onEvent, clock, random, argon2, trace, adapters, log }: ModuleOptions): ModulePorts {
  return {
    listener: onEvent === undefined ? () => undefined : guarded(onEvent),
    clock: clock ?? systemClock,
    random: random ?? systemRandom,
    argon2: argon2 ?? systemArgon2,
    trace: trace ?? (() => undefined),
    adapters: adapters ?? {},
    log,
  };
}

/** A listener that throws must not stop evidence half-way. The warning has no words of the event or the error: both may tell conditions. */
function guarded(onEvent: ModuleListener): ModuleListener {
  let isWarned = false;
  const warnOnce = (): void => {
    if (isWarned) return;
    isWarned = true;
    process.emitWarning('The listener given as onEvent has thrown. The module goes on; mend the listener.', { code: 'DCMB_LISTENER' });
  };
  return (event) => {
    try {
      // One that is async throws later, and a rejection that nobody handles would end the process.
      void Promise.resolve(onEvent(event) as unknown).catch(warnOnce);
    } catch {
      warnOnce();
    }
  };
}
