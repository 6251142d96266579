import type { ICertificateStore, StatusCode } from 'node-opcua';
import type { Bytes } from '../../core/index.ts';
import { CERTIFICATE_STATUS } from '../../nodeset/index.ts';
import { NOBODY } from './authorities.ts';
import { judgeCertificate, type TrustSource } from './certificate-judgement.ts';

type Certificate = Bytes | readonly Bytes[];
type CheckCallback = (error: Error | null, status?: StatusCode) => void;

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
    return CERTIFICATE_STATUS[judgeCertificate(certificate, source, { nowMs: this.#now() })];
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
