import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { RejectedError, UA_TYPES, type UaValue, UnavailableError } from '../../src/core/index.ts';
import { TagGate } from '../../src/server/ingest/tag-gate.ts';
import type { AcceptedReading, IngestTag, OfferedReading } from '../../src/server/ingest/types.ts';

const NOW_MS = 1_000_000;

const uaValue: fc.Arbitrary<UaValue> = fc.record({
  type: fc.constantFrom(...UA_TYPES),
  value: fc.oneof(fc.boolean(), fc.integer(), fc.double(), fc.bigInt(), fc.string({ unit: 'binary' }), fc.uint8Array()),
});

const offered: fc.Arbitrary<OfferedReading> = fc.record({
  value: fc.option(uaValue, { nil: undefined }),
  status: fc.constantFrom(0, 0x40000000, 0x80000000, 0x80350000, 0xffffffff),
  sourceMs: fc.option(fc.oneof(fc.integer({ min: NOW_MS - 20, max: NOW_MS + 20 }), fc.double()), { nil: undefined }),
});

const tag: fc.Arbitrary<IngestTag> = fc.record({
  name: fc.constant('tag'),
  type: fc.constantFrom(...UA_TYPES),
  minimum: fc.option(fc.constant(-5), { nil: undefined }),
  maximum: fc.option(fc.constant(5), { nil: undefined }),
  maxBytes: fc.constant(8),
  timestamps: fc.constantFrom({ use: 'server' } as const, { use: 'source', maxAgeMs: 10, maxFutureMs: 10 } as const),
});

function gateFor(subject: IngestTag, accept: (reading: AcceptedReading) => void = () => undefined) {
  const refused: number[] = [];
  const gate = new TagGate(subject, { now: () => NOW_MS }, { accept, refused: (_name, status) => refused.push(status) });
  return { gate, refused };
}

describe('the gate of a tag', () => {
  test('either accepts a value or counts and reports its refusal, whatever is offered', () => {
    fc.assert(
      fc.property(tag, fc.array(offered), (subject, readings) => {
        const accepted: AcceptedReading[] = [];
        const { gate, refused } = gateFor(subject, (reading) => accepted.push(reading));
        const answers = readings.map((reading) => gate.offer(reading));
        assert.deepEqual(
          refused,
          answers.filter((status) => status !== 0),
        );
        assert.deepEqual([gate.status.accepted, gate.status.refused], [accepted.length, refused.length]);
        assert.equal(accepted.length + refused.length, readings.length);
      }),
    );
  });

  test('hands over nothing but what the tag allows', () => {
    fc.assert(
      fc.property(tag, offered, (subject, reading) => {
        const { gate } = gateFor(subject, ({ value, status, sourceMs, acceptedMs }) => {
          assert.equal(acceptedMs, NOW_MS);
          assert.ok(subject.timestamps.use === 'server' ? sourceMs === NOW_MS : Math.abs(sourceMs - NOW_MS) <= 10);
          if (value === undefined) return assert.ok(status >= 0x80000000);
          assert.equal(value.type, subject.type);
          if (typeof value.value === 'number' || typeof value.value === 'bigint') {
            assert.ok(subject.minimum === undefined || value.value >= subject.minimum);
            assert.ok(subject.maximum === undefined || value.value <= subject.maximum);
          }
          if (typeof value.value === 'number') assert.ok(Number.isFinite(value.value));
        });
        void gate.offer(reading);
        // What the module throws becomes a refusal: an assertion that failed above shows here.
        assert.notEqual(gate.status.lastStatus, 0x80020000);
      }),
    );
  });

  test('survives a module that breaks while it is told of a refusal', () => {
    const broken = () => {
      throw new Error('broken');
    };
    const subject: IngestTag = { name: 'tag', type: 'Int32', timestamps: { use: 'server' } };
    const gate = new TagGate(subject, { now: () => NOW_MS }, { accept: broken, refused: broken });
    assert.equal(gate.offer({ value: { type: 'Int32', value: 5 }, status: 0, sourceMs: undefined }), 0x80020000);
    assert.deepEqual([gate.status.accepted, gate.status.refused], [0, 1]);
  });

  test('keeps no value, unless somebody may read it', () => {
    const open: IngestTag = { name: 'tag', type: 'Int32', timestamps: { use: 'server' }, readableBy: ['Operator'] };
    const reading: OfferedReading = { value: { type: 'Int32', value: 5 }, status: 0, sourceMs: undefined };
    const { gate } = gateFor(open);
    void gate.offer(reading);
    assert.equal(gate.held?.value?.value, 5);
    const { gate: closed } = gateFor({ ...open, readableBy: [] });
    void closed.offer(reading);
    assert.equal(closed.held, undefined);
  });

  test('still holds the last accepted reading after a refusal', () => {
    const { gate } = gateFor({ name: 'tag', type: 'Int32', maximum: 9, timestamps: { use: 'server' }, readableBy: ['Operator'] });
    void gate.offer({ value: { type: 'Int32', value: 5 }, status: 0, sourceMs: undefined });
    void gate.offer({ value: { type: 'Int32', value: 10 }, status: 0, sourceMs: undefined });
    assert.equal(gate.held?.value?.value, 5);
  });

  test('answers once the module has the reading for good; until then it is neither accepted nor refused', async () => {
    const subject: IngestTag = { name: 'tag', type: 'Int32', timestamps: { use: 'server' }, readableBy: ['Operator'] };
    const taken: (() => void)[] = [];
    const waiting = (): Promise<void> => new Promise((resolve) => taken.push(resolve));
    const gate = new TagGate(subject, { now: () => NOW_MS }, { accept: waiting });
    const answers = [1, 2].map((value) => gate.offer({ value: { type: 'Int32', value }, status: 0, sourceMs: undefined }));
    assert.equal(taken.length, 2, 'both are handed over at once');
    assert.deepEqual([gate.status.accepted, gate.held], [0, undefined]);
    for (const done of taken) done();
    assert.deepEqual([await answers[0], await answers[1]], [0, 0]);
    assert.deepEqual([gate.status.accepted, gate.held?.value?.value], [2, 2]);
  });

  for (const [error, status] of [
    [new UnavailableError('STORE_FULL', 'The disk is full.'), 0x80040000],
    [new RejectedError('NO', 'No.'), 0x803c0000],
    [new Error('broken'), 0x80020000],
  ] as const) {
    test(`a reading that the module gives back later is refused: ${error.name}`, async () => {
      const subject: IngestTag = { name: 'tag', type: 'Int32', timestamps: { use: 'server' } };
      const told: number[] = [];
      const hooks = { accept: () => Promise.reject(error), refused: (_tag: string, code: number) => void told.push(code) };
      const gate = new TagGate(subject, { now: () => NOW_MS }, hooks);
      assert.equal(await gate.offer({ value: { type: 'Int32', value: 5 }, status: 0, sourceMs: undefined }), status);
      assert.deepEqual([gate.status.accepted, gate.status.refused, told], [0, 1, [status]]);
    });
  }
});
