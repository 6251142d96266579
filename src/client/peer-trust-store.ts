import { type ICertificateStore, type StatusCode, StatusCodes } from 'node-opcua';
import { split_der } from 'node-opcua-crypto';
import { sha256, toHex } from '../core/index.ts';
import { CERTIFICATE_STATUS, type CertificateJudgement } from '../nodeset/index.ts';
import type { PeerTrust } from './identity.ts';

/** A server certificate that was not accepted. */
export interface RefusedCertificate {
  /** SHA-256 of the DER bytes, lower-case hexadecimal. */
  readonly thumbprint: string;
  readonly verdict: Exclude<CertificateJudgement, 'trusted'>;
}

/** Lets node-opcua ask our trust list, and remembers what was refused, for node-opcua's own error tells only a status. */
export class PeerTrustStore implements ICertificateStore {
  referenceCounter = 0;
  #refused: RefusedCertificate | undefined;
  readonly #trust: PeerTrust;
  readonly #host: string;

  /** @param endpointUrl under which the server is dialled */
  constructor(trust: PeerTrust, endpointUrl: string) {
    this.#trust = trust;
    this.#host = hostOf(endpointUrl);
  }

  get refused(): RefusedCertificate | undefined {
    return this.#refused;
  }

  async checkCertificate(certificate: Buffer | Buffer[]): Promise<StatusCode> {
    const leaf = leafOf(certificate);
    if (leaf === undefined) return StatusCodes.BadCertificateInvalid;
    const verdict = await this.#trust.judge(leaf, this.#host);
    this.#refused = verdict === 'trusted' ? undefined : { thumbprint: toHex(sha256(leaf)), verdict };
    return CERTIFICATE_STATUS[verdict];
  }

  /** Called for our own certificate only, which need not stand in our own trust list. */
  async verifyCertificate(): Promise<string> {
    return StatusCodes.BadCertificateUntrusted.name;
  }

  async getTrustStatus(certificate: Buffer): Promise<StatusCode> {
    return await this.checkCertificate(certificate);
  }

  /* What follows would change the trust list: that is for a person to do, never for node-opcua. */

  async initialize(): Promise<void> {}
  async dispose(): Promise<void> {}
  async trustCertificate(): Promise<void> {}
  async rejectCertificate(): Promise<void> {}
  async addIssuer(): Promise<void> {}
  async addRevocationList(): Promise<void> {}
}

/** Host name or address without brackets; an URL without one has a name that no certificate bears. */
function hostOf(endpointUrl: string): string {
  try {
    return new URL(endpointUrl).hostname.replace(/^\[(.*)\]$/, '$1');
  } catch {
    return '';
  }
}

/** The server's own certificate; issuers may follow it in the same bytes. */
function leafOf(certificate: Buffer | Buffer[]): Buffer | undefined {
  try {
    return Array.isArray(certificate) ? certificate[0] : split_der(certificate)[0];
  } catch {
    return undefined;
  }
}
