import { statSync } from 'node:fs';
import { failedDisk } from './faults.ts';

/**
 * Sees that a database and its write-ahead log still stand where they were opened. A file that is deleted or moved away
 * while it is open takes writes as before, and nobody finds them again: SQLite does not notice that in WAL mode.
 */
export class FileWatch {
  readonly #file: string;
  readonly #seen = new Map<string, string>();

  constructor(file: string) {
    this.#file = file;
  }

  /** To be called after a write, before it counts as stored. @throws UnavailableError `STORE_FAILED` */
  requireInPlace(): void {
    for (const path of [this.#file, `${this.#file}-wal`]) {
      const now = identityOf(path);
      const before = this.#seen.get(path) ?? now;
      if (now === undefined || now !== before) throw failedDisk(this.#file, `${path} was deleted, moved or replaced while it was in use`);
      this.#seen.set(path, now);
    }
  }
}

function identityOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? undefined : `${stat.dev} ${stat.ino}`;
}
