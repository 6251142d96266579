import type { ApplicationIdentity, PeerTrust, UserCredentials } from './identity.ts';

/** How to reach one OPC UA server. */
export interface LinkOptions {
  /** `opc.tcp://host:port[/path]` */
  readonly endpointUrl: string;
  /** A function where it may be renewed: each new session takes the one that it gives then. */
  readonly identity: ApplicationIdentity | (() => ApplicationIdentity);
  readonly trust: PeerTrust;
  readonly user: UserCredentials | (() => UserCredentials);
  /** Always with SignAndEncrypt. Default Basic256Sha256, which every stock server has. */
  readonly securityPolicy?: 'Basic256Sha256' | 'Aes128_Sha256_RsaOaep' | 'Aes256_Sha256_RsaPss';
  /** Longest wait for one answer, ms. Default 10,000. */
  readonly requestTimeoutMs?: number;
  /** How long a lost session may be resumed before everything is set up anew, ms. Default 20,000. */
  readonly resumeWithinMs?: number;
  /** Pause before the first new attempt, doubled up to `retryMostMs`. Defaults 250 and 10,000 ms. */
  readonly retryFirstMs?: number;
  readonly retryMostMs?: number;
}

export function identityOf({ identity }: Pick<LinkOptions, 'identity'>): ApplicationIdentity {
  return typeof identity === 'function' ? identity() : identity;
}

export function userOf({ user }: Pick<LinkOptions, 'user'>): UserCredentials {
  return typeof user === 'function' ? user() : user;
}
