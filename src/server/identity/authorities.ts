import { X509Certificate } from 'node:crypto';
import type { Bytes } from '../../core/index.ts';
import { type CertificateFacts, readCertificate } from './certificate-facts.ts';
import { isListOf, readRevocationList, type RevocationList } from './revocation-list.ts';

/** `required`: a certificate counts only with a revocation list in force from its authority. `none`: also where there is none. */
export type RevocationRule = 'required' | 'none';

/** What is known of a company's authorities, as it is handed to another process. DER throughout. */
export interface AuthorityMaterial {
  readonly issuers: readonly Bytes[];
  readonly revocationLists: readonly Bytes[];
  readonly revocation: RevocationRule;
}

export const NO_AUTHORITIES: AuthorityMaterial = { issuers: [], revocationLists: [], revocation: 'required' };

/** Most authorities between a certificate and the end of its chain, which no company needs. */
const MOST_AUTHORITIES_IN_CHAIN = 5;

interface Authority {
  readonly facts: CertificateFacts;
  readonly x509: X509Certificate;
  /** Those that it signed; computed once. */
  readonly lists: readonly RevocationList[];
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
  readonly #known: readonly Authority[];

  /** Bytes that are no certificate or list, or a list of nobody who is known, have no effect. */
  constructor({ issuers, revocationLists, revocation }: AuthorityMaterial) {
    this.revocation = revocation;
    const lists = revocationLists.flatMap((der) => attempt(() => readRevocationList(der)));
    this.#known = issuers
      .flatMap((der) => attempt(() => readCertificate(der)))
      .map((facts) => ({ facts, x509: new X509Certificate(facts.der), lists: lists.filter((list) => isListOf(list, facts)) }));
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
 * What the authority's lists say of a certificate that it issued (RFC 5280, clause 6.3.3): the newest list in force counts.
 * Where lists are not required, an old one is still believed in what it revokes.
 */
export function revocationOf(
  { serialNumber }: CertificateFacts,
  { lists }: Authority,
  rule: RevocationRule,
  nowMs: number,
): 'good' | 'revoked' | 'unknown' {
  // A serial number that can't be looked up can't be found to be good either.
  if (serialNumber === '') return 'unknown';
  const inForce = lists.filter(({ thisUpdateMs, nextUpdateMs }) => thisUpdateMs <= nowMs && nowMs < nextUpdateMs);
  const [newest] = (inForce.length > 0 ? inForce : lists).toSorted((a, b) => b.thisUpdateMs - a.thisUpdateMs);
  if (newest?.revoked.has(serialNumber) === true) return inForce.length > 0 || rule === 'none' ? 'revoked' : 'unknown';
  return inForce.length > 0 || rule === 'none' ? 'good' : 'unknown';
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
