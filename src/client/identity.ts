import { type UserIdentityInfo, UserTokenType } from 'node-opcua';
import { coercePEMorDerToPrivateKey, keyOperationsFromPrivateKey, type PrivateKey } from 'node-opcua-crypto';
import type { Bytes } from '../core/index.ts';
import type { CertificateJudgement } from '../nodeset/index.ts';
import { rejected } from './errors.ts';

/** Who this client is: its application certificate (OPC UA Part 4, clause 6.1) and private key. */
export interface ApplicationIdentity {
  readonly applicationName: string;
  /** Equal to the URI in the certificate's subjectAltName; servers refuse the client otherwise. */
  readonly applicationUri: string;
  /** X.509, DER. */
  readonly certificate: Bytes;
  readonly privateKeyPem: string;
}

/** The trust list. Judging a stranger also files its certificate for a person to look at; nothing is ever trusted by itself. */
export interface PeerTrust {
  /** @param host under which the peer, a server, was dialled */
  judge(certificate: Bytes, host?: string): Promise<CertificateJudgement>;
}

/** Who uses the session (OPC UA Part 4, clause 7.41). */
export type UserCredentials =
  | { readonly kind: 'certificate'; readonly certificate: Bytes; readonly privateKeyPem: string }
  | { readonly kind: 'password'; readonly userName: string; readonly password: string }
  /** Only where a PLC's own server knows no users; the module's servers refuse it. */
  | { readonly kind: 'anonymous' };

/** @throws RejectedError `BAD_IDENTITY` */
export function userIdentityOf(user: UserCredentials): UserIdentityInfo {
  switch (user.kind) {
    case 'certificate':
      return {
        type: UserTokenType.Certificate,
        certificateData: Buffer.from(user.certificate),
        keyOperations: keyOperationsFromPrivateKey(privateKeyOf(user.privateKeyPem)),
      };
    case 'password':
      return { type: UserTokenType.UserName, userName: user.userName, password: user.password };
    case 'anonymous':
      return { type: UserTokenType.Anonymous };
  }
}

/** @throws RejectedError `BAD_IDENTITY` */
export function privateKeyOf(pem: string): PrivateKey {
  try {
    return coercePEMorDerToPrivateKey(pem);
  } catch {
    // The cause is left out: its message may repeat what was taken for a key.
    throw rejected(
      'BAD_IDENTITY',
      'The private key of the application or user certificate cannot be read. Give it as PEM, PKCS#8, without a passphrase.',
    );
  }
}
