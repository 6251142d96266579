import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { parseExport, writeExport } from '../../src/audit/index.ts';
import type { Json } from '../../src/core/index.ts';
import { honestScene } from '../audit/scene.ts';
import {
  changedAt,
  differently,
  isFound,
  mutated,
  type Mutation,
  outcomeOf,
  type Path,
  pathsTo,
  reissued,
  valueAt,
  valuesOf,
} from '../audit/tampering.ts';

/* The properties of test/audit/tampering.test.ts, for every value and every element instead of a sample. */

describe('every change to an export, with its digest made to fit again', () => {
  let root: Json = {};
  before(async () => {
    root = parseExport(writeExport((await honestScene()).parts()));
  });

  test('every single value changed is found', async () => {
    for (const [index, path] of valuesOf(root).entries()) {
      const changed = reissued(changedAt(root, path, (value) => differently(value, index * 7, 1 + (index % 60))));
      assert.ok(isFound(await outcomeOf(changed)), path.join('/'));
    }
  });

  for (const how of ['remove', 'double', 'swap'] satisfies Mutation[]) {
    test(`every element in turn: ${how}`, async () => {
      for (const [path, list] of pathsTo(root, (value) => Array.isArray(value)).map((at): [Path, readonly Json[]] => [
        at,
        valueAt(root, at) as readonly Json[],
      ])) {
        for (const a of list.keys()) {
          const changed = mutated(list, a, (a + 1) % list.length, how);
          if (JSON.stringify(changed) === JSON.stringify(list)) continue;
          assert.ok(isFound(await outcomeOf(reissued(changedAt(root, path, () => changed)))), `${a} of ${path.join('/')}`);
        }
      }
    });
  }
});
