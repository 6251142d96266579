import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { showFigures } from './figures.ts';
import { foundBy, PARTS, runInProcess } from './switch-run.ts';
import { SWITCHES } from './switches.ts';

/*
 * A detector that was never seen to fire proves nothing. Each known leak is put back into a server, by the test alone, and
 * has to be found by what looks for it in the product.
 */

describe('a server in the process of the test', () => {
  test('leaks nothing as it is', async (t) => {
    const tally = await runInProcess(undefined, PARTS);
    showFigures(t, tally);
    assert.deepEqual(tally.findings, []);
  });

  for (const each of SWITCHES) {
    test(`with a leak put back is found out: ${each.leak}`, async () => {
      const tally = await runInProcess(each, [each.part], each.actor);
      assert.ok(foundBy(each, tally), `found instead: ${JSON.stringify(tally.findings.slice(0, 5), undefined, 1)}`);
    });
  }
});
