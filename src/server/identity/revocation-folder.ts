import type { Bytes } from '../../core/index.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { type ParsedFile, ParsedFiles } from './parsed-files.ts';
import { isListOf, readRevocationList, type RevocationList, spoiledBy } from './revocation-list.ts';

const MOST_LIST_BYTES = 512 * 1024;
/** All of it goes to another process in one message. */
const MOST_LISTS = 64;
const MOST_BYTES_OF_LISTS = 2 * 1024 * 1024;

/** What a folder of revocation lists comes to for these authorities. */
export interface RevocationState {
  /** DER. */
  readonly lists: readonly Bytes[];
  /** Thumbprints of authorities of whom a list is there that cannot be used. */
  readonly unknown: readonly string[];
  /** For the operator, one sentence or two a file. */
  readonly faults: readonly string[];
}

type ListFile = ParsedFile<RevocationList>;

/** A folder of revocation lists. One that cannot be used is as bad as one that revokes everything: the newest may be lost with it. */
export class RevocationFolder {
  readonly #folder: string;
  readonly #files = new ParsedFiles(readRevocationList, MOST_LIST_BYTES);
  #last: { readonly key: string; readonly state: RevocationState } | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Those that can be read, whoever signed them. */
  files(): readonly ListFile[] {
    return this.#files.in(this.#folder);
  }

  /** Differs where anything in the folder differs. */
  key(): string {
    const { files, faults } = this.#files.look(this.#folder);
    return [...files.map(({ value }) => value.thumbprint), ...faults.map(({ version }) => version)].join();
  }

  /** Made anew only where the folder or the authorities have changed. */
  stateFor(authorities: readonly CertificateFacts[]): RevocationState {
    const key = `${authorities.map(({ thumbprint }) => thumbprint).join()};${this.key()}`;
    if (this.#last?.key !== key) this.#last = { key, state: this.#stateFor(authorities) };
    return this.#last.state;
  }

  #stateFor(authorities: readonly CertificateFacts[]): RevocationState {
    const { files, faults } = this.#files.look(this.#folder);
    const unsigned = files
      .filter(({ value }) => !authorities.some((authority) => isListOf(value, authority)))
      .map(({ file, value }) => ({ file, why: 'is signed by no listed authority with SHA-256 or better', content: value.der }));
    const spoiled = [...faults, ...unsigned].map((fault) => ({ ...fault, of: spoiledBy(fault.content, authorities) }));
    const kept = newestOf(authorities.map((authority) => files.filter(({ value }) => isListOf(value, authority)).toSorted(newestFirst)));
    const leftOut = authorities.filter((authority) => misses(files, kept, authority));
    return {
      lists: [...kept].map(({ value }) => value.der),
      unknown: [...spoiled.flatMap(({ of }) => of), ...leftOut].map(({ thumbprint }) => thumbprint),
      faults: [
        ...spoiled.filter(({ of }) => of.length > 0).map(({ file, why, of }) => faultOf(file, why, of)),
        ...leftOut.map((authority) => faultOf(this.#folder, 'holds more than 64 lists or 2 MiB: the newest is left out', [authority])),
      ],
    };
  }
}

/** First the newest of each authority, then the one before it: what is left out is older than what is kept. */
function newestOf(lists: readonly (readonly ListFile[])[]): ReadonlySet<ListFile> {
  const kept = new Set<ListFile>();
  const full = new Set<number>();
  let bytes = 0;
  for (let round = 0; lists.some((own) => round < own.length); round++) {
    for (const [of, own] of lists.entries()) {
      const file = own[round];
      if (file === undefined || kept.has(file) || full.has(of)) continue;
      const length = bytes + file.value.der.length;
      if (kept.size >= MOST_LISTS || length > MOST_BYTES_OF_LISTS) full.add(of);
      else {
        kept.add(file);
        bytes = length;
      }
    }
  }
  return kept;
}

function misses(files: readonly ListFile[], kept: ReadonlySet<ListFile>, authority: CertificateFacts): boolean {
  const own = files.filter(({ value }) => isListOf(value, authority));
  const newestMs = Math.max(...own.filter((file) => kept.has(file)).map(({ value }) => value.thisUpdateMs));
  return own.some((file) => !kept.has(file) && file.value.thisUpdateMs >= newestMs);
}

function newestFirst(a: ListFile, b: ListFile): number {
  return b.value.thisUpdateMs - a.value.thisUpdateMs;
}

function faultOf(file: string, why: string, of: readonly CertificateFacts[]): string {
  const names = of.map(({ commonName }) => JSON.stringify(commonName)).join(', ');
  return `${file} ${why}. All certificates of ${names} are refused until it is mended or removed.`;
}
