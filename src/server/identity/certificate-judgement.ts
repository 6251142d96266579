import { X509Certificate } from 'node:crypto';
import type { Bytes } from '../../core/index.ts';
import type { CertificateJudgement } from '../../nodeset/index.ts';
import { type Authorities, type Chain, NOBODY, revocationOf } from './authorities.ts';
import { type CertificateFacts, leafOf, plainIp, readCertificate } from './certificate-facts.ts';
import { isStrong } from './strength.ts';

/** Says what is trusted now, and is told of what is not. Telling must not throw; who is told must bound what is kept. */
export interface TrustSource {
  /** True for exactly this certificate, by its SHA-256 thumbprint. */
  isTrusted(thumbprint: string): boolean;
  /** Authorities that vouch for others; none where absent. */
  authorities?(): Authorities;
  /** True where authorities can take trust away only: whom they vouch for is trusted no more than anybody. */
  readonly mustBeListed?: boolean;
  /** Thumbprint of the certificate that a listed one takes the place of, as a person said; undefined where it takes none. */
  renews?(thumbprint: string): string | undefined;
  /** A sound certificate that is not trusted: a person may do so. */
  stranger?(facts: CertificateFacts): void;
  /** One that is listed, or that an authority vouches for, and that is refused all the same. */
  refused?(facts: CertificateFacts, because: RefusedBecause): void;
}

/** Why a certificate is refused that is listed or vouched for. */
export type RefusedBecause = Exclude<CertificateJudgement, 'trusted' | 'untrusted'>;

type Fault = RefusedBecause | 'untrusted';

export interface JudgementTerms {
  readonly nowMs: number;
  /** Host name or address under which the certificate's owner, a server, was dialled. */
  readonly host?: string;
}

/**
 * The one rule for certificates of peers and of X.509 users, for servers and clients: the steps of OPC UA Part 4, clause
 * 6.1.3, in their order. Trusted is exactly what is listed, by SHA-256 thumbprint, or what a listed authority vouches for.
 * A listed certificate needs no authority; where a listed authority issued it, the authority's word counts, too, so that a
 * revoked one is refused. Nothing is accepted by itself, and what can't be found out counts as bad.
 * @param certificate DER, or a chain of which the first counts
 */
export function judgeCertificate(certificate: Bytes | readonly Bytes[], source: TrustSource, terms: JudgementTerms): CertificateJudgement {
  const leaf = factsOf(certificate);
  if (leaf === undefined) return 'malformed';
  // Before any of its signatures costs time: a stranger chose the key.
  if (!isStrong(leaf)) return weak(leaf, source);
  const authorities = source.authorities?.() ?? NOBODY;
  const chain = authorities.chainOf(leaf, terms.nowMs);
  const isListed = source.isTrusted(leaf.thumbprint);
  const untrusted = trustFault(chain, isListed, source.mustBeListed === true);
  const fault = untrusted ?? unfitness(leaf, chain, isListed, terms) ?? revocationFault(leaf, chain, authorities, terms.nowMs);
  const isVouchedFor = isListed || untrusted === undefined || (untrusted === 'weak' && chain.state === 'complete');
  if (fault !== undefined) tell(source, leaf, fault, isVouchedFor && (isListed || source.mustBeListed !== true));
  return fault ?? 'trusted';
}

function factsOf(certificate: Bytes | readonly Bytes[]): CertificateFacts | undefined {
  try {
    return readCertificate(leafOf(certificate));
  } catch {
    return undefined;
  }
}

function weak(leaf: CertificateFacts, source: TrustSource): 'weak' {
  if (source.isTrusted(leaf.thumbprint)) source.refused?.(leaf, 'weak');
  return 'weak';
}

/** Whoever bears an authority's name without its signature is nobody that a person has dealings with. */
function tell(source: TrustSource, leaf: CertificateFacts, fault: Fault, isVouchedFor: boolean): void {
  if (isVouchedFor && fault !== 'untrusted') source.refused?.(leaf, fault);
  else if (fault === 'untrusted' || fault === 'chainIncomplete') source.stranger?.(leaf);
}

/** Steps build chain, signature, security policy and trust list. */
function trustFault({ state, authorities }: Chain, isListed: boolean, mustBeListed: boolean): Fault | undefined {
  if (state === 'forged') return 'forged';
  if (authorities.some(({ facts }) => !isStrong(facts))) return 'weak';
  if (state === 'incomplete') return 'chainIncomplete';
  return isListed || (state === 'complete' && !mustBeListed) ? undefined : 'untrusted';
}

/** Steps validity, host name and usage. */
function unfitness(leaf: CertificateFacts, chain: Chain, isListed: boolean, { nowMs, host }: JudgementTerms): RefusedBecause | undefined {
  return timeFault(leaf, chain, nowMs) ?? (isListed ? undefined : hostFault(leaf, host)) ?? usageFault(leaf, chain, isListed);
}

function timeFault(leaf: CertificateFacts, { authorities }: Chain, nowMs: number): RefusedBecause | undefined {
  if (nowMs < leaf.notBeforeMs) return 'notYetValid';
  if (nowMs >= leaf.notAfterMs) return 'expired';
  const isOver = authorities.some(({ facts }) => nowMs < facts.notBeforeMs || nowMs >= facts.notAfterMs);
  return isOver ? 'issuerTimeInvalid' : undefined;
}

/** Else whoever has a certificate of the company could stand in for any of its servers. A listed one is exactly that server. */
function hostFault(leaf: CertificateFacts, host: string | undefined): RefusedBecause | undefined {
  return host === undefined || coversHost(leaf, host) ? undefined : 'wrongHost';
}

/** True where the certificate names this host or address (RFC 6125 without wildcards). */
export function coversHost({ ips, hosts }: Pick<CertificateFacts, 'ips' | 'hosts'>, name: string): boolean {
  return ips.includes(plainIp(name)) || hosts.some((host) => host.toLowerCase() === name.toLowerCase());
}

function usageFault(leaf: CertificateFacts, { authorities }: Chain, isListed: boolean): RefusedBecause | undefined {
  if (!leaf.hasApplicationUsages) return 'unfit';
  // A person who lists a certificate has looked at it. What an authority vouches for must be what it says it is.
  if (!isListed && (leaf.isAuthority || leaf.applicationUri === '' || leaf.hasUnreadConstraints)) return 'unfit';
  let issued = new X509Certificate(leaf.der);
  for (const [place, { facts, x509 }] of authorities.entries()) {
    const isTooLong = facts.pathLength !== undefined && place > facts.pathLength;
    // checkIssued compares names as OpenSSL does, and the authority's key identifier.
    const mayIssue = facts.isAuthority && facts.signsCertificates && !facts.hasUnreadConstraints && issued.checkIssued(x509);
    if (isTooLong || !mayIssue) return 'issuerUnfit';
    issued = x509;
  }
  return undefined;
}

/** Steps find revocation list and revocation check. The last authority is the one that a person vouches for. */
function revocationFault(
  leaf: CertificateFacts,
  chain: Chain,
  { revocation, isIncomplete }: Authorities,
  nowMs: number,
): RefusedBecause | undefined {
  // Its issuer may be the one that could not be read.
  if (isIncomplete && chain.state === 'none' && leaf.subject !== leaf.issuer) return 'revocationUnknown';
  let issued = leaf;
  for (const authority of chain.authorities) {
    if (issued.thumbprint === authority.facts.thumbprint) break;
    const isLeaf = issued === leaf;
    const found = revocationOf(issued, authority, revocation, nowMs);
    if (found === 'revoked') return isLeaf ? 'revoked' : 'issuerRevoked';
    if (found === 'unknown') return isLeaf ? 'revocationUnknown' : 'issuerRevocationUnknown';
    issued = authority.facts;
  }
  return undefined;
}
