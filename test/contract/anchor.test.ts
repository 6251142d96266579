import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { query } from '../../src/contract/index.ts';
import { fromBase64Url, intervalEnd, intervalStart, RESERVED_CODES, toBase64Url } from '../../src/core/index.ts';
import { type BatchHeader, codeOfToken, anchorBody } from '../../src/evidence/index.ts';
import { evidenceKey, TEST_MODULE, testBytes, testSigner } from '../support/ledger-network.ts';
import { type BatchOptions, ChannelBench, CODES, otherHash } from './fixture.ts';

const { NONE, MISSED } = RESERVED_CODES;

async function refusesHeader(
  code: 'WRONG_BOUNDS' | 'WRONG_SALT' | 'WRONG_PROFILE' | 'BROKEN_CHAIN' | 'UNKNOWN_AGREEMENT',
  header: Partial<BatchHeader>,
  options: Partial<BatchOptions> = {},
) {
  const bench = await ChannelBench.open();
  await bench.refuses(code, 'owner', 'anchor', (await bench.seal({ n: 0, interval: 0, ...options, header })).anchor);
}

describe('anchor: what is taken', () => {
  test('a grid batch takes number and interval, and gives one event', async () => {
    const bench = await ChannelBench.open();
    const batch = await bench.seal({ n: 0, interval: 0 });
    const event = await bench.run('owner', 'anchor', batch.anchor);
    assert.deepEqual(event, {
      kind: 'anchor',
      channel: bench.channel,
      body: { n: 0, interval: 0, through: 0, row: 0, header: batch.headerHash, tokens: batch.tokens.tokens, marks: [] },
    });
    assert.equal(await query(bench.state, 'interval', { channel: bench.channel, interval: 0, row: 0 }), 0);
  });

  test('the manufacturer finds the condition by the event alone', async () => {
    const bench = await ChannelBench.open();
    const { body } = await bench.run('owner', 'anchor', (await bench.seal({ n: 0, interval: 3, codes: [2, NONE] })).anchor);
    const codes = (body['tokens'] as string[]).map((token, stream) =>
      codeOfToken(fromBase64Url(token), bench.keys(3).slotKey(3, stream), CODES),
    );
    assert.deepEqual(codes, [2, NONE]);
  });

  test('anchors may come in any order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }), async (order) => {
        const bench = await ChannelBench.open();
        for (const n of order) await bench.anchored({ n, interval: n });
        const found = await Promise.all(order.map((n) => query(bench.state, 'interval', { channel: bench.channel, interval: n, row: 0 })));
        assert.deepEqual(found, order);
      }),
      { numRuns: 5 },
    );
  });

  test('a call batch stands beside the grid batch of its interval, with filler tokens', async () => {
    const bench = await ChannelBench.open();
    await bench.anchored({ n: 0, interval: 0, row: 1 });
    const cut = intervalStart(bench.params, 0) + 100;
    const grid = await bench.seal({ n: 1, interval: 0, header: { fromMs: cut } });
    await bench.run('owner', 'anchor', grid.anchor);
  });

  test('a batch over missed intervals takes all of them', async () => {
    const bench = await ChannelBench.open();
    await bench.anchored({ n: 0, interval: 1, through: 5, codes: [MISSED, MISSED] });
    await bench.refuses('INTERVAL_TAKEN', 'owner', 'anchor', (await bench.seal({ n: 1, interval: 4 })).anchor);
    await bench.anchored({ n: 1, interval: 6 });
  });

  test('equal and different conditions give events and states of one form and size, without a shared value', async () => {
    const bench = await ChannelBench.open();
    const events = [];
    for (const [n, codes] of [
      [1, 1],
      [1, 1],
      [2, NONE],
    ].entries()) {
      events.push(await bench.run('owner', 'anchor', (await bench.seal({ n, interval: n, codes })).anchor));
    }
    assert.equal(new Set(events.map((event) => JSON.stringify(event).length)).size, 1);
    const tokens = events.flatMap(({ body }) => body['tokens'] as string[]);
    assert.equal(new Set(tokens).size, tokens.length);
  });
});

describe('anchor: who and which number', () => {
  test('refuses everybody but the owner, and unknown channels', async () => {
    const bench = await ChannelBench.open();
    const batch = await bench.seal({ n: 0, interval: 0 });
    await bench.refuses('WRONG_CREATOR', 'manufacturer', 'anchor', batch.anchor);
    await bench.refuses('WRONG_CREATOR', 'stranger', 'anchor', batch.anchor);
    const elsewhere = await bench.seal({ n: 0, interval: 0, header: { channel: otherHash(bench.channel) } });
    await bench.refuses('NO_CHANNEL', 'owner', 'anchor', elsewhere.anchor);
  });

  test('a junk header cannot take a number', async () => {
    const bench = await ChannelBench.open();
    const forged = await bench.seal({ n: 0, interval: 0, signer: { ...testSigner('forger'), keyId: evidenceKey('owner').keyId } });
    await bench.refuses('BAD_SIGNATURE', 'owner', 'anchor', forged.anchor);
    await bench.refuses('BAD_ENVELOPE', 'owner', 'anchor', (await bench.seal({ n: 0, interval: 0, signer: testSigner('forger') })).anchor);
    await bench.refuses('BAD_SHAPE', 'owner', 'anchor', { header: forged.header });
    await bench.anchored({ n: 0, interval: 0 });
  });

  test('refuses a number and an interval that are taken, each by its own key', async () => {
    const bench = await ChannelBench.open();
    const batch = await bench.anchored({ n: 0, interval: 0 });
    await bench.refuses('NUMBER_TAKEN', 'owner', 'anchor', batch.anchor);
    await bench.refuses('NUMBER_TAKEN', 'owner', 'anchor', (await bench.seal({ n: 0, interval: 1 })).anchor);
    await bench.refuses('INTERVAL_TAKEN', 'owner', 'anchor', (await bench.seal({ n: 1, interval: 0 })).anchor);
    await bench.refuses('INTERVAL_TAKEN', 'owner', 'anchor', (await bench.seal({ n: 1, interval: 0, codes: [2, 2] })).bare);
  });

  test('refuses a header that names another key than the one that signed', async () => {
    const bench = await ChannelBench.open();
    const other = testSigner('other').keyId;
    // The signer says it is `other` while the header is made, and signs with its own key.
    const liar = { ...evidenceKey('owner'), keyId: other };
    const { header, tokens } = await bench.seal({ n: 0, interval: 0, signer: liar });
    const honest = { ...header, signatures: [{ keyid: evidenceKey('owner').keyId, sig: header.signatures[0]!.sig }] };
    await bench.refuses('WRONG_KEY', 'owner', 'anchor', anchorBody(honest, tokens));
  });
});

describe('anchor: the header against the channel', () => {
  const start = Date.UTC(2026, 0, 1);

  test('refuses bounds off the grid', async () => {
    const bounds: [Partial<BatchHeader>, Partial<BatchOptions>?][] = [
      [{ toMs: start + 999 }],
      [{ toMs: start + 2000 }],
      [{ fromMs: start + 50 }],
      [{ fromMs: start - 1000 }],
      [{ fromMs: start + 1000 }],
      [{ toMs: start + 150 }, { row: 1 }],
      [{ toMs: start + 1000 }, { row: 1 }],
      [{ fromMs: start + 100, toMs: start + 200 }, { row: 1 }],
      [{ row: 2 }],
      [{}, { row: 1, through: 1 }],
      [{}, { interval: 2, through: 1 }],
      [{}, { interval: 0, through: 8 }],
    ];
    for (const [header, options] of bounds) await refusesHeader('WRONG_BOUNDS', header, options);
  });

  test('without calls a batch must begin with its interval', async () => {
    const bench = await ChannelBench.open({ params: { callsPerInterval: 0, callGridMs: 1000 } });
    await bench.refuses(
      'WRONG_BOUNDS',
      'owner',
      'anchor',
      (await bench.seal({ n: 0, interval: 0, header: { fromMs: start + 100 } })).anchor,
    );
    await bench.anchored({ n: 0, interval: 0 });
  });

  test('refuses a chosen salt, another Argon2 profile, another agreement, and a first header with a chosen predecessor', async () => {
    await refusesHeader('WRONG_SALT', { salt: toBase64Url(new Uint8Array(16)) });
    await refusesHeader('WRONG_PROFILE', { argon2: 1 });
    await refusesHeader('UNKNOWN_AGREEMENT', { agreement: 2 });
    await refusesHeader('BROKEN_CHAIN', { prev: toBase64Url(testBytes('chosen')) });
  });
});

describe('anchor: tokens', () => {
  test('a set on the ledger requires tokens; without a set there can be none, and the anchor is marked', async () => {
    const bench = await ChannelBench.open({ sets: [1] });
    await bench.refuses('TOKENS_REQUIRED', 'owner', 'anchor', (await bench.seal({ n: 8, interval: 8 })).bare);
    const batch = await bench.seal({ n: 0, interval: 0 });
    await bench.refuses('NO_TOKEN_SET', 'owner', 'anchor', batch.anchor);
    assert.deepEqual((await bench.run('owner', 'anchor', batch.bare)).body['marks'], ['NO_TOKENS']);
  });

  test('refuses tokens of another interval, another code order, another channel key and other positions', async () => {
    const bench = await ChannelBench.open();
    const set = bench.set(0);
    const refusesTokens = async (tokens: ReturnType<typeof set.anchorTokens>) => {
      const sealed = await bench.seal({ n: 0, interval: 0 });
      await bench.refuses('TOKENS_DIGEST_MISMATCH', 'owner', 'anchor', anchorBody(sealed.header, tokens));
    };
    await refusesTokens(set.anchorTokens(1, [1, 1]));
    await refusesTokens(set.anchorTokens(0, [2, 1]));
  });

  test('refuses tokens that the header signs but the set does not have there', async () => {
    const bench = await ChannelBench.open();
    const other = bench.set(0).anchorTokens(1, [1, 1]);
    const { tokensDigest } = await import('../../src/evidence/index.ts');
    for (const tokens of [other, { ...other, path: other.path.slice(1) }, { ...other, tokens: [...other.tokens].reverse() }]) {
      const sealed = await bench.seal({ n: 0, interval: 0, header: { tokensDigest: toBase64Url(tokensDigest(tokens)) } });
      await bench.refuses('BAD_TOKENS', 'owner', 'anchor', anchorBody(sealed.header, tokens));
    }
  });

  test('a call batch must carry filler of the lengths of real tokens, with or without a set', async () => {
    for (const sets of [[0, 1], []]) {
      const bench = await ChannelBench.open({ sets });
      const call = await bench.seal({ n: 0, interval: 0, row: 1 });
      await bench.refuses('BAD_TOKENS', 'owner', 'anchor', call.bare);
      const other = (await bench.seal({ n: 0, interval: 1, row: 1 })).tokens;
      await bench.refuses('TOKENS_DIGEST_MISMATCH', 'owner', 'anchor', anchorBody(call.header, other));
      await bench.run('owner', 'anchor', call.anchor);
    }
  });
});

describe('anchor: certification', () => {
  const certified = (changes: object = {}) => ({
    status: 'certified',
    id: 'cert-1',
    notBeforeMs: 0,
    notAfterMs: Date.UTC(2027, 0, 1),
    ...changes,
  });

  test('the status is always read, also where it is not required', async () => {
    const bench = await ChannelBench.open();
    await bench.anchored({ n: 0, interval: 0 });
    assert.deepEqual(bench.foreignReads, [`status~${TEST_MODULE}`]);
  });

  test('where it is required, a module without a valid certification anchors without tokens and is marked', async () => {
    const invalid = [
      undefined,
      certified({ status: 'revoked' }),
      certified({ id: 'cert-2' }),
      certified({ notAfterMs: Date.UTC(2026, 0, 1) }),
      certified({ notBeforeMs: Date.UTC(2026, 0, 2) }),
    ];
    for (const status of invalid) {
      const bench = await ChannelBench.open({ genesis: { certificationRequired: true } });
      if (status !== undefined) bench.certification.set(`status~${TEST_MODULE}`, status);
      const batch = await bench.seal({ n: 0, interval: 0, header: { certification: 'cert-1' } });
      await bench.refuses('UNCERTIFIED_TOKENS', 'owner', 'anchor', batch.anchor);
      assert.deepEqual((await bench.run('owner', 'anchor', batch.bare)).body['marks'], ['UNCERTIFIED']);
    }
  });

  test('where it is required and valid, tokens are required and there is no mark', async () => {
    const bench = await ChannelBench.open({ genesis: { certificationRequired: true } });
    bench.certification.set(`status~${TEST_MODULE}`, certified());
    const batch = await bench.seal({ n: 0, interval: 0, header: { certification: 'cert-1' } });
    await bench.refuses('TOKENS_REQUIRED', 'owner', 'anchor', batch.bare);
    assert.deepEqual((await bench.run('owner', 'anchor', batch.anchor)).body['marks'], []);
  });

  test('where it is not required, a revoked module is marked, and so is one that claims a certification it has not', async () => {
    const bench = await ChannelBench.open();
    const claims = await bench.seal({ n: 0, interval: 0, header: { certification: 'cert-1' } });
    assert.deepEqual((await bench.run('owner', 'anchor', claims.bare)).body['marks'], ['UNCERTIFIED']);
    bench.certification.set(`status~${TEST_MODULE}`, certified({ status: 'revoked' }));
    assert.deepEqual((await bench.run('owner', 'anchor', (await bench.seal({ n: 1, interval: 1 })).bare)).body['marks'], ['UNCERTIFIED']);
  });
});

describe('overdue', () => {
  test('marks a later anchor LATE, also one that covers the interval among others', async () => {
    const bench = await ChannelBench.open();
    assert.deepEqual((await bench.run('manufacturer', 'overdue', { channel: bench.channel, interval: 0 })).body, { interval: 0 });
    await bench.run('owner', 'overdue', { channel: bench.channel, interval: 5 });
    assert.deepEqual((await bench.run('owner', 'anchor', (await bench.seal({ n: 0, interval: 0 })).anchor)).body['marks'], ['LATE']);
    const missed = await bench.seal({ n: 1, interval: 4, through: 6, codes: [MISSED, MISSED] });
    assert.deepEqual((await bench.run('owner', 'anchor', missed.anchor)).body['marks'], ['LATE']);
    const call = await bench.seal({ n: 2, interval: 0, row: 1 });
    assert.deepEqual((await bench.run('owner', 'anchor', call.anchor)).body['marks'], []);
  });

  test('is refused while the batch is there, before it is due, twice, and from strangers', async () => {
    const bench = await ChannelBench.open();
    const { channel, params } = bench;
    await bench.anchored({ n: 0, interval: 0 });
    await bench.refuses('BATCH_PRESENT', 'manufacturer', 'overdue', { channel, interval: 0 });
    await bench.refuses('WRONG_CREATOR', 'stranger', 'overdue', { channel, interval: 1 });
    await bench.refuses('NO_CHANNEL', 'owner', 'overdue', { channel: otherHash(channel), interval: 1 });
    bench.timeMs = intervalEnd(params, 1) + params.anchorWithinMs - 1;
    await bench.refuses('NOT_DUE', 'manufacturer', 'overdue', { channel, interval: 1 });
    bench.timeMs++;
    await bench.run('manufacturer', 'overdue', { channel, interval: 1 });
    await bench.refuses('OVERDUE_EXISTS', 'owner', 'overdue', { channel, interval: 1 });
  });
});
