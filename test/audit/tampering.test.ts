import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { parseExport, writeExport } from '../../src/audit/index.ts';
import { DcmbError, type Json } from '../../src/core/index.ts';
import { honestScene, verified } from './scene.ts';
import {
  changedAt,
  differently,
  isFound,
  isLeaf,
  mutated,
  outcomeOf,
  type Path,
  pathsTo,
  reissued,
  valueAt,
  valuesOf,
} from './tampering.ts';

describe('a changed export', () => {
  let bytes = new Uint8Array();
  let root: Json = {};
  let leaves: Path[] = [];
  let lists: Path[] = [];
  before(async () => {
    bytes = new Uint8Array(writeExport((await honestScene()).parts()));
    root = parseExport(bytes);
    leaves = valuesOf(root);
    lists = pathsTo(root, (value) => Array.isArray(value));
  });

  test('the unchanged one passes', async () => {
    assert.deepEqual(await outcomeOf(reissued(root, true)), { passed: true, named: [] });
  });

  test('any single byte changed is found and named', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (at, difference) => {
        const changed = bytes.slice();
        const place = at % changed.length;
        changed[place] = changed[place]! ^ difference;
        let exported;
        try {
          exported = parseExport(changed);
        } catch (error) {
          assert.ok(error instanceof DcmbError && error.code === 'UNREADABLE_EXPORT');
          return;
        }
        const { passed, findings } = await verified(exported);
        assert.ok(!passed && findings.length > 0, `byte ${place}`);
      }),
      { numRuns: 30 },
    );
  });

  test('cut off anywhere it is unreadable', () => {
    fc.assert(
      fc.property(fc.nat(), (at) => {
        assert.throws(
          () => parseExport(bytes.slice(0, at % bytes.length)),
          (error) => error instanceof DcmbError && error.code === 'UNREADABLE_EXPORT',
        );
      }),
    );
  });

  test('any value changed is found, with the digest made to fit again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 63 }), async (which, at, by) => {
        const path = leaves[which % leaves.length]!;
        const outcome = await outcomeOf(reissued(changedAt(root, path, (value) => differently(value, at, by))));
        assert.ok(isFound(outcome), path.join('/'));
      }),
      { numRuns: 40 },
    );
  });

  test('any element taken out, doubled or swapped is found, with the digest made to fit again', async () => {
    const filled = lists.filter((path) => (valueAt(root, path) as readonly Json[]).length > 0);
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.nat(), fc.constantFrom('remove', 'double', 'swap'), async (which, first, second, how) => {
        const path = filled[which % filled.length]!;
        const list = valueAt(root, path) as readonly Json[];
        const [a, b] = [first % list.length, second % list.length];
        const changed = mutated(list, a, b, how);
        if (JSON.stringify(changed) === JSON.stringify(list)) return;
        const outcome = await outcomeOf(reissued(changedAt(root, path, () => changed)));
        assert.ok(isFound(outcome), `${how} ${a} ${b} of ${path.join('/')}`);
      }),
      { numRuns: 40 },
    );
  });

  test('a key taken out or added is found, with the digest made to fit again', async () => {
    const objects = pathsTo(root, (value) => !isLeaf(value) && !Array.isArray(value));
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.boolean(), async (which, key, add) => {
        const path = objects[which % objects.length]!;
        const changed = changedAt(root, path, (value) => {
          const entries = Object.entries(value as Record<string, Json>);
          return Object.fromEntries(add ? [...entries, ['extra', 1]] : entries.filter((_, index) => index !== key % entries.length));
        });
        let again;
        try {
          again = reissued(changed);
        } catch {
          again = changed;
        }
        // A digest that is taken out and made again is the same digest.
        if (JSON.stringify(again) === JSON.stringify(root)) return;
        assert.ok(isFound(await outcomeOf(again)), path.join('/'));
      }),
      { numRuns: 40 },
    );
  });

  test('whatever is taken out together with its mention in the contents, what still passes claims less', async () => {
    const whole = await verified(parseExport(bytes));
    const claims = ({ channels, ledger, checks }: typeof whole) => ({
      batches: channels.flatMap(({ batches }) => batches.map(({ acknowledgedBy }) => acknowledgedBy)),
      block: ledger?.lastBlock.number,
      keys: checks.batchKeys,
    });
    const filled = lists.filter((path) => (valueAt(root, path) as readonly Json[]).length > 0);
    let passed = 0;
    for (const path of filled.filter((list) => list.length <= 5)) {
      const changed = reissued(
        changedAt(root, path, (list) => (list as readonly Json[]).slice(0, -1)),
        true,
      );
      const outcome = await outcomeOf(changed);
      if (!outcome.passed) {
        assert.ok(isFound(outcome), path.join('/'));
        continue;
      }
      passed++;
      assert.notDeepEqual(claims(await verified(changed as never)), claims(whole), path.join('/'));
    }
    assert.ok(passed > 0, 'a receipt that an epoch record covers can be left out');
  });
});
