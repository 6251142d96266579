import { join } from 'node:path';
import { type Bytes, RejectedError } from '../../core/index.ts';
import { Authorities, type AuthorityMaterial, type RevocationRule } from './authorities.ts';
import { type CertificateFacts, matches, parseCertificateFile, toPem } from './certificate-facts.ts';
import type { IdentityErrorCode } from './errors.ts';
import { harmlessName, ParsedFiles, removeFile, writeWhole } from './parsed-files.ts';
import { RevocationFolder } from './revocation-folder.ts';
import { isListOf, readRevocationList, type RevocationList } from './revocation-list.ts';

const MOST_CERTIFICATE_BYTES = 65_536;
const MOST_ISSUERS = 32;

export interface AuthorityEntry extends CertificateFacts {
  readonly file: string;
  /** Its revocation lists, newest first. */
  readonly lists: readonly (RevocationList & { readonly file: string })[];
}

/**
 * A company's authorities, as two folders beside the trust list: `issuers/certs` and `issuers/crl`, PEM or DER. What lies
 * in `issuers/certs` vouches for every application certificate that it issued: it is as much as trusting all of them.
 */
export class AuthorityFolder {
  readonly #certs: string;
  readonly #crl: string;
  readonly #rule: RevocationRule;
  readonly #certificates = new ParsedFiles(parseCertificateFile, MOST_CERTIFICATE_BYTES);
  readonly #lists: RevocationFolder;
  #last: { readonly key: string; readonly authorities: Authorities } | undefined;

  constructor(folder: string, rule: RevocationRule) {
    this.#certs = join(folder, 'issuers', 'certs');
    this.#crl = join(folder, 'issuers', 'crl');
    this.#lists = new RevocationFolder(this.#crl);
    this.#rule = rule;
  }

  /** Authorities by common name, each with its lists. */
  entries(): AuthorityEntry[] {
    const lists = this.#lists.files();
    return this.#certificates
      .in(this.#certs)
      .map(({ file, value }) => ({
        ...value,
        file,
        lists: lists
          .filter((list) => isListOf(list.value, value))
          .map((list) => ({ ...list.value, file: list.file }))
          .toSorted((a, b) => b.thisUpdateMs - a.thisUpdateMs),
      }))
      .sort((a, b) => (a.commonName < b.commonName ? -1 : 1));
  }

  /**
   * Lets an authority vouch for what it issued. @param content PEM or DER
   * @throws RejectedError `BAD_CERTIFICATE`, `NO_AUTHORITY`
   */
  add(content: Bytes): CertificateFacts & { readonly file: string } {
    const facts = parseCertificateFile(content);
    if (!facts.isAuthority || !facts.signsCertificates) {
      throw new RejectedError<IdentityErrorCode>(
        'NO_AUTHORITY',
        `${JSON.stringify(facts.commonName)} is no authority's certificate (CA and keyCertSign). Trust it as an application instead.`,
      );
    }
    return { ...facts, file: writeWhole(this.#certs, `${harmlessName(facts.commonName)}[${facts.thumbprint}].pem`, toPem(facts.der)) };
  }

  /**
   * Takes in a revocation list; older lists of the same authority go. @param content PEM or DER
   * @throws RejectedError `BAD_REVOCATION_LIST`, also where no listed authority signed it; `OLD_REVOCATION_LIST`
   */
  addList(content: Bytes): RevocationList & { readonly file: string; readonly of: CertificateFacts } {
    const list = readRevocationList(content);
    const of = this.entries().find((authority) => isListOf(list, authority));
    if (of === undefined) {
      throw new RejectedError<IdentityErrorCode>(
        'BAD_REVOCATION_LIST',
        `No listed authority signed this revocation list (it names ${JSON.stringify(list.issuer)}). Add the authority first: dcmb trust authority.`,
      );
    }
    if (of.lists.some(({ thisUpdateMs }) => thisUpdateMs > list.thisUpdateMs)) {
      throw new RejectedError<IdentityErrorCode>('OLD_REVOCATION_LIST', 'A newer revocation list of this authority is there already.');
    }
    const file = writeWhole(this.#crl, `${harmlessName(of.commonName)}[${list.thumbprint}].crl.pem`, crlPem(list.der));
    for (const old of of.lists) if (old.file !== file) removeFile(old.file);
    return { ...list, file, of };
  }

  /** The one authority that a person means, by what {@link matches}; undefined for none or several. */
  find(selector: string): AuthorityEntry | undefined {
    const found = this.entries().filter((entry) => matches(entry, selector));
    return new Set(found.map(({ thumbprint }) => thumbprint)).size === 1 ? found[0] : undefined;
  }

  /** Takes an authority and its lists away. */
  remove(authority: AuthorityEntry): void {
    for (const list of authority.lists) removeFile(list.file);
    removeFile(authority.file);
  }

  /** What another process needs to judge by the same authorities. */
  material(): AuthorityMaterial {
    const { counting, isIncomplete } = this.#issuers();
    const { lists, unknown } = this.#lists.stateFor(counting);
    return {
      issuers: counting.map(({ der }) => der),
      revocationLists: lists,
      revocation: this.#rule,
      revocationUnknown: unknown,
      isIncomplete,
    };
  }

  /** As the folders are now; made anew only where they have changed. */
  authorities(): Authorities {
    const key = this.key();
    if (this.#last?.key !== key) this.#last = { key, authorities: new Authorities(this.material()) };
    return this.#last.authorities;
  }

  /** Differs where anything in the folders differs. */
  key(): string {
    const { files, faults } = this.#certificates.look(this.#certs);
    const issuers = [...files.map(({ value }) => value.thumbprint), ...faults.map(({ version }) => version)];
    return `${issuers.join()};${this.#lists.key()}`;
  }

  /** Files that cannot be used, and what comes of it: sentences for the operator. */
  faults(): string[] {
    const { counting, faults } = this.#issuers();
    return [...faults, ...this.#lists.stateFor(counting).faults];
  }

  #issuers(): { readonly counting: readonly CertificateFacts[]; readonly isIncomplete: boolean; readonly faults: readonly string[] } {
    const { files, faults } = this.#certificates.look(this.#certs);
    const leftOut = files.slice(MOST_ISSUERS).map(({ file }) => ({ file, why: `is one authority more than ${MOST_ISSUERS}` }));
    const missing = [...faults, ...leftOut];
    return {
      counting: files.slice(0, MOST_ISSUERS).map(({ value }) => value),
      isIncomplete: missing.length > 0,
      faults: missing.map(
        ({ file, why }) => `${file} ${why}. Certificates whose issuer is not listed are refused until it is mended or removed.`,
      ),
    };
  }
}

function crlPem(der: Bytes): string {
  const base64 = Buffer.from(der)
    .toString('base64')
    .replaceAll(/.{64}(?!$)/g, '$&\n');
  return `-----BEGIN X509 CRL-----\n${base64}\n-----END X509 CRL-----\n`;
}
