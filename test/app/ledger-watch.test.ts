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

/** Three blocks of two events each; every reading of them is noted. */
function threeBlocks(readFrom: number[], breakAfter: number): Ledger {
  let left = breakAfter;
  return {
    async *events(from: number, signal: AbortSignal): AsyncGenerator<LedgerEvent> {
      readFrom.push(from);
      for (const number of [1, 2, 3]) {
        for (const place of [0, 1]) {
          if (number < from) continue;
          if (left-- === 0) throw new Error('cut');
          yield { block: { ...BLOCK, number }, txId: `${number}.${place}` } as LedgerEvent;
        }
      }
      if (!signal.aborted) await once(signal, 'abort');
    },
  } as unknown as Ledger;
}

test('a stream that breaks off within a block goes on after the last event that was told, without a gap or a repetition', async () => {
  const [readFrom, told]: [number[], string[]] = [[], []];
  const hooks = { event: ({ txId }: LedgerEvent, place: number) => void told.push(`${txId} at ${place}`), fault: () => undefined };
  const watch = new LedgerWatch(threeBlocks(readFrom, 3), { ...BLOCK, number: 0 }, hooks);
  watch.follow(1);
  await until('all was told', () => told.length === 6);
  await watch.stop();
  assert.deepEqual(told, ['1.0 at 0', '1.1 at 1', '2.0 at 0', '2.1 at 1', '3.0 at 0', '3.1 at 1']);
  assert.deepEqual(readFrom, [1, 2]);
});

test('an event that its reader could not take comes again, and those before it do not', async () => {
  const told: string[] = [];
  const hooks = {
    event: ({ txId }: LedgerEvent) => {
      if (told.push(txId) === 2) throw new Error('not now');
    },
    fault: () => undefined,
  };
  const watch = new LedgerWatch(threeBlocks([], 99), { ...BLOCK, number: 0 }, hooks);
  watch.follow(1);
  await until('all was told', () => told.length === 7);
  await watch.stop();
  assert.deepEqual(told, ['1.0', '1.1', '1.1', '2.0', '2.1', '3.0', '3.1']);
});

test('events of the first block that were taken before are not told', async () => {
  const told: string[] = [];
  const hooks = { event: ({ txId }: LedgerEvent) => void told.push(txId), fault: () => undefined };
  const watch = new LedgerWatch(threeBlocks([], 99), { ...BLOCK, number: 0 }, hooks);
  watch.follow(2, 1);
  await until('all was told', () => told.length === 3);
  await watch.stop();
  assert.deepEqual(told, ['2.1', '3.0', '3.1']);
});
