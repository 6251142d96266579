import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Bytes, canonicalJson, type Json, RejectedError } from '../../src/core/index.ts';
import {
  type AnchorTokens,
  type ConditionOpening,
  type DeliveryPackage,
  decodeRecord,
  encodeRecord,
  openHeader,
  type RecordOpening,
  verifyAnchorTokens,
  verifyConditionOpening,
  verifyDelivery,
  verifyRecordOpening,
} from '../../src/evidence/index.ts';
import { makeBatch, owner, reading, testParams } from './fixture.ts';

/** The value read back after one bit of its JSON was turned, or `undefined` where that is no JSON any more. */
function turned(json: Bytes, bit: number): unknown {
  const bytes = json.slice();
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** Turns every bit of the JSON of `value`, and says where `verify` let a changed value pass or threw something else than a refusal. */
function passedBits(value: Json, verify: (changed: never) => unknown): number[] {
  const json = canonicalJson(value);
  const passed: number[] = [];
  for (let bit = 0; bit < json.length * 8; bit++) {
    const changed = turned(json, bit);
    if (changed === undefined) continue;
    try {
      verify(changed as never);
      passed.push(bit);
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
    }
  }
  return passed;
}

const params = testParams({ streams: 1, topDepth: 2 });
const sample = () => makeBatch({ params, readings: [[reading(5367)], Array.from({ length: 20 }, (_, i) => reading(i))], rawTags: [1] });

describe('no single changed bit passes', () => {
  test('in a condition opening', async () => {
    const { closed } = await sample();
    verifyConditionOpening(params, 0, closed.root, closed.conditions);
    assert.deepEqual(
      passedBits(closed.conditions as Json, (changed: ConditionOpening) => verifyConditionOpening(params, 0, closed.root, changed)),
      [],
    );
  });

  test('in the opening of a manifest, a condition, and readings of the last and of a full part', async () => {
    const { closed, opener } = await sample();
    for (const opening of [opener.record(1, 0, 0), opener.record(0, 0, 1), opener.reading(1, 19), opener.reading(1, 3)]) {
      verifyRecordOpening(params, 0, closed.root, opening);
      assert.deepEqual(
        passedBits(opening as Json, (changed: RecordOpening) => verifyRecordOpening(params, 0, closed.root, changed)),
        [],
      );
    }
  });

  test('in tokens and their multiproof', async () => {
    const { tokenSet } = await sample();
    const tokens = tokenSet.anchorTokens(2, [1]);
    verifyAnchorTokens(params, tokenSet.root, 2, tokens);
    assert.deepEqual(
      passedBits(tokens as Json, (changed: AnchorTokens) => verifyAnchorTokens(params, tokenSet.root, 2, changed)),
      [],
    );
  });

  test('in an envelope', async () => {
    const { check } = await sample();
    assert.deepEqual(
      passedBits(check.package.header as Json, (changed: unknown) => openHeader(changed, owner.publicKey)),
      [],
    );
  });

  test('in a padded record', () => {
    const record = encodeRecord({ kind: 'batchkey', n: 3, key: 'A'.repeat(43) });
    for (let bit = 0; bit < record.length * 8; bit++) {
      const changed = record.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      try {
        // What still reads as a record is another record: nothing that differs stands for the same.
        assert.deepEqual(encodeRecord(decodeRecord(changed)), changed);
      } catch (error) {
        assert.ok(error instanceof RejectedError, String(error));
      }
    }
  });

  test('in a whole delivery package', async () => {
    const { check } = await sample();
    const json = canonicalJson(check.package);
    await fc.assert(
      fc.asyncProperty(fc.nat(json.length * 8 - 1), async (bit) => {
        const changed = turned(json, bit);
        if (changed === undefined) return;
        await assert.rejects(verifyDelivery({ ...check, package: changed as DeliveryPackage }), RejectedError);
      }),
      { numRuns: 500 },
    );
  });
});
