import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, test } from 'node:test';
import { p256 } from '@noble/curves/nist.js';
import { keySigner } from '../../src/ledger/fabric/key-signer.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicKey = createPublicKey(privateKey);
const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
const point = Uint8Array.of(4, ...Buffer.from(x, 'base64url'), ...Buffer.from(y, 'base64url'));

describe("a signer over a file's key", () => {
  test('signs over SHA-256 of the message, in DER, always with the lower s', async () => {
    // Half of all signatures come with the higher s first; short r and s come too.
    for (let i = 0; i < 150; i++) {
      const message = new TextEncoder().encode(`message ${i}`);
      const signature = await keySigner(privateKey).sign(message);
      assert.ok(verify('sha256', message, publicKey, signature));
      // Refuses DER that is not the shortest, and the higher s.
      assert.ok(p256.verify(signature, message, point, { format: 'der', lowS: true }));
    }
  });

  test('signs another message otherwise', async () => {
    const signature = await keySigner(privateKey).sign(Uint8Array.of(1));
    assert.equal(verify('sha256', Uint8Array.of(2), publicKey, signature), false);
  });
});
