import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { LedgerWatch } from '../../src/app/ledger-watch.ts';
import type { BlockInfo, Ledger, LedgerEvent } from '../../src/ledger/index.ts';
import { until } from '../support/until.ts';

const BLOCK: BlockInfo = { number: 7, hash: 'h', timeMs: 0 };

test('a ledger that stays away is told once, and once more after it has answered, not every second', async () => {
  const answers: (string | LedgerEvent)[] = [
    'It is away.',
    'It is away.',
    'It is full.',
    { block: BLOCK } as LedgerEvent,
    'It is full.',
    'It is full.',
  ];
  const ledger = {
    async *events(_from: number, signal: AbortSignal): AsyncGenerator<LedgerEvent> {
      for (let answer = answers.shift(); answer !== undefined; answer = answers.shift()) {
        if (typeof answer === 'string') throw new Error(answer);
        yield answer;
      }
      if (!signal.aborted) await once(signal, 'abort');
    },
  } as unknown as Ledger;
  const told: string[] = [];
  const watch = new LedgerWatch(
    ledger,
    { ...BLOCK, number: 6 },
    {
      event: ({ block }) => void told.push(`block ${block.number}`),
      fault: (error) => void told.push((error as Error).message),
    },
  );
  watch.follow(7);
  await until('all was answered', () => answers.length === 0);
  await watch.stop();
  assert.deepEqual(told, ['It is away.', 'It is full.', 'block 7', 'It is full.']);
});
