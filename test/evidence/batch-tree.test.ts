import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type EvidenceRecord, openRecordAt, statementRecords, verifyRebuilt, verifyRecordOpening } from '../../src/evidence/index.ts';
import { BatchBuilder, BatchOpener, BatchSecrets } from '../../src/evidence/index.ts';
import { fromBase64Url, hasCode, toHex, utf8 } from '../../src/core/index.ts';
import { bytesOf, epochKeys, makeBatch, reading, seedOf, testParams } from './fixture.ts';
import { ReferenceTree } from './reference.ts';

const DEPTH = 3;
const CAPACITY = 2 ** DEPTH - 1;

/** Both trees of the same readings: the builder's and the plain one's. */
async function roots(counts: readonly number[], depths: readonly number[], pads: readonly (number | undefined)[] = []) {
  const tags = counts.map((_, t) => ({
    name: `tag ${t}`,
    depth: depths[t]!,
    firstSeq: 100 * t,
    ...(pads[t] === undefined ? {} : { rawPad: pads[t] }),
  }));
  const batch = await makeBatch({ tags, readings: counts.map((count) => Array.from({ length: count }, (_, i) => reading(i))) });
  const plain = new ReferenceTree(batch.content.seed);
  const subtrees = batch.content.tags.map((tag, t) => plain.tag(t + 1, 0, tag, tag.readings, tag.refused));
  const statement = statementRecords(batch.content.statement).map((record, i) => plain.leaf(0, 0, i, record, 192));
  const conditions = plain.root(0, 0, statement, 3);
  return { batch, expected: plain.root(0xffffffff, 0, [conditions, ...subtrees], 3) };
}

describe('a batch tree', () => {
  for (const count of [0, 1, CAPACITY - 1, CAPACITY, CAPACITY + 1, 2 * CAPACITY - 1, 2 * CAPACITY, 100]) {
    test(`with ${count} readings, ${CAPACITY} a part, has the root of the plain tree`, async () => {
      const { batch, expected } = await roots([count, 3], [DEPTH, 2]);
      assert.equal(toHex(batch.closed.root), toHex(expected));
      assert.equal(toHex(batch.opener.root), toHex(expected));
    });
  }

  test('has the root of the plain tree for any counts, depths and paddings', async () => {
    const tag = fc.tuple(fc.nat(40), fc.integer({ min: 2, max: 6 }), fc.option(fc.integer({ min: 256, max: 300 }), { nil: undefined }));
    await fc.assert(
      fc.asyncProperty(fc.array(tag, { maxLength: 7 }), async (tags) => {
        const { batch, expected } = await roots(
          tags.map(([c]) => c),
          tags.map(([, d]) => d),
          tags.map(([, , p]) => p),
        );
        assert.equal(toHex(batch.closed.root), toHex(expected));
        assert.equal(toHex(batch.opener.root), toHex(expected));
      }),
      { numRuns: 60 },
    );
  });

  test('opens every record, in every part, alone', async () => {
    const { batch } = await roots([2 * CAPACITY + 3, 2], [DEPTH, 2]);
    const root = batch.closed.root;
    for (const [t, tag] of batch.content.tags.entries()) {
      for (const expected of tag.readings) {
        const opening = batch.opener.reading(t, expected.seq);
        const found: EvidenceRecord = verifyRecordOpening(
          batch.check.params,
          0,
          root,
          JSON.parse(JSON.stringify(opening)) as typeof opening,
        );
        assert.deepEqual(found, expected);
      }
    }
    const last = openRecordAt(batch.check.params, 0, root, batch.opener.record(1, 2, 0));
    assert.equal(last.record.kind === 'manifest' && last.record.count, 2 * CAPACITY + 3);
    for (let place = 0; place < 6; place++) verifyRecordOpening(batch.check.params, 0, root, batch.opener.record(0, 0, place));
  });

  test('is rebuilt from its seed and records, and from nothing else', async () => {
    const { batch } = await roots([20, 3], [DEPTH, 2]);
    verifyRebuilt(batch.content, batch.closed.root);
    const [first, second] = batch.content.tags;
    const without = { ...batch.content, tags: [{ ...first!, readings: first!.readings.slice(0, -1) }, second!] };
    const refusedMore = { ...batch.content, tags: [{ ...first!, refused: 1 }, second!] };
    const otherSeed = { ...batch.content, seed: bytesOf('other') };
    for (const content of [without, refusedMore, otherSeed]) {
      assert.throws(
        () => verifyRebuilt(content, batch.closed.root),
        (error) => hasCode(error, 'WRONG_ROOT'),
      );
    }
    const gap = { ...batch.content, tags: [{ ...first!, readings: first!.readings.slice(1) }, second!] };
    assert.throws(
      () => verifyRebuilt(gap, batch.closed.root),
      (error) => hasCode(error, 'RAW_GAP'),
    );
    const foreign = { ...batch.content, tags: [{ ...first!, readings: [{ ...first!.readings[0]!, n: 1 }] }, second!] };
    assert.throws(
      () => verifyRebuilt(foreign, batch.closed.root),
      (error) => hasCode(error, 'WRONG_BATCH'),
    );
  });
});

describe('dummies', () => {
  test('look like hashes: 32 bytes, none twice, none equal to a node of the tree, other ones for every seed', async () => {
    const seen = new Set<string>();
    let made = 0;
    for (let s = 0; s < 20; s++) {
      const secrets = new BatchSecrets(seedOf(s));
      for (const subtree of [0, 1, 2, 0xffffffff]) {
        for (let part = 0; part < 2; part++) {
          for (let level = 0; level < 4; level++) {
            for (let index = 0; index < 8; index++, made++) {
              const dummy = secrets.dummy(subtree, part, level, index);
              assert.equal(dummy.length, 32);
              seen.add(toHex(dummy));
            }
          }
        }
      }
    }
    assert.equal(seen.size, made);
    const { batch } = await roots([5, 0], [4, 4]);
    const path = batch.opener.reading(0, 4).path;
    assert.equal(new Set(path).size, path.length);
  });

  test('have bits that are as balanced as those of hashes', () => {
    let ones = 0;
    const secrets = new BatchSecrets(bytesOf('balance'));
    for (let i = 0; i < 2000; i++) for (const byte of secrets.dummy(1, 0, 3, i)) ones += byte.toString(2).replaceAll('0', '').length;
    // 512,000 fair bits: five standard deviations are 1,789.
    assert.ok(Math.abs(ones - 256_000) < 1789);
  });
});

describe('a batch builder refuses', () => {
  const params = testParams();
  const tag = { name: 'a', depth: 3, firstSeq: 0 };
  const options = { params, seed: bytesOf('seed'), n: 0, tags: [tag] };
  const keys = epochKeys(params);
  const closing = { conditions: [[1], [1], [1]], slotKeys: keys.slotKeys(0, 0), batchKey: keys.batchKey(0, 0), refused: [0] };
  const cases: readonly [string, string, () => unknown][] = [
    ['a seed of another length', 'BAD_INPUT', () => new BatchBuilder({ ...options, seed: new Uint8Array(31) })],
    [
      'more tags than the top tree has places',
      'BAD_INPUT',
      () => new BatchBuilder({ ...options, tags: Array.from({ length: 8 }, () => tag) }),
    ],
    ['a depth of 1', 'BAD_INPUT', () => new BatchBuilder({ ...options, tags: [{ ...tag, depth: 1 }] })],
    [
      'an agreed length too short for a manifest',
      'RECORD_TOO_LONG',
      () => new BatchBuilder({ ...options, tags: [{ ...tag, rawPad: 100 }] }),
    ],
    ['a reading of an unknown tag', 'BAD_INPUT', () => new BatchBuilder(options).accept(1, reading(1))],
    ['to close without a stream', 'BAD_INPUT', () => new BatchBuilder(options).close({ ...closing, conditions: [[1], [1]] })],
    ['to close without a publication', 'BAD_INPUT', () => new BatchBuilder(options).close({ ...closing, conditions: [[1], [], [1]] })],
    ['to close without a slot key', 'BAD_INPUT', () => new BatchBuilder(options).close({ ...closing, slotKeys: [] })],
    ['to close without counts of refused writes', 'BAD_INPUT', () => new BatchBuilder(options).close({ ...closing, refused: [] })],
  ];
  for (const [name, code, run] of cases) test(name, () => assert.throws(run, (error) => hasCode(error, code)));

  test('a reading longer than agreed, and goes on with the next', () => {
    const builder = new BatchBuilder({ ...options, tags: [{ ...tag, rawPad: 260 }] });
    const long = { value: { type: 'String' as const, value: 'x'.repeat(300) }, status: 0, sourceMs: 1, acceptedMs: 1 };
    assert.throws(
      () => builder.accept(0, long),
      (error) => hasCode(error, 'RECORD_TOO_LONG'),
    );
    assert.equal(builder.accept(0, reading(1)), 0);
    assert.deepEqual(builder.counts, [1]);
  });

  test('readings and a second closing after it is closed', () => {
    const builder = new BatchBuilder(options);
    builder.close(closing);
    assert.throws(
      () => builder.accept(0, reading(1)),
      (error) => hasCode(error, 'BAD_INPUT'),
    );
    assert.throws(
      () => builder.close(closing),
      (error) => hasCode(error, 'BAD_INPUT'),
    );
  });

  test('an opening of a record that is not there', async () => {
    const { batch } = await roots([2], [3]);
    assert.throws(
      () => batch.opener.reading(0, 5),
      (error) => hasCode(error, 'BAD_INPUT'),
    );
    assert.throws(
      () => batch.opener.record(3, 0, 0),
      (error) => hasCode(error, 'BAD_INPUT'),
    );
    assert.throws(
      () => new BatchOpener({ ...batch.content, tags: Array.from({ length: 8 }, () => batch.content.tags[0]!) }),
      (error) => hasCode(error, 'BAD_INPUT'),
    );
    assert.ok(fromBase64Url(batch.opener.record(1, 0, 0).record).length > utf8('tag 0').length);
  });
});
