import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, hasCode, type UaValue } from '../../src/core/index.ts';
import { type AcceptedReading, decodeRecord, encodeRecord, ReadingWriter } from '../../src/evidence/index.ts';
import { readingRecord } from './fixture.ts';

const natural = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(12),
  fc.constantFrom(0, 9, 10, 999_999_999, 1_000_000_000, 1_000_000_001, Number.MAX_SAFE_INTEGER),
);
const value: fc.Arbitrary<UaValue | undefined> = fc.oneof(
  fc.double().map((v) => ({ type: 'Double' as const, value: v })),
  fc.float().map((v) => ({ type: 'Float' as const, value: v })),
  fc.integer().map((v) => ({ type: 'Int32' as const, value: v })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((v) => ({ type: 'Int64' as const, value: v })),
  fc.boolean().map((v) => ({ type: 'Boolean' as const, value: v })),
  fc.string({ unit: 'grapheme', maxLength: 700 }).map((v) => ({ type: 'String' as const, value: v })),
  fc.uint8Array().map((v) => ({ type: 'ByteString' as const, value: v })),
  fc.constant(undefined),
);
const reading: fc.Arbitrary<AcceptedReading> = fc.record({ value, status: fc.nat(0xffffffff), sourceMs: natural, acceptedMs: natural });

describe('the fixed-order writer of reading records', () => {
  test('gives the bytes of the generic canonical writer for every series of readings', () => {
    fc.assert(
      fc.property(natural, fc.array(fc.tuple(natural, reading), { minLength: 1, maxLength: 8 }), fc.nat(40), (n, series, prefix) => {
        const writer = new ReadingWriter(n, prefix);
        for (const [seq, accepted] of series) {
          writer.write(seq, accepted, 0);
          const written = writer.written.slice(prefix);
          assert.deepEqual(written, canonicalJson(readingRecord(n, seq, accepted)));
          assert.deepEqual(decodeRecord(written), readingRecord(n, seq, accepted));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('pads with zero bytes, whatever stood in the buffer', () => {
    fc.assert(
      fc.property(fc.array(reading, { minLength: 1, maxLength: 5 }), (series) => {
        const writer = new ReadingWriter(3, 33);
        for (const accepted of series) {
          writer.write(5, accepted, 5000);
          assert.deepEqual(writer.written.slice(33), encodeRecord(readingRecord(3, 5, accepted), 5000));
        }
      }),
    );
  });

  test('goes on rightly after a reading that it refused', () => {
    const writer = new ReadingWriter(3, 33);
    const text = (length: number): AcceptedReading => ({
      value: { type: 'String', value: 'x'.repeat(length) },
      status: 0,
      sourceMs: 1,
      acceptedMs: 2,
    });
    writer.write(1, text(4), 200);
    assert.throws(
      () => writer.write(2, text(400), 200),
      (error) => hasCode(error, 'RECORD_TOO_LONG'),
    );
    writer.write(2, text(4), 200);
    assert.deepEqual(writer.written.slice(33), encodeRecord(readingRecord(3, 2, text(4)), 200));
  });

  for (const [name, bad] of [
    ['a negative source time', { sourceMs: -1 }],
    ['a fractional accepted time', { acceptedMs: 1.5 }],
    ['a status beyond 32 bits', { status: 2 ** 32 }],
    ['a fractional status', { status: 0.5 }],
    ['text with a lone surrogate', { value: { type: 'String', value: '\ud800' } as const }],
  ] as const) {
    test(`refuses ${name}`, () => {
      const accepted = { value: undefined, status: 0, sourceMs: 1, acceptedMs: 1, ...bad };
      assert.throws(
        () => new ReadingWriter(0, 33).write(0, accepted, 0),
        (error) => hasCode(error, 'BAD_INPUT'),
      );
    });
  }
});
