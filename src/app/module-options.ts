import type { Argon2, Clock, Random } from '../core/index.ts';
import { systemArgon2, systemClock, systemRandom } from '../platform/index.ts';
import type { ModuleListener } from './events.ts';

/** What an embedding program may give a module. */
export interface ModuleOptions {
  /** Told of everything that happens. */
  readonly onEvent?: ModuleListener;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly argon2?: Argon2;
}

export interface ModulePorts {
  readonly listener: ModuleListener;
  readonly clock: Clock;
  readonly random: Random;
  readonly argon2: Argon2;
}

export function portsOf({ onEvent, clock, random, argon2 }: ModuleOptions): ModulePorts {
  return {
    listener: onEvent ?? (() => undefined),
    clock: clock ?? systemClock,
    random: random ?? systemRandom,
    argon2: argon2 ?? systemArgon2,
  };
}
