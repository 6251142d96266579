import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Bytes, RejectedError } from '../../core/index.ts';
import type { CertificateJudgement } from '../../nodeset/index.ts';
import type { Authorities, AuthorityMaterial, RevocationRule } from './authorities.ts';
import { AuthorityFolder } from './authority-folder.ts';
import { type CertificateFacts, matches, parseCertificateFile, toPem } from './certificate-facts.ts';
import { judgeCertificate, type RefusedBecause, type TrustSource } from './certificate-judgement.ts';
import type { IdentityErrorCode } from './errors.ts';
import { harmlessName, ParsedFiles, removeFile, writeWhole } from './parsed-files.ts';
import { type Renewals, RenewalFile } from './renewals.ts';
import { quiet } from './certificate-store.ts';
import { RateLimit } from '../rate-limit.ts';

const MOST_REJECTED = 100;
/** Strangers that are let in there in one minute, so that a flood does not push out in seconds who waits for a person. */
const MOST_REJECTED_A_MINUTE = 30;
const MOST_BYTES = 65_536;
/** Longest line of certificates each of which took the place of the one before. */
const MOST_RENEWALS = 16;

export type TrustState = 'trusted' | 'rejected';
export interface TrustEntry extends CertificateFacts {
  readonly state: TrustState;
  readonly file: string;
  /** Thumbprint of the certificate whose place it takes, users' rights included. */
  readonly renews?: string;
}

export interface TrustListOptions {
  /** Most files in `rejected/`; 100 where absent. */
  readonly mostRejected?: number | undefined;
  /** Told of each refusal of an unknown certificate. */
  readonly onStranger?: ((facts: CertificateFacts) => void) | undefined;
  /** Told of each refusal of a certificate that is listed, or that an authority vouches for. */
  readonly onRefused?: ((facts: CertificateFacts, because: RefusedBecause) => void) | undefined;
  /** Told of each file that cannot be used, once while it is there. */
  readonly onFault?: ((message: string) => void) | undefined;
  /** Whether authorities need revocation lists; `required` where absent. */
  readonly revocation?: RevocationRule | undefined;
}

/** Where each state's files lie; the first place is the one that is written to. */
const PLACES: Readonly<Record<TrustState, readonly string[]>> = { trusted: [join('trusted', 'certs'), 'trusted'], rejected: ['rejected'] };

/** What a set of lists comes to, for another process. */
export interface TrustMaterial extends AuthorityMaterial {
  /** DER. */
  readonly trusted: readonly Bytes[];
  /** Thumbprint of a trusted certificate → of the one whose place it takes. */
  readonly renewals: Readonly<Record<string, string>>;
}

/**
 * The certificates that an application trusts, as folders a person can look into: `trusted/certs` and `rejected`, PEM files
 * named by common name and SHA-256 thumbprint, and `issuers/` (see {@link AuthorityFolder}). What counts is the certificate
 * in a file, not the file's name. Unknown certificates wait in `rejected/` (a bounded number, the oldest give way) until a
 * command trusts them. A change made by another process counts from the next check on.
 */
export class TrustList implements TrustSource {
  readonly issuers: AuthorityFolder;
  readonly #folder: string;
  readonly #renewals: RenewalFile;
  readonly #mostRejected: number;
  readonly #arrivals = new RateLimit(MOST_REJECTED_A_MINUTE);
  readonly #files = new ParsedFiles(parseCertificateFile, MOST_BYTES);
  readonly #onStranger: TrustListOptions['onStranger'];
  readonly #onRefused: TrustListOptions['onRefused'];
  readonly #onFault: ((message: string) => void) | undefined;
  #faultsTold: ReadonlySet<string> = new Set();

  constructor(folder: string, options: TrustListOptions = {}) {
    const { mostRejected = MOST_REJECTED, onStranger, onRefused, onFault, revocation = 'required' } = options;
    this.#folder = folder;
    this.#mostRejected = mostRejected;
    this.#onStranger = onStranger;
    this.#onRefused = onRefused;
    this.#onFault = onFault;
    this.issuers = new AuthorityFolder(folder, revocation);
    this.#renewals = new RenewalFile(folder);
    const places = [...PLACES.trusted, ...PLACES.rejected, join('issuers', 'certs'), join('issuers', 'crl')];
    for (const place of places) mkdirSync(join(folder, place), { recursive: true, mode: 0o700 });
  }

  /** All certificates of one state or of both, by common name. Files that are no certificate are left out. */
  list(state?: TrustState): TrustEntry[] {
    const states: readonly TrustState[] = state === undefined ? ['trusted', 'rejected'] : [state];
    return states.flatMap((each) => this.#entries(each)).sort((a, b) => (a.commonName < b.commonName ? -1 : 1));
  }

  /**
   * The one certificate that a person means: by thumbprint, the beginning of one (8 digits or more), common name, or
   * application URI.
   * @throws RejectedError `UNKNOWN_CERTIFICATE`, `AMBIGUOUS_CERTIFICATE`
   */
  find(selector: string, state?: TrustState): TrustEntry {
    const found = this.list(state).filter((entry) => matches(entry, selector));
    const [first] = found;
    const where = state === undefined ? 'trusted or rejected' : state;
    if (first === undefined) throw fault('UNKNOWN_CERTIFICATE', `No ${where} certificate is named ${JSON.stringify(selector)}.`);
    if (new Set(found.map((entry) => entry.thumbprint)).size > 1) {
      throw fault('AMBIGUOUS_CERTIFICATE', `${found.length} certificates are named ${JSON.stringify(selector)}. Give the thumbprint.`);
    }
    return first;
  }

  /** Trusts a certificate that waits in `rejected/`. @throws RejectedError as {@link find} */
  trust(selector: string, renews?: string): TrustEntry {
    const entry = this.find(selector, 'rejected');
    return this.add(entry.der, renews);
  }

  /**
   * Trusts a certificate given as the content of a file, PEM or DER.
   * @param renews thumbprint of the certificate whose place it takes: whoever had rights by that one has them by this one
   * @throws RejectedError `BAD_CERTIFICATE`, `BAD_RENEWALS`
   */
  add(content: Bytes, renews?: string): TrustEntry {
    const facts = parseCertificateFile(content);
    // Before it is trusted: what was recorded of it earlier counts no more.
    this.#renewals.set(facts.thumbprint, renews);
    const file = this.#write('trusted', facts);
    this.#drop('rejected', facts.thumbprint);
    return { ...facts, state: 'trusted', file, ...(renews === undefined ? {} : { renews }) };
  }

  /** Takes trust from a certificate, or a waiting one out of `rejected/`; its file is deleted. @throws RejectedError as {@link find}, `BAD_RENEWALS` */
  remove(selector: string): TrustEntry {
    const entry = this.find(selector);
    this.#drop('trusted', entry.thumbprint);
    this.#drop('rejected', entry.thumbprint);
    if (entry.state === 'trusted') this.#renewals.set(entry.thumbprint, undefined);
    return entry;
  }

  isTrusted(thumbprint: string): boolean {
    return this.#entries('trusted').some((entry) => entry.thumbprint === thumbprint);
  }

  authorities(): Authorities {
    this.#tellFaults();
    return this.issuers.authorities();
  }

  renews(thumbprint: string): string | undefined {
    return this.#entries('trusted').find((entry) => entry.thumbprint === thumbprint)?.renews;
  }

  /**
   * Judges a peer's certificate by this list; an unknown one goes to `rejected/`.
   * @param host under which the peer, a server, was dialled
   */
  async judge(certificate: Bytes, host?: string): Promise<CertificateJudgement> {
    return judgeCertificate(certificate, this, { nowMs: Date.now(), ...(host === undefined ? {} : { host }) });
  }

  /** True where the certificate would be accepted; nobody is told of one that is not. */
  accepts(certificate: Bytes): boolean {
    return judgeCertificate(certificate, quiet(this), { nowMs: Date.now() }) === 'trusted';
  }

  /** DER bytes of all that is trusted by itself now. */
  trusted(): Bytes[] {
    return this.#entries('trusted').map((entry) => entry.der);
  }

  /** All that is needed to judge by this list elsewhere. */
  material(): TrustMaterial {
    this.#tellFaults();
    const renewals = this.#entries('trusted').flatMap(({ thumbprint, renews }) => (renews === undefined ? [] : [[thumbprint, renews]]));
    return { trusted: this.trusted(), renewals: Object.fromEntries(renewals) as Record<string, string>, ...this.issuers.material() };
  }

  /** Lets an unknown certificate wait in `rejected/`. Never throws: a full disk must not bring a server down. */
  stranger(facts: CertificateFacts): void {
    try {
      this.#onStranger?.(facts);
      const waiting = this.#entries('rejected');
      if (waiting.some((entry) => entry.thumbprint === facts.thumbprint) || !this.#arrivals.take()) return;
      for (const entry of oldestFirst(waiting).slice(0, Math.max(0, waiting.length + 1 - this.#mostRejected))) removeFile(entry.file);
      this.#write('rejected', facts);
    } catch {
      // The certificate stays refused; only its copy for the person is missing.
    }
  }

  refused(facts: CertificateFacts, because: RefusedBecause): void {
    try {
      this.#onRefused?.(facts, because);
    } catch {
      // As above: it stays refused, told or not.
    }
  }

  /** Judges bytes that another process refused by the same list: whoever is told of refusals is told of it. */
  refusedDer(der: Bytes): void {
    try {
      judgeCertificate(der, this, { nowMs: Date.now() });
    } catch {
      // It stays refused; what is wrong with the folder, the next client's refusal tells.
    }
  }

  /** Calls back whenever anything that counts differs from the last look. @returns a function that ends it */
  watch(everyMs: number, changed: (material: TrustMaterial) => void): () => void {
    let last = this.#key();
    const timer = setInterval(() => {
      const now = this.#key();
      if (now === last) return;
      last = now;
      changed(this.material());
    }, everyMs);
    timer.unref();
    return () => clearInterval(timer);
  }

  /** Files that cannot be used, and what comes of it: sentences for the operator. */
  faults(): string[] {
    return [...this.issuers.faults(), ...this.#renewals.faults()];
  }

  #tellFaults(): void {
    const faults = new Set(this.faults());
    for (const fault of faults) if (!this.#faultsTold.has(fault)) this.#onFault?.(fault);
    this.#faultsTold = faults;
  }

  #key(): string {
    this.#tellFaults();
    const trusted = this.#entries('trusted').map(({ thumbprint, renews }) => `${thumbprint}:${renews ?? ''}`);
    return `${trusted.sort().join()};${this.issuers.key()}`;
  }

  #entries(state: TrustState): TrustEntry[] {
    const files = PLACES[state].flatMap((place) => this.#files.in(join(this.#folder, place)));
    const renewals: Renewals = state === 'trusted' ? this.#renewals.all() : new Map();
    const entries = files.map(({ file, value }) => {
      const renews = renewals.get(value.thumbprint);
      return { ...value, state, file, ...(renews === undefined ? {} : { renews }) };
    });
    // The same one may lie in both places.
    return entries.filter(({ thumbprint }, index) => entries.findIndex((entry) => entry.thumbprint === thumbprint) === index);
  }

  #write(state: TrustState, facts: CertificateFacts): string {
    const name = `${harmlessName(facts.commonName)}[${facts.thumbprint}].pem`;
    return writeWhole(join(this.#folder, PLACES[state][0] ?? ''), name, toPem(facts.der));
  }

  #drop(state: TrustState, thumbprint: string): void {
    const files = PLACES[state].flatMap((place) => this.#files.in(join(this.#folder, place)));
    for (const { file, value } of files) if (value.thumbprint === thumbprint) removeFile(file);
  }
}

/**
 * The certificates in whose place this one stands, itself first: a certificate that renews another one, which renewed a
 * third, has the rights of the third.
 */
export function lineOf(thumbprint: string, renews: ((thumbprint: string) => string | undefined) | undefined): string[] {
  const line = [thumbprint];
  for (let next = renews?.(thumbprint); next !== undefined && line.length < MOST_RENEWALS && !line.includes(next); next = renews?.(next))
    line.push(next);
  return line;
}

function oldestFirst(entries: readonly TrustEntry[]): TrustEntry[] {
  const age = (entry: TrustEntry) => statSync(entry.file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return [...entries].sort((a, b) => age(a) - age(b));
}

function fault(code: IdentityErrorCode, message: string): RejectedError<IdentityErrorCode> {
  return new RejectedError(code, message);
}
