import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Plant } from '../../src/app/index.ts';
import { exampleFile, nextSteps } from '../../src/cli/init.ts';

const PLANT = { owner: '/p/owner', manufacturer: '/p/manufacturer', plc: '/p/plc', others: [] } as unknown as Plant;

describe('the next steps that dcmb init tells', () => {
  test('replay the example’s data into the example’s policy', () => {
    const text = nextSteps(PLANT, { ledger: 'embedded', policy: exampleFile('policy.json') });
    assert.match(text, /replay \S*held-out\.csv --plc \/p\/plc --patient\n\n/);
    assert.doesNotMatch(text, /DATA\.csv/);
  });

  test('name no data for a policy of one’s own, whose tags they would not have, but say what they look like', () => {
    const text = nextSteps(PLANT, { ledger: 'embedded', policy: exampleFile('../policies/work-pieces.json') });
    assert.match(text, /replay DATA\.csv --plc \/p\/plc --patient\nDATA\.csv is yours: its first line names tags/);
  });
});
