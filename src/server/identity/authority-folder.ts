import { join } from 'node:path';
import { type Bytes, RejectedError } from '../../core/index.ts';
import { Authorities, type AuthorityMaterial, type RevocationRule } from './authorities.ts';
import { type CertificateFacts, matches, parseCertificateFile, toPem } from './certificate-facts.ts';
import type { IdentityErrorCode } from './errors.ts';
import { harmlessName, type ParsedFile, ParsedFiles, removeFile, writeWhole } from './parsed-files.ts';
import { isListOf, readRevocationList, type RevocationList } from './revocation-list.ts';

const MOST_CERTIFICATE_BYTES = 65_536;
const MOST_LIST_BYTES = 512 * 1024;
/** All of it goes to another process in one message. */
const MOST_ISSUERS = 32;
const MOST_LISTS = 64;
const MOST_BYTES_OF_LISTS = 2 * 1024 * 1024;

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
  readonly #lists = new ParsedFiles(readRevocationList, MOST_LIST_BYTES);
  #last: { readonly key: string; readonly authorities: Authorities } | undefined;

  constructor(folder: string, rule: RevocationRule) {
    this.#certs = join(folder, 'issuers', 'certs');
    this.#crl = join(folder, 'issuers', 'crl');
    this.#rule = rule;
  }

  /** Authorities by common name, each with its lists. */
  entries(): AuthorityEntry[] {
    const lists = this.#crlFiles();
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
   * @throws RejectedError `BAD_REVOCATION_LIST`, also where no listed authority signed it
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
      throw new RejectedError<IdentityErrorCode>('BAD_REVOCATION_LIST', 'A newer revocation list of this authority is there already.');
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
    const issuers = this.#certificates.in(this.#certs).slice(0, MOST_ISSUERS);
    return { issuers: issuers.map(({ value }) => value.der), revocationLists: this.#ders(this.#crlFiles()), revocation: this.#rule };
  }

  /** As the folders are now; made anew only where they have changed. */
  authorities(): Authorities {
    const key = this.key();
    if (this.#last?.key !== key) this.#last = { key, authorities: new Authorities(this.material()) };
    return this.#last.authorities;
  }

  /** Differs where anything in the folders differs. */
  key(): string {
    const issuers = this.#certificates.in(this.#certs).map(({ value }) => value.thumbprint);
    const lists = this.#crlFiles().map(({ value }) => value.thumbprint);
    return `${issuers.join()};${lists.join()}`;
  }

  #crlFiles(): ParsedFile<RevocationList>[] {
    return this.#lists.in(this.#crl);
  }

  /** What is beyond the limit has no effect: its authority's certificates are then refused as not to be checked. */
  #ders(lists: readonly ParsedFile<RevocationList>[]): Bytes[] {
    let bytes = 0;
    return lists
      .slice(0, MOST_LISTS)
      .map(({ value }) => value.der)
      .filter((der) => (bytes += der.length) <= MOST_BYTES_OF_LISTS);
  }
}

function crlPem(der: Bytes): string {
  const base64 = Buffer.from(der)
    .toString('base64')
    .replaceAll(/.{64}(?!$)/g, '$&\n');
  return `-----BEGIN X509 CRL-----\n${base64}\n-----END X509 CRL-----\n`;
}
