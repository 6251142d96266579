import { type ICertificateStore, type StatusCode, StatusCodes } from 'node-opcua';
import { split_der } from 'node-opcua-crypto';
import { sha256, toHex } from '../core/index.ts';
import type { CertificateVerdict, PeerTrust } from './identity.ts';

const STATUS_OF: Readonly<Record<CertificateVerdict, StatusCode>> = {
  trusted: StatusCodes.Good,
  untrusted: StatusCodes.BadCertificateUntrusted,
  expired: StatusCodes.BadCertificateTimeInvalid,
  notYetValid: StatusCodes.BadCertificateTimeInvalid,
  weak: StatusCodes.BadCertificatePolicyCheckFailed,
  unfit: StatusCodes.BadCertificateUseNotAllowed,
  malformed: StatusCodes.BadCertificateInvalid,
};

/** A server certificate that was not accepted. */
export interface RefusedCertificate {
  /** SHA-256 of the DER bytes, lower-case hexadecimal. */
  readonly thumbprint: string;
  readonly verdict: Exclude<CertificateVerdict, 'trusted'>;
}

/** Lets node-opcua ask our trust list, and remembers what was refused, for node-opcua's own error tells only a status. */
export class PeerTrustStore implements ICertificateStore {
  referenceCounter = 0;
  #refused: RefusedCertificate | undefined;
  readonly #trust: PeerTrust;

  constructor(trust: PeerTrust) {
    this.#trust = trust;
  }

  get refused(): RefusedCertificate | undefined {
    return this.#refused;
  }

  async checkCertificate(certificate: Buffer | Buffer[]): Promise<StatusCode> {
    const leaf = leafOf(certificate);
    if (leaf === undefined) return StatusCodes.BadCertificateInvalid;
    const verdict = await this.#trust.judge(leaf);
    this.#refused = verdict === 'trusted' ? undefined : { thumbprint: toHex(sha256(leaf)), verdict };
    return STATUS_OF[verdict];
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

/** The server's own certificate; issuers may follow it in the same bytes. */
function leafOf(certificate: Buffer | Buffer[]): Buffer | undefined {
  try {
    return Array.isArray(certificate) ? certificate[0] : split_der(certificate)[0];
  } catch {
    return undefined;
  }
}
