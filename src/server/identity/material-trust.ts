import type { Bytes } from '../../core/index.ts';
import { Authorities, NO_AUTHORITIES } from './authorities.ts';
import { type CertificateFacts, thumbprintOf } from './certificate-facts.ts';
import { judgeCertificate, type TrustSource } from './certificate-judgement.ts';
import { quiet } from './certificate-store.ts';
import type { TrustMaterial } from './trust-list.ts';

/** Exactly these certificates, and nobody who vouches for others. */
export function onlyThese(trusted: readonly Bytes[]): TrustMaterial {
  return { ...NO_AUTHORITIES, trusted, renewals: {} };
}

/** A trust list without files: what another process, or another part of this one, was handed. */
export class MaterialTrust implements TrustSource {
  readonly #refused: ((facts: CertificateFacts) => void) | undefined;
  #trusted: ReadonlySet<string> = new Set();
  #authorities = new Authorities(NO_AUTHORITIES);
  #renewals: ReadonlyMap<string, string> = new Map();

  /** @param refused told of strangers, and of certificates that are vouched for and refused all the same */
  constructor(material: TrustMaterial, refused?: (facts: CertificateFacts) => void) {
    this.#refused = refused;
    this.replace(material);
  }

  replace(material: TrustMaterial): void {
    this.#trusted = new Set(material.trusted.map(thumbprintOf));
    this.#authorities = new Authorities(material);
    this.#renewals = new Map(Object.entries(material.renewals));
  }

  isTrusted(thumbprint: string): boolean {
    return this.#trusted.has(thumbprint);
  }

  authorities(): Authorities {
    return this.#authorities;
  }

  renews(thumbprint: string): string | undefined {
    return this.#trusted.has(thumbprint) ? this.#renewals.get(thumbprint) : undefined;
  }

  stranger(facts: CertificateFacts): void {
    this.#refused?.(facts);
  }

  refused(facts: CertificateFacts): void {
    this.#refused?.(facts);
  }

  /** True where the certificate would be accepted; nobody is told of one that is not. */
  accepts(certificate: Bytes): boolean {
    return judgeCertificate(certificate, quiet(this), { nowMs: Date.now() }) === 'trusted';
  }
}
