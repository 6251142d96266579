import { createHash, randomBytes } from 'node:crypto';
import { RejectedError } from '../../core/index.ts';
import type { IdentityErrorCode } from './errors.ts';
import { FairQueue } from './fair-queue.ts';
import { isTooLong } from './login-limits.ts';

/** Cost of new hashes: OWASP's minimum for Argon2id, and of the same order as what a login may cost a small machine. */
const COST = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const;
const FREE_FAILURES = 5;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
const MOST_PAUSES = 1000;

/** The parameters come in any order: libraries differ. */
const ARGON2ID_PHC =
  /^\$argon2id\$v=19\$(?=[^$]*m=\d{1,7}\b)(?=[^$]*t=\d{1,3}\b)(?=[^$]*p=\d{1,2}\b)[mtp=\d,]+\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,}$/;

/** PHC string (`$argon2id$v=19$…`) of a password, for the users' configuration. */
export async function hashPassword(password: string): Promise<string> {
  const { hash, argon2id } = await argon2();
  return hash(password, { ...COST, type: argon2id });
}

/** Loaded when it is used: a cleared server's process imports this folder, and must not load a native addon. */
async function argon2() {
  return (await import('argon2')).default;
}

/**
 * Verifies passwords against Argon2id PHC strings: one at a time, in turn for each client application, with a growing pause
 * (1 s to 30 s) after five failures in a row. The pause is for that name from that client application only, so that nobody can lock out another's users; who
 * has no trusted application certificate gets no try at all. An unknown name costs the same time as a wrong password.
 */
export class PasswordCheck {
  readonly #hashes: ReadonlyMap<string, string>;
  readonly #now: () => number;
  readonly #decoy: Promise<string>;
  readonly #failures = new Map<string, { count: number; untilMs: number }>();
  /** Hashing all at once would be a way to fill the memory; one line for all would let one application keep the others out. */
  readonly #queue = new FairQueue();

  /** @throws RejectedError `BAD_USER` for a hash that is no Argon2id PHC string */
  constructor(hashes: ReadonlyMap<string, string>, now: () => number = Date.now) {
    for (const [name, hash] of hashes) {
      if (!ARGON2ID_PHC.test(hash)) {
        throw new RejectedError<IdentityErrorCode>(
          'BAD_USER',
          `The password hash of user ${JSON.stringify(name)} is no Argon2id PHC string. Make one with the program's command for it.`,
        );
      }
    }
    this.#hashes = hashes;
    this.#now = now;
    this.#decoy = hashPassword(randomBytes(16).toString('hex'));
  }

  /**
   * False also while the name is paused for this client, or too many of its logins wait.
   * @param client application that asks, by its certificate's thumbprint
   */
  async verify(name: string, password: string, client: string): Promise<boolean> {
    if (isTooLong(name, password)) return false;
    const attempt = keyOf(client, name);
    if (this.#paused(attempt)) return false;
    const turn = this.#queue.take(client, async () => {
      const good = !this.#paused(attempt) && (await this.#compare(name, password));
      if (good) this.#failures.delete(attempt);
      else this.#failed(attempt);
      return good;
    });
    return (await turn) ?? false;
  }

  async #compare(name: string, password: string): Promise<boolean> {
    const known = this.#hashes.get(name);
    const { verify } = await argon2();
    const matches = await verify(known ?? (await this.#decoy), password);
    return known !== undefined && matches;
  }

  #paused(attempt: string): boolean {
    return (this.#failures.get(attempt)?.untilMs ?? 0) > this.#now();
  }

  #failed(attempt: string): void {
    const count = (this.#failures.get(attempt)?.count ?? 0) + 1;
    const pause = count < FREE_FAILURES ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - FREE_FAILURES));
    this.#failures.delete(attempt);
    this.#failures.set(attempt, { count, untilMs: this.#now() + pause });
    const oldest = this.#failures.keys().next();
    if (this.#failures.size > MOST_PAUSES && !oldest.done) this.#failures.delete(oldest.value);
  }
}

/** Of one length, whatever names are tried. */
function keyOf(client: string, name: string): string {
  return createHash('sha256')
    .update(JSON.stringify([client, name]))
    .digest('base64url');
}
