import type { CertificateFacts } from './certificate-facts.ts';

/** The key lengths that all three security policies admit (OPC UA Part 7, e.g. Basic256Sha256: 2048 to 4096 bits). */
const LEAST_RSA_BITS = 2048;
const MOST_RSA_BITS = 4096;
/** RSA with SHA-256, SHA-384 or SHA-512, by every spelling that the parsers give. */
const STRONG_SIGNATURE = /sha-?(256|384|512)/i;

/** False for SHA-1, MD5 and whatever is not known. */
export function hasStrongSignature(algorithm: string): boolean {
  return STRONG_SIGNATURE.test(algorithm);
}

/** The security policy check of OPC UA Part 4, clause 6.1.3, for a certificate of a peer or of an authority. */
export function isStrong({ signatureAlgorithm, rsaBits }: CertificateFacts): boolean {
  return hasStrongSignature(signatureAlgorithm) && rsaBits >= LEAST_RSA_BITS && rsaBits <= MOST_RSA_BITS;
}
