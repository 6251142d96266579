import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canonicalJson, fromBase64Url, fromUtf8, type Json } from '../../src/core/index.ts';
import { sealDeposit } from '../../src/evidence/index.ts';
import { epochKeys, makeBatch, reading, type TestBatch, testParams } from './fixture.ts';

/** All 32-byte values and longer texts in a JSON value. */
function longTexts(value: unknown): string[] {
  if (typeof value === 'string') return value.length >= 22 ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(longTexts);
}

/** The value with every text replaced by its length: what somebody sees who can read nothing. */
function outline(value: unknown): unknown {
  if (typeof value === 'string') return `text of ${value.length}`;
  if (Array.isArray(value)) return value.map(outline);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, outline(item)]));
}

function payload(envelope: { payload: string }): unknown {
  return JSON.parse(fromUtf8(fromBase64Url(envelope.payload)));
}

/** What the ledger and the receiver see of a batch. */
function shown({ check }: TestBatch) {
  const { header, tokens, delivery, conditions } = check.package;
  return { header, headerPayload: payload(header), tokens, delivery, deliveryPayload: payload(delivery), conditions };
}

const tags = [{ name: 'count', depth: 6, firstSeq: 0 }];
const withCount = (count: number) => makeBatch({ tags, readings: [Array.from({ length: count }, (_, i) => reading(i))] });

describe('what a batch shows', () => {
  test('has the same fields and sizes for 0, 1, 5,000 and more readings than a part holds', async () => {
    const [none, ...others] = await Promise.all([0, 1, 62, 63, 64, 5000].map(withCount));
    const expected = shown(none!);
    for (const other of others) {
      const found = shown(other);
      assert.deepEqual(outline(found), outline(expected));
      assert.equal(canonicalJson(found as unknown as Json).length, canonicalJson(expected as unknown as Json).length);
    }
  });

  test('has the same fields and sizes for all conditions, NONE and SUSPENDED included, and for a call', async () => {
    const expected = outline(shown(await makeBatch({ codes: [0, 0, 0] })));
    for (const codes of [
      [1, 1, 1],
      [0, 1, 2],
      [-1, -1, -1],
      [-2, -2, -2],
    ])
      assert.deepEqual(outline(shown(await makeBatch({ codes }))), expected);
    const call = outline(shown(await makeBatch({ row: 1 }))) as { headerPayload: object };
    const { headerPayload } = expected as { headerPayload: object };
    // A call is seen by its bounds and row; nothing else of it has another form.
    assert.deepEqual(outline({ ...call, headerPayload: {} }), outline({ ...(expected as object), headerPayload: {} }));
    assert.deepEqual(Object.keys(call.headerPayload), Object.keys(headerPayload));
  });

  test('shares no value between intervals, be their conditions and readings equal or not', async () => {
    const same = { readings: [[reading(5367)], []] };
    const batches = [
      await makeBatch({ ...same, n: 0, interval: 0, codes: [1, 1, 1] }),
      await makeBatch({ ...same, n: 1, interval: 1, codes: [1, 1, 1] }),
      await makeBatch({ ...same, n: 2, interval: 2, codes: [2, 0, -1] }),
    ];
    const seen = batches.map((batch) => {
      const { header, tokens } = batch.check.package;
      const { channel, policy, module, key, lastBlock, prev, ...rest } = payload(header) as Record<string, unknown>;
      assert.ok(channel && policy && module && key && lastBlock && prev);
      // The keys of the epoch's tree are public and stand in several proofs: the last two hashes of a path.
      return new Set([...longTexts(rest), ...tokens.tokens, ...tokens.path.slice(0, -2)]);
    });
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const)
      assert.deepEqual(
        [...seen[a]!].filter((text) => seen[b]!.has(text)),
        [],
      );
  });

  test('shares no value between two streams with equal codes', async () => {
    const { check } = await makeBatch({ codes: [1, 1, 1] });
    const { tokens, conditions } = check.package;
    const all = [...tokens.tokens, ...tokens.path, ...longTexts(conditions)];
    assert.equal(new Set(all).size, all.length);
  });

  test('shares no value between two channels with equal readings and conditions', async () => {
    const a = await makeBatch({ readings: [[reading(1)], []], keys: epochKeys(testParams(), 'one') });
    const b = await makeBatch({ readings: [[reading(1)], []], keys: epochKeys(testParams(), 'two'), seed: new Uint8Array(32).fill(9) });
    const [first, second] = [a, b].map(({ check, header: { root, h } }) => {
      const { tokens, conditions } = check.package;
      return new Set(longTexts([root, h, tokens, conditions.dummies, conditions.top, conditions.leaves.map((leaf) => leaf.blinder)]));
    });
    assert.deepEqual(
      [...first!].filter((text) => second!.has(text)),
      [],
    );
  });

  test('has deposits of one size', async () => {
    const sizes = new Set<number>();
    for (const codes of [
      [0, 0, 0],
      [1, 2, -1],
    ]) {
      const { check } = await makeBatch({ codes, n: 1234, interval: 1 });
      const { delivery, conditions } = check.package;
      sizes.add(sealDeposit(check.params, new Uint8Array(32), { delivery, conditions }).length);
    }
    assert.equal(sizes.size, 1);
  });
});
