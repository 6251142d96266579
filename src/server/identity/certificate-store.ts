import { type ICertificateStore, type StatusCode, StatusCodes } from 'node-opcua';
import type { Bytes } from '../../core/index.ts';
import { NOBODY } from './authorities.ts';
import { type CertificateJudgement, judgeCertificate, type TrustSource } from './certificate-judgement.ts';

type Certificate = Bytes | readonly Bytes[];
type CheckCallback = (error: Error | null, status?: StatusCode) => void;

/** OPC UA Part 4, clause 6.1.3. */
const STATUS: Readonly<Record<CertificateJudgement, StatusCode>> = {
  trusted: StatusCodes.Good,
  untrusted: StatusCodes.BadCertificateUntrusted,
  expired: StatusCodes.BadCertificateTimeInvalid,
  notYetValid: StatusCodes.BadCertificateTimeInvalid,
  weak: StatusCodes.BadCertificatePolicyCheckFailed,
  unfit: StatusCodes.BadCertificateUseNotAllowed,
  malformed: StatusCodes.BadCertificateInvalid,
  forged: StatusCodes.BadCertificateInvalid,
  chainIncomplete: StatusCodes.BadCertificateChainIncomplete,
  wrongHost: StatusCodes.BadCertificateHostNameInvalid,
  issuerTimeInvalid: StatusCodes.BadCertificateIssuerTimeInvalid,
  issuerUnfit: StatusCodes.BadCertificateIssuerUseNotAllowed,
  revoked: StatusCodes.BadCertificateRevoked,
  issuerRevoked: StatusCodes.BadCertificateIssuerRevoked,
  revocationUnknown: StatusCodes.BadCertificateRevocationUnknown,
  issuerRevocationUnknown: StatusCodes.BadCertificateIssuerRevocationUnknown,
};

/** `judgeCertificate` in the form in which node-opcua's servers and clients ask for it. */
export class PinnedCertificateStore implements ICertificateStore {
  referenceCounter = 0;
  readonly #source: TrustSource;
  readonly #now: () => number;

  constructor(source: TrustSource, now: () => number = Date.now) {
    this.#source = source;
    this.#now = now;
  }

  async initialize(): Promise<void> {}

  async dispose(): Promise<void> {}

  /**
   * The secure channel awaits the promise; the server's check of X.509 users passes a callback instead and ignores the
   * promise.
   */
  checkCertificate(certificate: Certificate, callback?: CheckCallback): Promise<StatusCode> {
    const status = this.#statusOf(certificate);
    if (callback !== undefined) queueMicrotask(() => callback(null, status));
    return Promise.resolve(status);
  }

  async verifyCertificate(certificate: Certificate): Promise<string> {
    return this.#quietly(certificate).name;
  }

  async getTrustStatus(certificate: Certificate): Promise<StatusCode> {
    return this.#quietly(certificate);
  }

  // The trust list is changed by a person's command only, never through the OPC UA stack.
  trustCertificate(): Promise<void> {
    return Promise.reject(new Error('Certificates are trusted by command, not through the stack.'));
  }

  async rejectCertificate(): Promise<void> {}

  async addIssuer(): Promise<unknown> {
    return undefined;
  }

  async addRevocationList(): Promise<unknown> {
    return undefined;
  }

  #statusOf(certificate: Certificate, source: TrustSource = this.#source): StatusCode {
    return STATUS[judgeCertificate(certificate, source, { nowMs: this.#now() })];
  }

  /** The same question without a report of a stranger. */
  #quietly(certificate: Certificate): StatusCode {
    return this.#statusOf(certificate, quiet(this.#source));
  }
}

/** The same source without a report of strangers. */
export function quiet(source: TrustSource): TrustSource {
  return {
    isTrusted: (thumbprint) => source.isTrusted(thumbprint),
    authorities: () => source.authorities?.() ?? NOBODY,
    mustBeListed: source.mustBeListed === true,
  };
}
