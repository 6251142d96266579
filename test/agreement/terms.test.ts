import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RejectedError } from '../../src/core/index.ts';
import { type AgreementFacts, agreementTermsSchema, draftAgreement, readAgreementTerms } from '../../src/agreement/index.ts';
import { agreement, stream } from './parties.ts';

const { version, ledger, owner, manufacturer, streams, policyCommitment, module } = agreement();
const facts: AgreementFacts = { version, ledger, owner, manufacturer, streams, tagCount: 6, policyCommitment, module };

const LEAST = {
  purpose: 'maintenance',
  interval: { lengthMs: 60_000 },
  validity: { from: '2026-01-01T00:00:30Z', to: '2027-01-01T00:00:00Z' },
};

const read = (terms: object) => readAgreementTerms('terms.json', JSON.stringify(terms, undefined, 1));
const draft = (terms: object, other: Partial<AgreementFacts> = {}) => draftAgreement(read({ ...LEAST, ...terms }), { ...facts, ...other });

describe('the agreement drafted of a person’s terms', () => {
  test('has defaults for all that the terms leave out', () => {
    const drafted = draft({});
    assert.deepEqual(drafted.params, {
      streams: 2,
      codesPerSlot: 8,
      epochIntervals: 64,
      intervalMs: 60_000,
      originMs: Date.parse('2026-01-01T00:00:00Z'),
      publications: 1,
      callsPerInterval: 0,
      callGridMs: 60_000,
      publishDelayMs: 500,
      anchorWithinMs: 600_000,
      receiptWithinMs: 600_000,
      depositAfter: 64,
      unreceiptedLimit: 10_000,
      conditionDepth: 3,
      topDepth: 3,
      argon2Profile: 1,
    });
    assert.equal(drafted.lookAheadMs, 4 * 64 * 60_000);
    assert.deepEqual([drafted.disputeWindowEpochs, drafted.retentionDays, drafted.rawReleased], [16, 365, []]);
    assert.deepEqual([drafted.notBeforeMs, drafted.notAfterMs], [Date.parse(LEAST.validity.from), Date.parse(LEAST.validity.to)]);
  });

  test('takes from the terms what they give', () => {
    const drafted = draft({
      $schema: '../schemas/agreement-terms.schema.json',
      interval: { lengthMs: 1000, originMs: 5000, publications: 4, publishDelayMs: 100, calls: 3, callGridMs: 200 },
      epoch: { intervals: 16, lookAheadMs: 100_000, disputeWindow: 9 },
      deadlines: { anchorWithinMs: 1, receiptWithinMs: 2, depositAfterIntervals: 3, unreceiptedLimit: 4 },
      evidence: { codesPerSlot: 32, topDepth: 5, argon2Profile: 1, retentionDays: 30 },
      rawReleased: [{ name: 'T', maxRecordBytes: 192, maxReadings: 5 }],
    });
    const { params } = drafted;
    assert.deepEqual(
      [params.originMs, params.publications, params.publishDelayMs, params.callsPerInterval, params.callGridMs],
      [5000, 4, 100, 3, 200],
    );
    assert.deepEqual([params.anchorWithinMs, params.receiptWithinMs, params.depositAfter, params.unreceiptedLimit], [1, 2, 3, 4]);
    assert.deepEqual(
      [params.codesPerSlot, params.topDepth, params.argon2Profile, params.conditionDepth, params.epochIntervals],
      [32, 5, 1, 4, 16],
    );
    assert.deepEqual(
      [drafted.lookAheadMs, drafted.disputeWindowEpochs, drafted.retentionDays, drafted.rawReleased.length],
      [100_000, 9, 30, 1],
    );
  });

  test('keeps the dispute window at least as long as the look-ahead', () => {
    assert.equal(draft({ epoch: { intervals: 16, lookAheadMs: 20 * 16 * 60_000 + 1 } }).disputeWindowEpochs, 21);
  });

  test('makes room for the largest catalogue and for all tags', () => {
    const many = [stream('A', ...Array.from({ length: 6 }, (_, code) => code)), stream('B', 1)];
    assert.equal(draft({}, { streams: many }).params.codesPerSlot, 16);
    assert.deepEqual(
      [1, 3, 4, 7, 8].map((tagCount) => draft({}, { tagCount }).params.topDepth),
      [1, 2, 3, 3, 4],
    );
  });

  test('takes the small Argon2 profile and a half interval of delay where intervals are short', () => {
    const { params } = draft({ interval: { lengthMs: 200 } });
    assert.deepEqual([params.argon2Profile, params.publishDelayMs, params.anchorWithinMs], [0, 100, 60_000]);
  });

  test('is refused where facts and terms do not fit', () => {
    const many = [stream('A', ...Array.from({ length: 6 }, (_, code) => code)), stream('B', 1)];
    assert.throws(() => draft({ evidence: { codesPerSlot: 8 } }, { streams: many }), { code: 'BAD_CATALOGUE' });
  });
});

describe('terms are refused, with what is expected where:', () => {
  const interval = (other: object) => ({ interval: { lengthMs: 1000, ...other } });
  for (const [what, terms, words] of [
    ['an unknown key', { cadence: 5 }, /unknown key/],
    ['an interval below 100 ms', { interval: { lengthMs: 99 } }, /Expected: length of an interval in milliseconds, 100 to 86400000/],
    ['an origin off the grid', interval({ originMs: 1500 }), /not a multiple of "lengthMs"/],
    ['an origin after the beginning', interval({ originMs: Date.parse('2026-06-01T00:00:00Z') }), /begins after the validity/],
    ['publications that do not divide', interval({ publications: 7 }), /does not divide/],
    ['a delay of an interval', interval({ publishDelayMs: 1000 }), /not below "lengthMs"/],
    ['a call grid that does not divide', interval({ callGridMs: 300 }), /does not divide/],
    ['calls without a grid', interval({ calls: 1 }), /too few points for 1 call/],
    ['an epoch that is no power of two', { epoch: { intervals: 65 } }, /not a power of two/],
    ['a slot that is no power of two', { evidence: { codesPerSlot: 9 } }, /not a power of two/],
    ['a look-ahead below four epochs', { epoch: { lookAheadMs: 1000 } }, /below four epochs\. Write at least 15360000/],
    ['a day that does not exist', { validity: { from: '2026-02-30T00:00:00Z', to: '2027-01-01T00:00:00Z' } }, /no such day/],
    ['an end before the beginning', { validity: { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' } }, /not after "from"/],
    ['a time without a zone', { validity: { from: '2026-02-01T00:00:00', to: '2027-01-01T00:00:00Z' } }, /an instant in UTC like/],
    ['a purpose of two lines', { purpose: 'a\nb' }, /no line breaks/],
  ] as const) {
    test(what, () =>
      assert.throws(
        () => read({ ...LEAST, ...terms }),
        (error) =>
          error instanceof RejectedError &&
          error.code === 'BAD_FILE' &&
          /^terms\.json, line \d+, at "/.test(error.message) &&
          words.test(error.message),
      ),
    );
  }
});

test('the schema describes every property, for its descriptions are the remedies', () => {
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === 'properties') {
        for (const [name, one] of Object.entries(value as Record<string, object>))
          assert.ok('description' in one, `${path}/${name} has no description`);
      }
      walk(value, `${path}/${key}`);
    }
  };
  walk(agreementTermsSchema, '');
});
