import { Database } from './database.ts';
import type { JournalEntry, JournalPlace } from './journal-messages.ts';

const VERSION = 1;

const SCHEMA = `
CREATE TABLE chunks (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, entries BLOB NOT NULL) STRICT;
CREATE INDEX by_batch ON chunks (n);
`;

/** The journal's file: one encrypted chunk for each run of entries of one batch that went to the disk together. */
export class JournalFile {
  readonly #db: Database;
  #nextId: number;
  #bytes: number;

  /** @throws RejectedError, UnavailableError, FatalError as a store does */
  constructor({ file, purpose, key }: JournalPlace) {
    this.#db = new Database({ file, purpose: `journal ${purpose}`, key, version: VERSION, schema: SCHEMA, exclusive: true });
    const row = this.#db.get('SELECT coalesce(max(id), 0) AS last, coalesce(sum(length(entries)), 0) AS bytes FROM chunks');
    this.#nextId = (row?.number('last') ?? 0) + 1;
    this.#bytes = row?.number('bytes') ?? 0;
  }

  /** Bytes of all chunks, encrypted. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Durable on return. */
  append(entries: readonly JournalEntry[]): void {
    let written = 0;
    this.#db.transaction(() => {
      for (const { n, texts } of runs(entries)) {
        const id = this.#nextId++;
        const chunk = this.#db.cipher.sealJson(cell(id, n), texts);
        this.#db.run('INSERT INTO chunks VALUES (?, ?, ?)', id, n, chunk);
        written += chunk.length;
      }
    });
    this.#bytes += written;
  }

  entries(): JournalEntry[] {
    return this.#db.all('SELECT * FROM chunks ORDER BY id').flatMap((row) => {
      const n = row.number('n');
      const texts = this.#db.cipher.json<string[]>(cell(row.number('id'), n), row.bytes('entries'));
      return texts.map((text) => ({ n, text }));
    });
  }

  erase(below: number): void {
    this.#db.transaction(() => {
      const gone = this.#db.get('SELECT coalesce(sum(length(entries)), 0) AS bytes FROM chunks WHERE n < ?', below)?.number('bytes') ?? 0;
      this.#db.run('DELETE FROM chunks WHERE n < ?', below);
      this.#bytes -= gone;
    });
  }

  close(): void {
    this.#db.close();
  }
}

function cell(id: number, n: number): { table: string; row: string; column: string } {
  return { table: 'chunks', row: `${id} of batch ${n}`, column: 'entries' };
}

/** Neighbours of the same batch together, so that a batch can be erased without touching another's. */
function runs(entries: readonly JournalEntry[]): { n: number; texts: string[] }[] {
  const found: { n: number; texts: string[] }[] = [];
  for (const { n, text } of entries) {
    const last = found.at(-1);
    if (last?.n === n) last.texts.push(text);
    else found.push({ n, texts: [text] });
  }
  return found;
}
