import { join } from 'node:path';
import { type Bytes, RejectedError } from '../../core/index.ts';
import type { IdentityErrorCode } from './errors.ts';
import { ParsedFiles, writeWhole } from './parsed-files.ts';

const FILE = 'renewals.json';
const MOST_BYTES = 1024 * 1024;

/** Thumbprint of a certificate → of the one whose place it takes. */
export type Renewals = ReadonlyMap<string, string>;

/**
 * Which certificate takes the place of which, users' rights included, as a person said by a command: one file beside the
 * trust list. Nothing that is in or beside a certificate, which its owner may have written, says so. A file that cannot be
 * read gives nobody rights.
 */
export class RenewalFile {
  readonly #folder: string;
  readonly #files = new ParsedFiles(parse, MOST_BYTES);

  /** @param folder of the application */
  constructor(folder: string) {
    this.#folder = folder;
  }

  all(): Renewals {
    return this.#look().value ?? new Map();
  }

  /** Sentences for the operator. */
  faults(): string[] {
    const { fault } = this.#look();
    return fault === undefined ? [] : [fault];
  }

  /**
   * Records a renewal, or that there is none any more.
   * @throws RejectedError `BAD_RENEWALS` where the file cannot be read: what it said is not to be lost
   */
  set(thumbprint: string, renews: string | undefined): void {
    const { value = new Map<string, string>(), fault } = this.#look();
    if (value.get(thumbprint) === renews && fault === undefined) return;
    if (fault !== undefined) throw new RejectedError<IdentityErrorCode>('BAD_RENEWALS', fault);
    const all = new Map(value);
    if (renews === undefined) all.delete(thumbprint);
    else all.set(thumbprint, renews);
    writeWhole(this.#folder, FILE, `${JSON.stringify(Object.fromEntries(all), undefined, 2)}\n`);
  }

  #look(): { readonly value?: Renewals; readonly fault?: string } {
    const found = this.#files.file(join(this.#folder, FILE));
    if (found === undefined) return {};
    if ('value' in found) return found;
    return {
      fault: `${found.file} ${found.why}. No certificate has the rights of the one that it renews until the file is mended or removed.`,
    };
  }
}

function parse(content: Bytes): Renewals {
  const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RangeError('no object');
  const entries = Object.entries(value);
  if (!entries.flat().every((each) => typeof each === 'string' && /^[0-9a-f]{64}$/.test(each))) throw new RangeError('no thumbprints');
  return new Map(entries as [string, string][]);
}
