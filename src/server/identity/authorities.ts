import { X509Certificate } from 'node:crypto';
import type { Bytes } from '../../core/index.ts';
import { type CertificateFacts, readCertificate } from './certificate-facts.ts';
import { isListOf, readRevocationList, type RevocationList, spoiledBy } from './revocation-list.ts';

/** `required`: a certificate counts only with a revocation list in force from its authority. `none`: also where there is none. */
export type RevocationRule = 'required' | 'none';

/** What is known of a company's authorities, as it is handed to another process. DER throughout. */
export interface AuthorityMaterial {
  readonly issuers: readonly Bytes[];
  readonly revocationLists: readonly Bytes[];
  readonly revocation: RevocationRule;
  /** Thumbprints of authorities of whom a list is there that cannot be used: nobody knows whom they have revoked. */
  readonly revocationUnknown: readonly string[];
  /** True where an authority is there that cannot be read: a certificate that nobody else issued may be one that it revoked. */
  readonly isIncomplete: boolean;
}

export const NO_AUTHORITIES: AuthorityMaterial = {
  issuers: [],
  revocationLists: [],
  revocation: 'required',
  revocationUnknown: [],
  isIncomplete: false,
};

/** Most authorities between a certificate and the end of its chain, which no company needs. */
const MOST_AUTHORITIES_IN_CHAIN = 5;

interface Authority {
  readonly facts: CertificateFacts;
  readonly x509: X509Certificate;
  /** Those that it signed; computed once. */
  readonly lists: readonly RevocationList[];
  readonly isRevocationUnknown: boolean;
}

/**
 * A certificate's authorities, its own issuer first. `none`: it is self-signed, or nobody that is listed issued it.
 * `forged`: it bears a listed authority's name (or claims to be self-signed), and its signature does not verify.
 * `incomplete`: the chain ends before a self-signed authority.
 */
export interface Chain {
  readonly state: 'none' | 'forged' | 'incomplete' | 'complete';
  readonly authorities: readonly Authority[];
}

/**
 * The authorities of a company that vouch for certificates which nobody listed one by one. Only these do: what a peer sends
 * along with its certificate is not looked at, and a trusted application's certificate never vouches, whatever it signed.
 */
export class Authorities {
  readonly revocation: RevocationRule;
  readonly isIncomplete: boolean;
  readonly #known: readonly Authority[];

  /** A list that bears an authority's name and cannot be used makes that one's revocation unknown; a stranger's has no effect. */
  constructor({ issuers, revocationLists, revocation, revocationUnknown, isIncomplete }: AuthorityMaterial) {
    this.revocation = revocation;
    const known = issuers.flatMap((der) => attempt(() => readCertificate(der)));
    this.isIncomplete = isIncomplete || known.length < issuers.length;
    const lists = revocationLists.flatMap((der) => attempt(() => readRevocationList(der)));
    const spoiled = revocationLists.flatMap((der) => spoiledBy(der, known)).map(({ thumbprint }) => thumbprint);
    const unknown = new Set([...revocationUnknown, ...spoiled]);
    this.#known = known.map((facts) => ({
      facts,
      x509: new X509Certificate(facts.der),
      lists: lists.filter((list) => isListOf(list, facts)),
      isRevocationUnknown: unknown.has(facts.thumbprint),
    }));
  }

  /**
   * Follows the issuers of a certificate by name and signature (OPC UA Part 6, clause 6.2.6). Of an authority's certificates
   * for one key, one that is valid now is taken.
   */
  chainOf(leaf: CertificateFacts, nowMs: number): Chain {
    const authorities: Authority[] = [];
    let current: { facts: CertificateFacts; x509: X509Certificate } = { facts: leaf, x509: new X509Certificate(leaf.der) };
    for (;;) {
      if (isSelfSigned(current.x509)) return { state: authorities.length === 0 ? 'none' : 'complete', authorities };
      const named = this.#known.filter(({ facts }) => facts.subject === current.facts.issuer);
      const signers = named.filter(({ x509 }) => isSignedBy(current.x509, x509));
      const issuer = signers.find(({ facts }) => facts.notBeforeMs <= nowMs && nowMs < facts.notAfterMs) ?? signers[0];
      if (issuer === undefined) {
        const isForged = named.length > 0 || current.facts.issuer === current.facts.subject;
        if (isForged) return { state: 'forged', authorities };
        return { state: authorities.length === 0 ? 'none' : 'incomplete', authorities };
      }
      if (authorities.length === MOST_AUTHORITIES_IN_CHAIN) return { state: 'incomplete', authorities };
      authorities.push(issuer);
      current = issuer;
    }
  }
}

/** Vouches for nothing. */
export const NOBODY: Authorities = new Authorities(NO_AUTHORITIES);

/**
 * What the authority's lists say of a certificate that it issued (RFC 5280, clause 6.3.3): the newest that has begun counts,
 * never an older one that is still in force. Where lists are not required, an old one is still believed in what it revokes.
 */
export function revocationOf(
  { serialNumber }: CertificateFacts,
  { lists, isRevocationUnknown }: Authority,
  rule: RevocationRule,
  nowMs: number,
): 'good' | 'revoked' | 'unknown' {
  // A serial number that can't be looked up can't be found to be good either.
  if (serialNumber === '' || isRevocationUnknown) return 'unknown';
  const begun = lists.filter(({ thisUpdateMs }) => thisUpdateMs <= nowMs);
  const counting = begun.length > 0 ? begun : lists;
  const newestMs = Math.max(...counting.map(({ thisUpdateMs }) => thisUpdateMs));
  const newest = counting.filter(({ thisUpdateMs }) => thisUpdateMs === newestMs);
  const isInForce = begun.length > 0 && newest.every(({ nextUpdateMs }) => nowMs < nextUpdateMs);
  if (!isInForce && rule === 'required') return 'unknown';
  return newest.some(({ revoked }) => revoked.has(serialNumber)) ? 'revoked' : 'good';
}

function isSelfSigned(x509: X509Certificate): boolean {
  return x509.subject === x509.issuer && isSignedBy(x509, x509);
}

function isSignedBy(x509: X509Certificate, authority: X509Certificate): boolean {
  try {
    return x509.verify(authority.publicKey);
  } catch {
    return false;
  }
}

function attempt<Value>(read: () => Value): Value[] {
  try {
    return [read()];
  } catch {
    return [];
  }
}
