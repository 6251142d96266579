import type { Bytes } from '../../core/index.ts';
import { type CertificateFacts, leafOf, readCertificate } from './certificate-facts.ts';

/** Smallest RSA key that any of the three security policies admits (OPC UA Part 7). */
const LEAST_RSA_BITS = 2048;
/** RSA with SHA-256, SHA-384 or SHA-512, by every spelling that the parser gives. */
const STRONG_SIGNATURE = /sha-?(256|384|512)/i;

/** `weak`: SHA-1, or RSA below 2048 bits, or no RSA. `unfit`: lacks the key usages of an application's certificate. */
export type CertificateJudgement = 'trusted' | 'untrusted' | 'expired' | 'notYetValid' | 'weak' | 'unfit' | 'malformed';

/** Says what is trusted now, and is told of what is not. */
export interface TrustSource {
  /** True for exactly this certificate, by its SHA-256 thumbprint. */
  isTrusted(thumbprint: string): boolean;
  /** A sound certificate that is not trusted. Must not throw; must bound what it keeps. */
  refused?(facts: CertificateFacts): void;
}

/**
 * The one rule for certificates of peers and of X.509 users, for servers and clients, in the order of OPC UA Part 4,
 * clause 6.1.3: exactly the listed ones, by SHA-256 thumbprint, in their validity period, fit for their use. There are
 * no issuers: a trusted certificate never makes another one trusted, whatever it signed. Nothing is accepted by itself.
 * @param certificate DER, or a chain of which the first counts
 */
export function judgeCertificate(certificate: Bytes | readonly Bytes[], source: TrustSource, nowMs: number): CertificateJudgement {
  let facts: CertificateFacts;
  try {
    facts = readCertificate(leafOf(certificate));
  } catch {
    return 'malformed';
  }
  if (!STRONG_SIGNATURE.test(facts.signatureAlgorithm) || facts.rsaBits < LEAST_RSA_BITS) return 'weak';
  if (!source.isTrusted(facts.thumbprint)) {
    source.refused?.(facts);
    return 'untrusted';
  }
  if (nowMs < facts.notBeforeMs) return 'notYetValid';
  if (nowMs >= facts.notAfterMs) return 'expired';
  return facts.hasApplicationUsages ? 'trusted' : 'unfit';
}
