import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ChannelParams, ed25519Signer, hasCode, signEnvelope, toBase64Url } from '../../src/core/index.ts';
import {
  type AnchorTokens,
  BatchBuilder,
  type BatchHeader,
  BatchOpener,
  batchSalt,
  computeH,
  conditionOpeningHash,
  type Delivery,
  type DeliveryCheck,
  type DeliveryPackage,
  fillerTokens,
  HEADER_TYPE,
  NO_SLOT_KEY,
  NO_TOKENS,
  openDelivery,
  openHeader,
  rawOpeningHash,
  type RecordOpening,
  signDelivery,
  signHeader,
  tokensDigest,
  verifyDelivery,
  verifySuccession,
} from '../../src/evidence/index.ts';
import { systemArgon2 } from '../../src/platform/argon2.ts';
import { bytesOf, channel, epochKeys, makeBatch, owner, reading, receiver, type TestBatch, testParams } from './fixture.ts';

const OTHER = toBase64Url(bytesOf('other'));
const stranger = ed25519Signer(bytesOf('stranger'));

interface Changes {
  readonly header?: Partial<BatchHeader>;
  readonly delivery?: Partial<Delivery>;
  readonly tokens?: AnchorTokens;
  readonly conditions?: DeliveryPackage['conditions'];
  readonly raw?: readonly (readonly RecordOpening[])[];
}

/** The batch as a malicious owner would make it: changed, and signed anew so that every hash fits. */
async function remade(batch: TestBatch, changes: Changes): Promise<DeliveryCheck> {
  const old = batch.check.package;
  const tokens = changes.tokens ?? old.tokens;
  const conditions = changes.conditions ?? old.conditions;
  const raw = (changes.raw ?? old.raw) as DeliveryPackage['raw'];
  const header = await signHeader({ ...batch.header, tokensDigest: toBase64Url(tokensDigest(tokens)), ...changes.header }, owner);
  const delivery: Delivery = {
    ...openDelivery(old.delivery, owner.publicKey).value,
    n: changes.header?.n ?? batch.header.n,
    header: toBase64Url(openHeader(header, owner.publicKey).hash),
    conditions: toBase64Url(conditionOpeningHash(conditions)),
    raw: raw.map((openings) => toBase64Url(rawOpeningHash(openings))),
    ...changes.delivery,
  };
  return { ...batch.check, package: { header, tokens, delivery: await signDelivery(delivery, owner), conditions, raw } };
}

function refuses(name: string, code: string, make: () => Promise<DeliveryCheck>): void {
  test(`${name}: ${code}`, async () => {
    const check = await make();
    await assert.rejects(verifyDelivery(check), (error) => {
      assert.ok(hasCode(error, code), String(error));
      return true;
    });
  });
}

/** A batch whose tree is closed with something else than its keys and interval ask for, everything else fitting. */
async function closedWith(
  change: { codes?: number[]; slotKeys?: Uint8Array[]; batchKey?: Uint8Array; n?: number; row?: number; publications?: number[][] },
  params: ChannelParams = testParams(),
): Promise<DeliveryCheck> {
  const row = change.row ?? 0;
  const batch = await makeBatch({ params, row });
  const keys = epochKeys(params);
  const batchKey = change.batchKey ?? keys.batchKey(0, row);
  const codes = change.codes ?? (row === 0 ? [1, 1, 1] : [-1, -1, -1]);
  const builder = new BatchBuilder({ params, seed: batch.content.seed, n: change.n ?? 0, tags: batch.content.tags });
  const closed = builder.close({
    conditions: change.publications ?? codes.map((code) => Array.from({ length: params.publications }, () => code)),
    slotKeys: change.slotKeys ?? keys.slotKeys(0, row),
    batchKey,
    refused: [0, 0],
  });
  const h = await computeH(systemArgon2, { channel, n: 0, interval: 0, codes }, batchSalt(channel, 0), batchKey, 0);
  return remade(batch, { conditions: closed.conditions, header: { root: toBase64Url(closed.root), h: toBase64Url(h) } });
}

const speeds = Array.from({ length: 40 }, (_, i) => reading(i));
const withRaw = () => makeBatch({ readings: [[reading(5367)], speeds], rawTags: [1] });

describe('verifyDelivery accepts', () => {
  test('what a sender makes, with every raw reading in order', async () => {
    const verified = await verifyDelivery((await withRaw()).check);
    assert.deepEqual(verified.codes, [1, 1, 1]);
    assert.deepEqual(
      verified.raw[0]?.readings.map((record) => record.seq),
      speeds.map((_, i) => i),
    );
    assert.equal(verified.noTokens, false);
  });

  test('a call batch with filler tokens, a batch without tokens, and a missed one over several intervals', async () => {
    await verifyDelivery((await makeBatch({ row: 1 })).check);
    assert.equal((await verifyDelivery((await makeBatch({ withTokens: false })).check)).noTokens, true);
    await verifyDelivery((await makeBatch({ through: 2, codes: [-3, -3, -3] })).check);
  });

  test('publications finer than the interval; tokens and H are those of the last', async () => {
    const params = testParams({ publications: 2, conditionDepth: 4 });
    const check = await closedWith(
      {
        codes: [1, 1, 1],
        publications: [
          [0, 1],
          [2, 1],
          [-1, 1],
        ],
      },
      params,
    );
    assert.deepEqual((await verifyDelivery(check)).codes, [1, 1, 1]);
  });

  test('a batch with neither own keys, token root nor raw openings, as an auditor has it', async () => {
    const { check } = await withRaw();
    const verified = await verifyDelivery({
      ...check,
      epochKeys: undefined,
      tokenRoot: undefined,
      rawWithheld: true,
      package: { ...check.package, raw: [] },
    });
    assert.deepEqual(verified.raw, []);
  });

  test('the next batch after the previous', async () => {
    const first = await makeBatch();
    const hash = openHeader(first.check.package.header, owner.publicKey).hash;
    const next = await makeBatch({ n: 1, interval: 1, header: { prev: toBase64Url(hash) } });
    await verifyDelivery({ ...next.check, previous: { value: first.header, hash } });
  });
});

describe('verifyDelivery refuses a header', () => {
  const with_ = (header: Partial<BatchHeader>) => async () => remade(await makeBatch(), { header });
  const params = testParams();
  const start = params.originMs;
  refuses('by another key', 'BAD_ENVELOPE', async () => ({ ...(await makeBatch()).check, ownerKey: stranger.publicKey }));
  refuses('whose signature is of other bytes', 'BAD_SIGNATURE', async () => {
    const { check } = await makeBatch();
    const [signature] = check.package.header.signatures;
    const [other] = check.package.delivery.signatures;
    return {
      ...check,
      package: { ...check.package, header: { ...check.package.header, signatures: [{ ...signature!, sig: other!.sig }] } },
    };
  });
  refuses('of another channel', 'WRONG_CHANNEL', with_({ channel: OTHER }));
  refuses('of another agreement version', 'WRONG_AGREEMENT', with_({ agreement: 2 }));
  refuses('of another mapping policy', 'WRONG_POLICY', with_({ policy: OTHER }));
  refuses('of another module', 'WRONG_MODULE', with_({ module: OTHER }));
  refuses('with a chosen salt', 'WRONG_SALT', with_({ salt: toBase64Url(new Uint8Array(16)) }));
  refuses('with another Argon2 profile', 'WRONG_PROFILE', with_({ argon2: 1 }));
  refuses('with another H', 'WRONG_H', with_({ h: OTHER }));
  refuses('with another root', 'WRONG_ROOT', with_({ root: OTHER }));
  refuses('for batch 0 that does not begin with the channel id', 'BROKEN_CHAIN', with_({ prev: OTHER }));
  refuses('with more rows than calls', 'WRONG_BOUNDS', with_({ row: 2, fromMs: start + 100, toMs: start + 200 }));
  refuses('that ends before its grid point', 'WRONG_BOUNDS', with_({ toMs: start + 900 }));
  refuses('that ends after its grid point', 'WRONG_BOUNDS', with_({ toMs: start + 2000 }));
  refuses('that begins before its interval', 'WRONG_BOUNDS', with_({ fromMs: start - 1000 }));
  refuses('that begins off the call grid', 'WRONG_BOUNDS', with_({ fromMs: start + 50 }));
  refuses('that begins at its end', 'WRONG_BOUNDS', with_({ fromMs: start + 1000 }));
  refuses('of a call that covers nothing', 'WRONG_BOUNDS', with_({ row: 1, toMs: start }));
  refuses('of a call that ends on the grid point', 'WRONG_BOUNDS', with_({ row: 1, toMs: start + 1000 }));
  refuses('of a call off the call grid', 'WRONG_BOUNDS', with_({ row: 1, toMs: start + 150 }));
  refuses('of a first call that begins within its interval', 'WRONG_BOUNDS', with_({ row: 1, fromMs: start + 100, toMs: start + 200 }));
  refuses('of a call over several intervals', 'WRONG_BOUNDS', with_({ row: 1, through: 1, toMs: start + 100 }));
  refuses('that ends before it begins', 'WRONG_BOUNDS', with_({ interval: 2, through: 1, fromMs: start + 2000, toMs: start + 2000 }));
  refuses('over more than an epoch', 'WRONG_BOUNDS', with_({ through: 4, toMs: start + 5000 }));
  refuses('that begins late in a channel without calls', 'WRONG_BOUNDS', async () =>
    remade(await makeBatch({ params: testParams({ callsPerInterval: 0 }) }), { header: { fromMs: start + 100 } }),
  );
  refuses('of a second call that begins with the interval', 'WRONG_BOUNDS', async () =>
    remade(await makeBatch({ params: testParams({ callsPerInterval: 2 }) }), { header: { row: 2, toMs: start + 100 } }),
  );
  refuses('with a field more', 'BAD_SHAPE', async () => {
    const { check } = await makeBatch();
    return { ...check, package: { ...check.package, extra: 1 } as DeliveryPackage };
  });
});

describe('verifyDelivery refuses a delivery', () => {
  const with_ = (delivery: Partial<Delivery>) => async () => remade(await makeBatch(), { delivery });
  refuses('of another channel', 'WRONG_CHANNEL', with_({ channel: OTHER }));
  refuses('of another number', 'WRONG_NUMBER', with_({ n: 1 }));
  refuses('for another header', 'WRONG_HEADER', with_({ header: OTHER }));
  refuses('for another recipient', 'WRONG_RECIPIENT', with_({ recipient: stranger.keyId }));
  refuses('that signs another opening', 'WRONG_OPENING', with_({ conditions: OTHER }));
  refuses('with raw openings where none are agreed', 'WRONG_RAW_TAGS', with_({ raw: [OTHER] }));
  refuses('by the receiver instead of the owner', 'BAD_ENVELOPE', async () => {
    const { check } = await makeBatch();
    return {
      ...check,
      package: { ...check.package, delivery: await signDelivery(openDelivery(check.package.delivery, owner.publicKey).value, receiver) },
    };
  });
  refuses('in place of the header', 'BAD_ENVELOPE', async () => {
    const { check } = await makeBatch();
    return { ...check, package: { ...check.package, header: check.package.delivery } };
  });
});

describe('verifyDelivery refuses conditions', () => {
  refuses('with a code outside the catalogue', 'UNKNOWN_CODE', () => closedWith({ codes: [1, 1, 3] }));
  refuses('with another slot key', 'WRONG_SLOT_KEY', () => closedWith({ slotKeys: [bytesOf('a'), bytesOf('b'), bytesOf('c')] }));
  refuses('with slot keys that differ between publications', 'WRONG_SLOT_KEY', async () => {
    const batch = await makeBatch({ params: testParams({ publications: 2, conditionDepth: 4 }) });
    const { statement } = batch.content;
    const changed = {
      ...statement,
      conditions: statement.conditions.map((record, i) => (i === 1 ? { ...record, slotKey: OTHER } : record)),
    };
    const opener = new BatchOpener({ ...batch.content, statement: changed });
    return {
      ...(await remade(batch, { conditions: opener.conditions(), header: { root: toBase64Url(opener.root) } })),
      epochKeys: undefined,
    };
  });
  refuses('of a call with a slot key', 'WRONG_SLOT_KEY', () => closedWith({ row: 1, slotKeys: epochKeys(testParams()).slotKeys(0, 0) }));
  refuses('of a grid point without slot keys', 'WRONG_SLOT_KEY', () => closedWith({ slotKeys: [NO_SLOT_KEY, NO_SLOT_KEY, NO_SLOT_KEY] }));
  refuses('with another batch key', 'WRONG_BATCH_KEY', () => closedWith({ batchKey: bytesOf('other') }));
  refuses('of a call that shows one', 'WRONG_CODE', () => closedWith({ row: 1, codes: [-1, 1, -1] }));
  refuses('over several intervals that are not MISSED', 'WRONG_CODE', () => makeBatch({ through: 1 }).then((batch) => batch.check));
  refuses('of another batch', 'WRONG_BATCH', () => closedWith({ n: 5 }));
  refuses('whose tokens say something else', 'TOKEN_MISMATCH', async () => {
    const batch = await makeBatch();
    return remade(batch, { tokens: batch.tokenSet.anchorTokens(0, [1, 2, 1]) });
  });
  refuses('whose H says something else', 'WRONG_H', async () => {
    const batch = await makeBatch();
    const h = await computeH(
      systemArgon2,
      { channel, n: 0, interval: 0, codes: [1, 2, 1] },
      batchSalt(channel, 0),
      epochKeys(testParams()).batchKey(0, 0),
      0,
    );
    return remade(batch, { header: { h: toBase64Url(h) } });
  });
  refuses('with the records of two streams exchanged', 'WRONG_ROOT', async () => {
    const batch = await makeBatch();
    const { leaves, ...rest } = batch.closed.conditions;
    return remade(batch, { conditions: { ...rest, leaves: [leaves[1]!, leaves[0]!, ...leaves.slice(2)] } });
  });
  for (const part of ['leaves', 'dummies', 'top'] as const) {
    refuses(`with one of the ${part} missing`, 'BAD_OPENING', async () => {
      const batch = await makeBatch({ params: testParams({ conditionDepth: 4 }) });
      return remade(batch, { conditions: { ...batch.closed.conditions, [part]: batch.closed.conditions[part].slice(1) } });
    });
  }
});

describe('verifyDelivery refuses tokens', () => {
  refuses('that the header does not sign', 'WRONG_TOKENS_DIGEST', async () => {
    const { check, tokenSet } = await makeBatch();
    return { ...check, package: { ...check.package, tokens: tokenSet.anchorTokens(0, [1, 1, 2]) } };
  });
  refuses('that are absent although there is a set', 'TOKENS_ABSENT', async () => {
    const { check } = await makeBatch();
    return { ...check, package: { ...check.package, tokens: NO_TOKENS } };
  });
  refuses('that are absent in a call', 'TOKENS_ABSENT', async () => (await makeBatch({ row: 1, withTokens: false })).check);
  refuses('of another length', 'BAD_TOKENS', async () => {
    const batch = await makeBatch();
    const { tokens } = batch.check.package;
    return remade(batch, { tokens: { ...tokens, path: tokens.path.slice(1) } });
  });
  refuses('of another token set', 'BAD_TOKENS', async () => ({ ...(await makeBatch()).check, tokenRoot: bytesOf('other') }));
  refuses('of another interval', 'TOKEN_MISMATCH', async () => {
    const batch = await makeBatch();
    return remade(batch, { tokens: batch.tokenSet.anchorTokens(1, [1, 1, 1]) });
  });
  refuses('of a call that are not its filler', 'WRONG_FILLER', async () => {
    const batch = await makeBatch({ row: 1 });
    return remade(batch, { tokens: fillerTokens(batch.check.params, bytesOf('other')) });
  });
});

describe('verifyDelivery refuses raw openings', () => {
  const withOpenings = (change: (openings: RecordOpening[]) => RecordOpening[]) => async () => {
    const batch = await withRaw();
    return remade(batch, { raw: [change([...batch.check.package.raw[0]!])] });
  };
  refuses('that the delivery does not sign', 'WRONG_OPENING', async () => {
    const { check } = await withRaw();
    return { ...check, package: { ...check.package, raw: [check.package.raw[0]!.slice(0, -1)] } };
  });
  refuses('that are left out', 'WRONG_RAW_TAGS', async () => {
    const { check } = await withRaw();
    return { ...check, package: { ...check.package, raw: [] } };
  });
  refuses(
    'without any',
    'WRONG_RAW_TAGS',
    withOpenings(() => []),
  );
  refuses(
    'without the manifest',
    'WRONG_RAW_TAGS',
    withOpenings((openings) => openings.slice(1)),
  );
  refuses(
    'with the last reading missing',
    'RAW_GAP',
    withOpenings((openings) => openings.slice(0, -1)),
  );
  refuses(
    'with one reading twice',
    'RAW_GAP',
    withOpenings((openings) => openings.with(5, openings[4]!)),
  );
  refuses(
    'in another order',
    'RAW_GAP',
    withOpenings((openings) => openings.with(5, openings[6]!).with(6, openings[5]!)),
  );
  refuses('with the manifest of a full part', 'WRONG_RAW_TAGS', async () => {
    const batch = await withRaw();
    const manifest = batch.opener.record(2, 0, 0);
    return remade(batch, { raw: [[manifest, ...batch.check.package.raw[0]!.slice(1, 16)]] });
  });
  refuses('of another tag', 'WRONG_RAW_TAGS', async () => {
    const batch = await withRaw();
    const check = await remade(batch, {});
    return { ...check, agreement: { ...check.agreement, rawReleased: [{ name: 'count', maxRecordBytes: 320 }] } };
  });
  refuses('of another padded length', 'BAD_RECORD', async () => {
    const { check } = await withRaw();
    return { ...check, agreement: { ...check.agreement, rawReleased: [{ name: 'speed', maxRecordBytes: 319 }] } };
  });
});

describe('a header does not follow the previous one', () => {
  const hash = bytesOf('previous header');
  const prev = toBase64Url(hash);
  const params = testParams({ callsPerInterval: 2 });
  const start = params.originMs;

  async function headers(before: Partial<BatchHeader>, after: Partial<BatchHeader>): Promise<[BatchHeader, BatchHeader]> {
    const { header } = await makeBatch({ params });
    return [
      { ...header, n: 4, ...before },
      { ...header, n: 5, interval: 1, through: 1, fromMs: start + 1000, toMs: start + 2000, prev, ...after },
    ];
  }
  const call = { row: 1, toMs: start + 300 };
  const faults: readonly [string, Partial<BatchHeader>, Partial<BatchHeader>][] = [
    ['with a number left out', {}, { n: 6 }],
    ['with another previous hash', {}, { prev: OTHER }],
    ['with time left out', {}, { fromMs: start + 1100 }],
    ['under an earlier agreement version', { agreement: 2 }, { agreement: 1 }],
    ['with an interval left out', {}, { interval: 2, through: 2 }],
    ['in the same interval after its grid point', {}, { interval: 0, through: 0 }],
    ['with the second call before the first', {}, { row: 2 }],
    ['with a call twice', call, { interval: 0, through: 0, row: 1, fromMs: start + 300 }],
    ['in the next interval while a call left this one open', call, { fromMs: start + 300 }],
  ];
  for (const [name, before, after] of faults) {
    test(name, async () => {
      const [previous, next] = await headers(before, after);
      assert.throws(
        () => verifySuccession({ header: previous, hash }, next),
        (error) => hasCode(error, 'BROKEN_CHAIN'),
      );
    });
  }

  test('but does after a grid point, a call, and a batch over several intervals', async () => {
    for (const [before, after] of [
      [{}, {}],
      [{}, { row: 1, toMs: start + 1300 }],
      [call, { interval: 0, through: 0, row: 2, fromMs: start + 300, toMs: start + 400 }],
      [call, { interval: 0, through: 0, row: 0, fromMs: start + 300, toMs: start + 1000 }],
      [
        { through: 2, toMs: start + 3000 },
        { interval: 3, through: 3, fromMs: start + 3000, toMs: start + 4000 },
      ],
    ] as const) {
      const [previous, next] = await headers(before, after);
      verifySuccession({ header: previous, hash }, next);
    }
  });
});

describe('a header names its key', () => {
  test('or is neither signed nor opened', async () => {
    const { header } = await makeBatch();
    await assert.rejects(signHeader({ ...header, key: stranger.keyId }, owner), (error) => hasCode(error, 'WRONG_KEY'));
    const forged = await signEnvelope(HEADER_TYPE, { ...header, key: stranger.keyId }, owner);
    assert.throws(
      () => openHeader(forged, owner.publicKey),
      (error) => hasCode(error, 'WRONG_KEY'),
    );
  });
});
