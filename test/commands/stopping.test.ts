import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { settleMs } from '../../src/cli/stopping.ts';

test('a process that hangs while it stops ends in any case, and says so', async () => {
  const stopping = JSON.stringify(new URL('../../src/cli/stopping.ts', import.meta.url).href);
  const hanging = `import(${stopping}).then(({ endInTime }) => endInTime(300)); setInterval(() => undefined, 1000);`;
  const { code, said } = await new Promise<{ code: unknown; said: string }>((resolve) => {
    execFile(process.execPath, ['--eval', hanging], { timeout: 60_000 }, (error, _output, said) => resolve({ code: error?.code, said }));
  });
  assert.deepEqual([code, said], [2, 'dcmb: not everything was closed within 0.3 s. The next start goes on from what is stored.\n']);
});

test('what a start took from a stop that was asked for meanwhile, anchors and receipts do not get', () => {
  const now = performance.now();
  assert.ok(settleMs(now) > 14_000 && settleMs(now) <= 15_000);
  assert.ok(settleMs(now - 10_000) <= 5_000);
  assert.equal(settleMs(now - 60_000), 0);
});
