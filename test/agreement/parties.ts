import { ed25519Signer, labelledHash, publicKeyOfX25519, type Signer, toBase64Url, u32 } from '../../src/core/index.ts';
import type { Agreement } from '../../src/agreement/index.ts';

/** 32 bytes that are the same in every run. */
export function secret(n: number): Uint8Array {
  return labelledHash('DCMB/0/test', u32(n));
}

export const owner: Signer = ed25519Signer(secret(1));
export const manufacturer: Signer = ed25519Signer(secret(2));
export const ownerExchange = secret(3);
export const manufacturerExchange = secret(4);

/** An agreement that fits together; what is given replaces its parts. */
export function agreement(other: Readonly<Record<string, unknown>> = {}): Agreement {
  const whole = {
    v: 0,
    version: 1,
    ledger: toBase64Url(secret(9)),
    owner: {
      org: 'owner',
      name: 'Owner AG',
      evidenceKey: toBase64Url(owner.publicKey),
      exchangeKey: toBase64Url(publicKeyOfX25519(ownerExchange)),
      applicationUri: 'urn:owner:dcmb',
    },
    manufacturer: {
      org: 'maker',
      name: 'Maker GmbH',
      evidenceKey: toBase64Url(manufacturer.publicKey),
      exchangeKey: toBase64Url(publicKeyOfX25519(manufacturerExchange)),
      applicationUri: 'urn:maker:dcmb',
    },
    purpose: 'predictive maintenance',
    params: {
      streams: 2,
      codesPerSlot: 8,
      epochIntervals: 64,
      intervalMs: 1000,
      originMs: 0,
      publications: 1,
      callsPerInterval: 0,
      callGridMs: 1000,
      publishDelayMs: 500,
      anchorWithinMs: 60_000,
      receiptWithinMs: 60_000,
      depositAfter: 64,
      unreceiptedLimit: 1000,
      conditionDepth: 3,
      topDepth: 2,
      argon2Profile: 0,
    },
    streams: [stream('Maintenance', 2, 1, 0), stream('Usage', 7)],
    policyCommitment: toBase64Url(secret(5)),
    rawReleased: [],
    module: toBase64Url(secret(6)),
    disputeWindowEpochs: 4,
    lookAheadMs: 4 * 64_000,
    retentionDays: 365,
    notBeforeMs: 1_000_000,
    notAfterMs: 2_000_000_000_000,
  };
  return { ...whole, ...other } as Agreement;
}

export function stream(name: string, ...codes: number[]) {
  return {
    name,
    title: { en: name, de: name },
    conditions: codes.map((code) => ({ code, text: { en: `Condition ${code}`, de: `Zustand ${code}` }, importance: 100 })),
  };
}
