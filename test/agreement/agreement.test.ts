import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  canonicalJson,
  countersign,
  ed25519Signer,
  type Envelope,
  fromBase64Url,
  hkdf,
  labelledHash,
  publicKeyOfX25519,
  RejectedError,
  signEnvelope,
  toBase64Url,
  toHex,
  utf8,
  x25519,
} from '../../src/core/index.ts';
import {
  AGREEMENT_TYPE,
  agreementCommitment,
  channelId,
  conditionCodes,
  deriveChannelKey,
  holdsAt,
  parseAgreement,
  signAgreement,
  verifyAgreement,
} from '../../src/agreement/index.ts';
import { agreement, manufacturer, manufacturerExchange, owner, ownerExchange, secret, stream } from './parties.ts';

const whole = agreement();

function refusedWith(code: string) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof RejectedError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  };
}

describe('a signed agreement', () => {
  test('verifies and gives back what was signed', async () => {
    assert.deepEqual(verifyAgreement(await signAgreement(whole, owner, manufacturer)), whole);
  });

  test('is the same where the manufacturer signs later', async () => {
    const proposed = await signEnvelope(AGREEMENT_TYPE, whole, owner);
    assert.deepEqual(await countersign(proposed, manufacturer), await signAgreement(whole, owner, manufacturer));
  });

  test('is refused with one signature, with the two exchanged, or with a stranger’s', async () => {
    const stranger = ed25519Signer(secret(99));
    for (const signers of [
      [owner],
      [manufacturer],
      [manufacturer, owner],
      [owner, stranger],
      [stranger, manufacturer],
      [owner, manufacturer, stranger],
      [owner, owner],
    ]) {
      const envelope = await signEnvelope(AGREEMENT_TYPE, whole, ...signers);
      assert.throws(() => verifyAgreement(envelope), refusedWith('BAD_ENVELOPE'));
    }
  });

  test('is refused with changed terms, another type, or a payload that is not canonical', async () => {
    const envelope = await signAgreement(whole, owner, manufacturer);
    const withPayload = (payload: Uint8Array): Envelope => ({ ...envelope, payload: toBase64Url(payload) });
    assert.throws(() => verifyAgreement(withPayload(canonicalJson({ ...whole, retentionDays: 1 }))), refusedWith('BAD_SIGNATURE'));
    assert.throws(() => verifyAgreement({ ...envelope, payloadType: 'text/plain' }), refusedWith('BAD_ENVELOPE'));
    assert.throws(() => verifyAgreement(withPayload(utf8(JSON.stringify(whole, undefined, 1)))), refusedWith('NOT_CANONICAL'));
  });

  test('that does not fit together is refused even with both signatures', async () => {
    const envelope = await signEnvelope(AGREEMENT_TYPE, agreement({ lookAheadMs: 1 }), owner, manufacturer);
    assert.throws(() => verifyAgreement(envelope), refusedWith('BAD_TERMS_TIME'));
  });

  test('is signed only by those whom it names, and only where it fits together', async () => {
    await assert.rejects(signAgreement(whole, manufacturer, manufacturer), refusedWith('WRONG_SIGNER'));
    await assert.rejects(signAgreement(whole, owner, owner), refusedWith('WRONG_SIGNER'));
    await assert.rejects(signAgreement(agreement({ streams: [] }), owner, manufacturer), refusedWith('BAD_SHAPE'));
  });
});

describe('an agreement is refused with', () => {
  const params = (other: object) => ({ params: { ...whole.params, ...other } });
  const party = (other: object) => ({ manufacturer: { ...whole.manufacturer, ...other } });
  const streams = (...list: unknown[]) => ({ streams: list });
  const usage = stream('Usage', 7);
  const identity = toBase64Url(new Uint8Array(32).fill(0).fill(1, 0, 1));
  const high = toBase64Url(new Uint8Array(32).fill(0xff));
  const raw = (name: string) => ({ name, maxRecordBytes: 256, maxReadings: 10 });

  for (const [what, code, other] of [
    ['an unknown key', 'BAD_SHAPE', { thresholds: [5300] }],
    ['another format version', 'BAD_SHAPE', { v: 1 }],
    ['a version below 1', 'BAD_SHAPE', { version: 0 }],
    ['an empty purpose', 'BAD_SHAPE', { purpose: '' }],
    ['a line break in a text', 'BAD_SHAPE', { purpose: 'a\nb' }],
    ['a ledger id of another length', 'BAD_SHAPE', { ledger: 'AAAA' }],
    ['an organisation id with a separator', 'BAD_SHAPE', party({ org: 'a~b' })],
    ['parameters that do not fit together', 'BAD_CHANNEL_PARAMS', params({ codesPerSlot: 9 })],
    ['a condition subtree that is too small', 'BAD_CHANNEL_PARAMS', params({ conditionDepth: 2 })],
    ['the same organisation twice', 'SAME_PARTY', party({ org: 'owner' })],
    ['the same application twice', 'SAME_PARTY', party({ applicationUri: 'urn:owner:dcmb' })],
    ['the same evidence key twice', 'SAME_PARTY', party({ evidenceKey: whole.owner.evidenceKey })],
    ['the same exchange key twice', 'SAME_PARTY', party({ exchangeKey: whole.owner.exchangeKey })],
    ['an exchange key that is the evidence key', 'SAME_PARTY', party({ exchangeKey: whole.manufacturer.evidenceKey })],
    ['an evidence key of small order', 'BAD_PARTY_KEY', party({ evidenceKey: identity })],
    ['an evidence key that is no point', 'BAD_PARTY_KEY', party({ evidenceKey: high })],
    ['an exchange key of small order', 'BAD_PARTY_KEY', party({ exchangeKey: identity })],
    ['an exchange key of zero', 'BAD_PARTY_KEY', party({ exchangeKey: toBase64Url(new Uint8Array(32)) })],
    ['an exchange key that is not canonical', 'BAD_PARTY_KEY', party({ exchangeKey: high })],
    ['a stream fewer than the parameters say', 'BAD_CATALOGUE', streams(usage)],
    ['a stream name twice', 'BAD_CATALOGUE', streams(usage, usage)],
    ['a condition code twice', 'BAD_CATALOGUE', streams(usage, stream('S', 1, 1))],
    ['a reserved condition code', 'BAD_SHAPE', streams(usage, stream('S', -1))],
    ['a stream without conditions', 'BAD_SHAPE', streams(usage, stream('S'))],
    ['an importance above 1000', 'BAD_SHAPE', streams(usage, { ...usage, conditions: [{ ...usage.conditions[0], importance: 1001 }] })],
    [
      'two conditions that read the same',
      'BAD_CATALOGUE',
      streams(usage, { ...usage, name: 'S', conditions: [usage.conditions[0], { ...usage.conditions[0], code: 8 }] }),
    ],
    ['more codes than a slot holds', 'BAD_CATALOGUE', streams(usage, stream('S', 1, 2, 3, 4, 5, 6))],
    ['a tag released twice', 'BAD_RAW_RELEASE', { rawReleased: [raw('A'), raw('A')] }],
    ['more tags released than there is room for', 'BAD_RAW_RELEASE', { rawReleased: [raw('A'), raw('B'), raw('C'), raw('D')] }],
    ['a publication delay of a whole interval', 'BAD_TERMS_TIME', params({ publishDelayMs: 1000 })],
    ['a look-ahead below four epochs', 'BAD_TERMS_TIME', { lookAheadMs: 4 * 64_000 - 1 }],
    ['a dispute window below the look-ahead', 'BAD_TERMS_TIME', { lookAheadMs: 4 * 64_000 + 1 }],
    ['an end that is not after its beginning', 'BAD_TERMS_TIME', { notAfterMs: 1_000_000 }],
    ['a beginning before interval 0', 'BAD_TERMS_TIME', params({ originMs: 1_001_000 })],
    ['an amendment that begins within an epoch', 'BAD_TERMS_TIME', { version: 2 }],
  ] as const) {
    test(what, () => assert.throws(() => parseAgreement(agreement(other)), refusedWith(code)));
  }

  test('a missing key', () => {
    for (const key of Object.keys(whole)) {
      const rest = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== key));
      assert.throws(() => parseAgreement(rest), refusedWith('BAD_SHAPE'), key);
    }
  });
});

test('what fills the limits exactly is let through', () => {
  const full = [stream('Usage', 7), stream('S', 1, 2, 3, 4, 5)];
  const raw = ['A', 'B', 'C'].map((name) => ({ name, maxRecordBytes: 192, maxReadings: 1 }));
  parseAgreement(agreement({ streams: full, rawReleased: raw }));
  parseAgreement(agreement({ version: 2, notBeforeMs: 64_000 }));
});

test('the codes of a stream are its conditions and the reserved ones, ascending', () => {
  assert.deepEqual(conditionCodes(whole, 0), [-3, -2, -1, 0, 1, 2]);
  assert.deepEqual(conditionCodes(whole, 1), [-3, -2, -1, 7]);
  for (const none of [-1, 2, 0.5]) assert.throws(() => conditionCodes(whole, none), refusedWith('UNKNOWN_STREAM'));
});

test('an agreement holds from its first instant to before its last', () => {
  assert.deepEqual(
    [999_999, 1_000_000, 1_999_999_999_999, 2_000_000_000_000].map((timeMs) => holdsAt(whole, timeMs)),
    [false, true, true, false],
  );
});

describe('commitment, channel id and channel key', () => {
  const nonce = secret(7);

  test('the commitment is over nonce and payload, not over signatures', async () => {
    const signed = await signAgreement(whole, owner, manufacturer);
    const proposed = await signEnvelope(AGREEMENT_TYPE, whole, owner);
    const expected = labelledHash('DCMB/0/commitment/agreement', nonce, fromBase64Url(signed.payload));
    assert.deepEqual(agreementCommitment(nonce, signed), expected);
    assert.deepEqual(agreementCommitment(nonce, proposed), expected);
    assert.notDeepEqual(agreementCommitment(secret(8), signed), expected);
  });

  test('the channel id is over ledger id and commitment', () => {
    assert.equal(toHex(channelId(secret(9), secret(7))), 'f1235a9876cf37de395b5e1afa8111a9432dffd3fcbbac6b0db7db1d2756a303');
    assert.notDeepEqual(channelId(secret(9), secret(7)), channelId(secret(7), secret(9)));
  });

  test('both sides derive the same key, and another one for another agreement', () => {
    const ownersPublic = publicKeyOfX25519(ownerExchange);
    const makersPublic = publicKeyOfX25519(manufacturerExchange);
    const key = deriveChannelKey(ownerExchange, makersPublic, secret(7));
    assert.deepEqual(deriveChannelKey(manufacturerExchange, ownersPublic, secret(7)), key);
    assert.deepEqual(key, hkdf(x25519(ownerExchange, makersPublic), secret(7), utf8('DCMB/0/channel-key'), 32));
    assert.notDeepEqual(deriveChannelKey(ownerExchange, makersPublic, secret(8)), key);
    assert.equal(toHex(key), 'a75ac62f770d4b97c3cd33eed93b772e102c08b521f9540bac420d221b593c59');
  });

  test('a key of small order gives no channel key', () => {
    assert.throws(() => deriveChannelKey(ownerExchange, new Uint8Array(32), secret(7)), refusedWith('BAD_KEY'));
  });
});
