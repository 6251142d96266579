import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { type MatrixResult, runFaultMatrix } from './fault-matrix.ts';
import { withTables } from './fault-table.ts';

const DOCS = join(import.meta.dirname, '..', '..', 'docs', 'faults.md');
const SOUND = ['goes on', 'start is refused, the next one goes on', 'not called', 'not tried'];

describe('each operation of store, journal and ledger fails once before and once after it took effect', () => {
  let result: MatrixResult;

  before(
    async () => {
      result = await runFaultMatrix();
    },
    { timeout: 1_500_000 },
  );

  test('the module goes on after each', () => {
    const bad = result.outcomes.filter(({ before, after }) => !SOUND.includes(before) || !SOUND.includes(after));
    assert.deepEqual(bad, []);
  });

  test('nothing that was acknowledged is lost, nothing stands twice, each batch is anchored and receipted once', () => {
    const { lost, duplicated, invented, disordered, unopened, actionsLost, actionsInvented, faults, ...judged } = result.judged;
    assert.deepEqual(
      { lost, duplicated, invented, disordered, unopened, actionsLost, actionsInvented, faults },
      { lost: 0, duplicated: 0, invented: 0, disordered: 0, unopened: 0, actionsLost: 0, actionsInvented: 0, faults: [] },
    );
    assert.deepEqual([judged.anchoredOnce, judged.receiptedOnce], [judged.batches, judged.batches]);
    assert.ok(judged.acknowledged > 0);
  });

  test('what both modules logged is a behaviour of the model', () => {
    assert.deepEqual(result.judged.violations, []);
  });

  test('docs/faults.md says so: `npm run docs:faults` writes it', () => {
    const text = readFileSync(DOCS, 'utf8');
    assert.equal(text, withTables(text, result.outcomes));
  });
});
