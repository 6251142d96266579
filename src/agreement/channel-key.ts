import { type Bytes, type Envelope, hkdf, labelledHash, RejectedError, unverifiedPayload, utf8, x25519 } from '../core/index.ts';
import type { AgreementErrorCode } from './errors.ts';

/**
 * Commitment to an agreement: hides it, for its contents can be guessed.
 * @param nonce 32 bytes, secret to both parties
 * @param envelope the signed agreement; the commitment is over its payload
 */
export function agreementCommitment(nonce: Bytes, envelope: Envelope): Bytes {
  return labelledHash('DCMB/0/commitment/agreement', nonce, unverifiedPayload(envelope));
}

/** A channel's id, of 32 bytes: from the ledger's id and the commitment to the first version of its agreement. */
export function channelId(ledgerId: Bytes, commitment: Bytes): Bytes {
  return labelledHash('DCMB/0/channel', ledgerId, commitment);
}

/**
 * K_channel, 32 bytes, the same on both sides: HKDF-SHA-256 (RFC 5869) over the X25519 agreement (RFC 7748) of the two
 * exchange keys, with the commitment to the agreement as salt.
 * @throws RejectedError `BAD_KEY` where the other side's key is of small order
 */
export function deriveChannelKey(ownPrivate: Bytes, otherPublic: Bytes, commitment: Bytes): Bytes {
  return hkdf(x25519(ownPrivate, otherPublic), commitment, utf8('DCMB/0/channel-key'), 32);
}

/** 2^255 - 19 (RFC 7748 section 4.1). */
const FIELD = 2n ** 255n - 19n;

/** A fixed private key that only tells whether agreement with a public key comes out as zero. It protects nothing. */
const PROBE = labelledHash('DCMB/0/exchange-key-probe');

/** @throws RejectedError `BAD_PARTY_KEY` unless these 32 bytes are a canonical X25519 public key that is not of small order. */
export function requireExchangeKey(publicKey: Bytes): void {
  let u = 0n;
  for (const byte of publicKey.slice().reverse()) u = (u << 8n) | BigInt(byte);
  if (publicKey.length !== 32 || u >= FIELD) {
    throw new RejectedError<AgreementErrorCode>('BAD_PARTY_KEY', 'The X25519 key is not in canonical form.');
  }
  x25519(PROBE, publicKey);
}
