import { ed25519Signer, type Envelope, sha256, signEnvelope, toBase64Url, utf8 } from '../../src/core/index.ts';
import type { ChannelProgress, ReceivedBatch, SealedBatch } from '../../src/store/index.ts';

export function bytes(text: string): Uint8Array {
  return sha256(utf8(text));
}

export const SOME_ENVELOPE: Envelope = await signEnvelope('application/test', { v: 0 }, ed25519Signer(bytes('signer')));

export function progressOf(nextBatch: number): ChannelProgress {
  return {
    nextBatch,
    interval: nextBatch,
    row: 0,
    fromMs: 1000 * nextBatch,
    prev: toBase64Url(bytes(`header ${nextBatch - 1}`)),
    ratchet: toBase64Url(bytes(`ratchet ${nextBatch}`)),
    epochKey: toBase64Url(bytes('epoch key')),
    epoch: 0,
    sequences: [nextBatch, 2 * nextBatch],
    clearing: { held: [nextBatch] },
  };
}

export function sealedBatch(n: number, changes: Partial<SealedBatch> = {}): SealedBatch {
  return {
    n,
    interval: n,
    through: n,
    row: 0,
    headerHash: toBase64Url(bytes(`header ${n}`)),
    header: SOME_ENVELOPE,
    deliveryHash: toBase64Url(bytes(`delivery ${n}`)),
    deliveryPackage: { n },
    seed: bytes(`seed ${n}`),
    payload: `payload ${n}`,
    codes: [0, -1],
    publishAtMs: 1000 * n,
    ...changes,
  };
}

export function receivedBatch(n: number, changes: Partial<ReceivedBatch> = {}): ReceivedBatch {
  return {
    n,
    interval: n,
    row: 0,
    headerHash: toBase64Url(bytes(`header ${n}`)),
    deliveryHash: toBase64Url(bytes(`delivery ${n}`)),
    deliveryPackage: { n },
    receipt: SOME_ENVELOPE,
    codes: [n, -1],
    digest: toBase64Url(bytes(`digest ${n}`)),
    ...changes,
  };
}
