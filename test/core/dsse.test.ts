import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import {
  countersign,
  ed25519Signer,
  type Envelope,
  envelopeHash,
  fromBase64Url,
  hasCode,
  objectHash,
  openEnvelope,
  parseEnvelope,
  type Signer,
  signEnvelope,
  toBase64Url,
  toHex,
  unverifiedPayload,
  utf8,
  verifyEnvelope,
} from '../../src/core/index.ts';

const TYPE = 'application/vnd.dcmb.test.v0+json';
const Shape = v.strictObject({ a: v.number() });
const [one, two, stranger] = [1, 2, 3].map((n) => ed25519Signer(new Uint8Array(32).fill(n))) as [Signer, Signer, Signer];

async function refusedWith(code: string, change: (envelope: Envelope) => Envelope, ...keys: Uint8Array[]): Promise<void> {
  const envelope = await signEnvelope(TYPE, { a: 1 }, one);
  assert.throws(
    () => verifyEnvelope(change(envelope), TYPE, ...(keys.length === 0 ? [one.publicKey] : keys)),
    (error) => hasCode(error, code),
  );
}

describe('a DSSE envelope', () => {
  test('gives its payload to who names the keys that signed it, in order', async () => {
    const envelope = await countersign(await signEnvelope(TYPE, { a: 1 }, one), two);
    assert.deepEqual(openEnvelope(envelope, TYPE, Shape, one.publicKey, two.publicKey), { a: 1 });
    assert.deepEqual(envelope, await signEnvelope(TYPE, { a: 1 }, one, two));
  });

  test('signs the pre-authentication encoding of DSSE v1.0.2', async () => {
    let signed: Uint8Array | undefined;
    const spy: Signer = { ...one, sign: (message) => ((signed = message), one.sign(message)) };
    await signEnvelope('http://example.com/HelloWorld', 'ü', spy);
    assert.deepEqual(signed, utf8('DSSEv1 29 http://example.com/HelloWorld 4 "ü"'));
  });

  test('has a hash over type and payload that signatures do not change', async () => {
    const envelope = await signEnvelope(TYPE, { a: 1 }, one);
    const both = await countersign(envelope, two);
    assert.equal(toHex(envelopeHash(both)), toHex(envelopeHash(envelope)));
    assert.equal(toHex(envelopeHash(envelope)), toHex(objectHash(TYPE, unverifiedPayload(envelope))));
    assert.notEqual(toHex(envelopeHash(envelope)), toHex(envelopeHash({ ...envelope, payloadType: 'other' })));
  });

  test('is refused for another type', () => refusedWith('BAD_ENVELOPE', (envelope) => ({ ...envelope, payloadType: 'other' })));
  test('is refused for another key', () => refusedWith('BAD_ENVELOPE', (envelope) => envelope, stranger.publicKey));
  test('is refused for a missing signature', () => refusedWith('BAD_ENVELOPE', (envelope) => envelope, one.publicKey, two.publicKey));
  test('is refused for one signature in place of two', () =>
    refusedWith(
      'BAD_ENVELOPE',
      (envelope) => ({ ...envelope, signatures: [envelope.signatures[0]!, envelope.signatures[0]!] }),
      one.publicKey,
      two.publicKey,
    ));
  test('is refused for an additional signature', () =>
    refusedWith('BAD_ENVELOPE', (envelope) => ({ ...envelope, signatures: [...envelope.signatures, ...envelope.signatures] })));
  test('is refused for another payload', () =>
    refusedWith('BAD_SIGNATURE', (envelope) => ({ ...envelope, payload: toBase64Url(utf8('{"a":2}')) })));
  test('is refused with a key id that names another key', () =>
    refusedWith('BAD_ENVELOPE', (envelope) => ({ ...envelope, signatures: [{ ...envelope.signatures[0]!, keyid: two.keyId }] })));
  test('is refused when no key is expected: nothing would be verified', async () => {
    const envelope = await signEnvelope(TYPE, { a: 1 }, one);
    assert.throws(
      () => verifyEnvelope({ ...envelope, signatures: [] }, TYPE),
      (error) => hasCode(error, 'BAD_ENVELOPE'),
    );
  });

  test('is not opened when its payload has another form or is not canonical, though signed', async () => {
    const other = await signEnvelope(TYPE, { a: 1, b: 2 }, one);
    assert.throws(
      () => openEnvelope(other, TYPE, Shape, one.publicKey),
      (error) => hasCode(error, 'BAD_SHAPE'),
    );
    const payload = utf8('{"a": 1}');
    const message = utf8(`DSSEv1 ${TYPE.length} ${TYPE} ${payload.length} {"a": 1}`);
    const sig = toBase64Url(await one.sign(message));
    const loose = { payload: toBase64Url(payload), payloadType: TYPE, signatures: [{ keyid: one.keyId, sig }] };
    assert.throws(
      () => openEnvelope(loose, TYPE, Shape, one.publicKey),
      (error) => hasCode(error, 'NOT_CANONICAL'),
    );
  });

  test('is not parsed from what has another form', async () => {
    const envelope = await signEnvelope(TYPE, { a: 1 }, one);
    const [signature] = envelope.signatures;
    for (const wrong of [
      undefined,
      [],
      { ...envelope, extra: 1 },
      { ...envelope, signatures: [] },
      { ...envelope, payload: `${envelope.payload}=` },
      { ...envelope, signatures: [{ ...signature!, sig: toBase64Url(fromBase64Url(signature!.sig).subarray(1)) }] },
      { ...envelope, signatures: [{ sig: signature!.sig }] },
    ]) {
      assert.throws(
        () => parseEnvelope(wrong),
        (error) => hasCode(error, 'BAD_SHAPE'),
      );
    }
    assert.deepEqual(parseEnvelope(JSON.parse(JSON.stringify(envelope))), envelope);
  });
});
