import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CrashResult, crashRun, type CrashRunOptions } from './crash-run.ts';

const KILLS = 14;

/** What a campaign with an error in it must find, and what it must not blame besides. */
interface Planted {
  readonly name: string;
  readonly options: Partial<CrashRunOptions>;
  readonly figure: 'lost' | 'duplicated' | 'actionsLost' | 'traceViolations';
  readonly others: readonly ('lost' | 'duplicated' | 'actionsLost' | 'invented')[];
}

const PLANTED: readonly Planted[] = [
  {
    name: 'values that are kept in memory alone until the seal, as the durability "interval" says',
    options: { durability: 'interval' },
    figure: 'lost',
    others: ['duplicated', 'actionsLost', 'invented'],
  },
  {
    name: 'a journal that says that it has written',
    options: { plantedError: 'unwritten-journal' },
    figure: 'lost',
    others: ['duplicated', 'actionsLost', 'invented'],
  },
  {
    name: 'a journal that keeps each entry twice',
    options: { plantedError: 'twice-kept' },
    figure: 'duplicated',
    others: ['lost', 'actionsLost', 'invented'],
  },
  {
    name: 'deliveries that are stored without their actions',
    options: { plantedError: 'forgotten-action' },
    figure: 'actionsLost',
    others: ['lost', 'duplicated', 'invented'],
  },
  {
    name: 'a step that is logged as another one',
    options: { plantedError: 'wrong-trace' },
    figure: 'traceViolations',
    others: ['lost', 'duplicated', 'actionsLost', 'invented'],
  },
];

describe('a comparison that finds nothing would find', () => {
  for (const { name, options, figure, others } of PLANTED) {
    test(name, async () => {
      const result: CrashResult = await crashRun({ kills: KILLS, minutes: 3, seed: 1, ...options });
      assert.ok(result[figure] > 0, JSON.stringify(result));
      assert.equal(result.passed, false);
      for (const other of others) assert.equal(result[other], 0, `${other}: ${JSON.stringify(result)}`);
    });
  }
});
