import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { pause } from '../support/pause.ts';
import { until } from '../support/until.ts';
import { heat, ModuleScene, pieces } from './module-scene.ts';

const INTERVAL_MS = 2000;
const INTERVALS = 4;
const PAUSE_MS = 50;

describe('a flood on the cleared server', () => {
  let scene: ModuleScene;

  before(async () => {
    scene = await ModuleScene.create(INTERVAL_MS, 700);
    await scene.start();
  });
  after(() => scene.end());

  test('leaves the ingest side untouched: every write is taken, every interval is sealed with all readings', async (t) => {
    const quiet = await writeFor(INTERVALS * INTERVAL_MS);
    const flood = await startFlood();
    const flooded = await writeFor(INTERVALS * INTERVAL_MS).finally(() => flood.kill('SIGKILL'));
    await once(flood, 'exit');
    await until('all that was written is sealed', () => readingsSealed() >= quiet.written + flooded.written);
    assert.equal(readingsSealed(), quiet.written + flooded.written);
    const numbers = scene.told.of('sealed').map(({ n }) => n);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => numbers[0]! + index),
      'no batch is left out',
    );
    assert.deepEqual(
      scene.told.of('warning').filter(({ code }) => code !== 'CLEARED_SERVER_LOST'),
      [],
    );
    t.diagnostic(
      `a write took ${quiet.medianMs} ms quiet and ${flooded.medianMs} ms flooded (median), ${quiet.worstMs} and ${flooded.worstMs} ms at worst`,
    );
  });

  /** Writes two values at a time without losing one. */
  async function writeFor(ms: number): Promise<{ readonly written: number; readonly medianMs: number; readonly worstMs: number }> {
    const plc = await scene.plc();
    const took: number[] = [];
    const endMs = Date.now() + ms;
    while (Date.now() < endMs) {
      const startMs = performance.now();
      const results = await plc.write([pieces(took.length % 5000), heat(took.length % 40)]);
      took.push(performance.now() - startMs);
      assert.deepEqual(
        results.map(({ status }) => status),
        ['Good', 'Good'],
      );
      await pause(PAUSE_MS);
    }
    await plc.close();
    took.sort((a, b) => a - b);
    const rounded = (value: number | undefined): number => Math.round((value ?? 0) * 10) / 10;
    return { written: 2 * took.length, medianMs: rounded(took[took.length >> 1]), worstMs: rounded(took.at(-1)) };
  }

  function readingsSealed(): number {
    return scene.told.of('sealed').reduce((sum, { readings }) => sum + readings, 0);
  }

  async function startFlood(): Promise<ChildProcess> {
    const { server, manufacturer } = scene.identities();
    const script = fileURLToPath(new URL('./flooding-process.ts', import.meta.url));
    const flood = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    flood.stdin.end(JSON.stringify({ endpointUrl: scene.clearedUrl, own: manufacturer, server }));
    await once(flood.stdout, 'data');
    return flood;
  }
});
