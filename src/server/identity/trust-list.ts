import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bytes, RejectedError } from '../../core/index.ts';
import { type CertificateFacts, parseCertificateFile, readCertificate, toPem } from './certificate-facts.ts';
import { type CertificateJudgement, judgeCertificate, type TrustSource } from './certificate-judgement.ts';
import type { IdentityErrorCode } from './errors.ts';

const MOST_REJECTED = 100;

export type TrustState = 'trusted' | 'rejected';
export interface TrustEntry extends CertificateFacts {
  readonly state: TrustState;
  readonly file: string;
}

/**
 * The certificates that an application trusts, as two folders a person can look into: `trusted/` and `rejected/`, PEM
 * files named by common name and SHA-256 thumbprint. What counts is the certificate in a file, not the file's name.
 * Unknown certificates wait in `rejected/` (a bounded number, the oldest give way) until a command trusts them. A change
 * made by another process counts from the next check on.
 */
export class TrustList implements TrustSource {
  readonly #folder: string;
  readonly #mostRejected: number;
  readonly #read = new Map<string, CertificateFacts>();
  readonly #onStranger: ((facts: CertificateFacts) => void) | undefined;

  /** @param onStranger told of each refusal of an unknown certificate */
  constructor(folder: string, mostRejected: number = MOST_REJECTED, onStranger?: (facts: CertificateFacts) => void) {
    this.#folder = folder;
    this.#mostRejected = mostRejected;
    this.#onStranger = onStranger;
    for (const state of ['trusted', 'rejected'] as const) mkdirSync(join(folder, state), { recursive: true, mode: 0o700 });
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
    const wanted = selector.toLowerCase().replaceAll(':', '');
    const isPrefix = /^[0-9a-f]{8,64}$/.test(wanted);
    const isMeant = ({ thumbprint, commonName, applicationUri }: TrustEntry): boolean =>
      (isPrefix && thumbprint.startsWith(wanted)) || commonName === selector || applicationUri === selector;
    const found = this.list(state).filter(isMeant);
    const [first] = found;
    const where = state === undefined ? 'trusted or rejected' : state;
    if (first === undefined) throw fault('UNKNOWN_CERTIFICATE', `No ${where} certificate is named ${JSON.stringify(selector)}.`);
    if (new Set(found.map((entry) => entry.thumbprint)).size > 1) {
      throw fault('AMBIGUOUS_CERTIFICATE', `${found.length} certificates are named ${JSON.stringify(selector)}. Give the thumbprint.`);
    }
    return first;
  }

  /** Trusts a certificate that waits in `rejected/`. @throws RejectedError as {@link find} */
  trust(selector: string): TrustEntry {
    const entry = this.find(selector, 'rejected');
    return this.add(entry.der);
  }

  /** Trusts a certificate given as the content of a file, PEM or DER. @throws RejectedError `BAD_CERTIFICATE` */
  add(content: Bytes): TrustEntry {
    const facts = parseCertificateFile(content);
    const file = this.#write('trusted', facts);
    this.#drop('rejected', facts.thumbprint);
    return { ...facts, state: 'trusted', file };
  }

  /** Takes trust from a certificate, or a waiting one out of `rejected/`; its file is deleted. @throws RejectedError as {@link find} */
  remove(selector: string): TrustEntry {
    const entry = this.find(selector);
    this.#drop('trusted', entry.thumbprint);
    this.#drop('rejected', entry.thumbprint);
    return entry;
  }

  isTrusted(thumbprint: string): boolean {
    return this.#entries('trusted').some((entry) => entry.thumbprint === thumbprint);
  }

  /** Judges a peer's certificate by this list; an unknown one goes to `rejected/`. */
  async judge(certificate: Bytes): Promise<CertificateJudgement> {
    return judgeCertificate(certificate, this, Date.now());
  }

  /** DER bytes of all that is trusted now. */
  trusted(): Bytes[] {
    return this.#entries('trusted').map((entry) => entry.der);
  }

  /** Lets an unknown certificate wait in `rejected/`. Never throws: a full disk must not bring a server down. */
  refused(facts: CertificateFacts): void {
    try {
      this.#onStranger?.(facts);
      const waiting = this.#entries('rejected');
      if (waiting.some((entry) => entry.thumbprint === facts.thumbprint)) return;
      for (const entry of oldestFirst(waiting).slice(0, Math.max(0, waiting.length + 1 - this.#mostRejected)))
        rmSync(entry.file, { force: true });
      this.#write('rejected', facts);
    } catch {
      // The certificate stays refused; only its copy for the person is missing.
    }
  }

  /** {@link refused} for bytes that another process reported; bytes that are no certificate are ignored. */
  refusedDer(der: Bytes): void {
    try {
      this.refused(readCertificate(der));
    } catch {
      // Nothing that a person could trust.
    }
  }

  /** Calls back whenever the set of trusted certificates differs from the last look. @returns a function that ends it */
  watch(everyMs: number, changed: (trusted: Bytes[]) => void): () => void {
    const key = () =>
      this.#entries('trusted')
        .map((entry) => entry.thumbprint)
        .sort()
        .join();
    let last = key();
    const timer = setInterval(() => {
      const now = key();
      if (now === last) return;
      last = now;
      changed(this.trusted());
    }, everyMs);
    timer.unref();
    return () => clearInterval(timer);
  }

  #entries(state: TrustState): TrustEntry[] {
    const entries: TrustEntry[] = [];
    for (const name of readdirSync(join(this.#folder, state))) {
      const file = join(this.#folder, state, name);
      const facts = this.#facts(file);
      if (facts !== undefined) entries.push({ ...facts, state, file });
    }
    return entries;
  }

  /** Parses a file once for each version of it, so that a check costs a look at the folder only. */
  #facts(file: string): CertificateFacts | undefined {
    try {
      const { mtimeMs, size, ino } = statSync(file);
      const version = `${file}\0${mtimeMs}\0${size}\0${ino}`;
      const known = this.#read.get(version);
      if (known !== undefined) return known;
      if (size > 65_536) return undefined;
      const facts = parseCertificateFile(readFileSync(file));
      if (this.#read.size > 10_000) this.#read.clear();
      this.#read.set(version, facts);
      return facts;
    } catch {
      return undefined;
    }
  }

  #write(state: TrustState, facts: CertificateFacts): string {
    const file = join(this.#folder, state, `${fileNameOf(facts.commonName)}[${facts.thumbprint}].pem`);
    writeFileSync(`${file}.part`, toPem(facts.der), { mode: 0o600 });
    renameSync(`${file}.part`, file);
    return file;
  }

  #drop(state: TrustState, thumbprint: string): void {
    for (const entry of this.#entries(state)) if (entry.thumbprint === thumbprint) rmSync(entry.file, { force: true });
  }
}

/** The common name comes from a stranger: only harmless characters reach the file system. */
function fileNameOf(commonName: string): string {
  return (
    commonName
      .replaceAll(/[^A-Za-z0-9 _-]/g, '_')
      .slice(0, 48)
      .trim() || 'unnamed'
  );
}

function oldestFirst(entries: readonly TrustEntry[]): TrustEntry[] {
  const age = (entry: TrustEntry) => statSync(entry.file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return [...entries].sort((a, b) => age(a) - age(b));
}

function fault(code: IdentityErrorCode, message: string): RejectedError<IdentityErrorCode> {
  return new RejectedError(code, message);
}
