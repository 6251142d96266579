import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, parseShape, toBase64Url } from '../../src/core/index.ts';
import { anchorBody, AnchorBodyShape, type AnchorTokens, NO_TOKENS } from '../../src/evidence/index.ts';
import { ChannelBench } from '../contract/fixture.ts';
import { SOME_ENVELOPE } from '../store/batches.ts';

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toBase64Url);
const anyTokens: fc.Arbitrary<AnchorTokens> = fc.integer({ min: 1, max: 64 }).chain((count) =>
  fc.record(
    {
      tokens: fc.array(hash, { minLength: count, maxLength: count }),
      positions: fc.uint8Array({ minLength: count, maxLength: count }).map(toBase64Url),
      path: fc.array(hash, { maxLength: 40 }),
    },
    { noNullPrototype: true },
  ),
);

const unpacked = (tokens: unknown) => parseShape(AnchorBodyShape, { header: SOME_ENVELOPE, tokens }, 'anchor');

describe('the body of an anchor', () => {
  test('gives its tokens as they were', () => {
    fc.assert(
      fc.property(anyTokens, (tokens) => {
        assert.deepEqual(unpacked(anchorBody(SOME_ENVELOPE, tokens).tokens), { header: SOME_ENVELOPE, tokens });
      }),
    );
  });

  test('without tokens is an empty text', () => {
    assert.equal(anchorBody(SOME_ENVELOPE, NO_TOKENS).tokens, '');
    assert.deepEqual(unpacked('').tokens, NO_TOKENS);
  });

  test('refuses a count that is zero, too high or more than there are, and half a hash', () => {
    const bytes = (count: number, length: number) => toBase64Url(Uint8Array.of(count, ...new Uint8Array(length)));
    unpacked(bytes(2, 66));
    for (const bad of [
      bytes(0, 0),
      bytes(0, 32),
      bytes(65, 65 * 33),
      bytes(2, 65),
      bytes(2, 67),
      bytes(1, 33 + 31),
      'A',
      '*',
      7,
      undefined,
    ])
      assert.throws(() => unpacked(bad), { code: 'BAD_SHAPE' }, String(bad));
  });

  test('has one text for one list of tokens: no other text unpacks to the same', () => {
    fc.assert(
      fc.property(anyTokens, fc.nat(), (tokens, place) => {
        const text = anchorBody(SOME_ENVELOPE, tokens).tokens;
        const at = place % text.length;
        const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
        let found: AnchorTokens;
        try {
          found = unpacked(changed).tokens;
        } catch {
          return;
        }
        assert.notDeepEqual(found, tokens);
      }),
    );
  });
});

describe('the size of an anchor, epochs of 64 intervals and 8 tokens a slot', () => {
  for (const streams of [1, 3, 10, 64]) {
    test(`is at most 1,500 bytes and 200 a stream: ${streams} stream(s), after years`, async () => {
      const bench = new ChannelBench({ params: { streams, epochIntervals: 64, codesPerSlot: 8, conditionDepth: 7 } });
      const interval = 1_000_000;
      const header = { lastBlock: { number: 9_999_999, hash: toBase64Url(new Uint8Array(32)) } };
      const { anchor } = await bench.seal({ n: 9_999_999, interval, codes: Array<number>(streams).fill(1), header });
      const { length } = canonicalJson(anchor);
      assert.ok(length <= 1500 + 200 * streams, `${length} bytes`);
    });
  }
});
