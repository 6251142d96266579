import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import type { TagWriter } from '../../src/client/index.ts';
import { pause } from '../support/pause.ts';
import { compare, type Comparison } from './distributions.ts';
import { heat, ModuleScene, pieces } from './module-scene.ts';

const INTERVAL_MS = 1000;
/** Production changes from interval to interval, so that nothing else that changes slowly counts for one side. */
const RATES = [0, 1, 1000] as const;
const ROUNDS = Number(process.env['DCMB_TIMING_ROUNDS'] ?? 8);
const LEAST_SAMPLES = 100;

type Rate = (typeof RATES)[number];

describe('the cleared server’s response times', () => {
  let scene: ModuleScene;
  let plc: TagWriter;

  before(async () => {
    scene = await ModuleScene.create(INTERVAL_MS, 400);
    await scene.start();
    plc = await scene.plc();
  });
  after(() => scene.end());

  test('with 1 and 1,000 writes an interval are measured and compared with those without; no bound is set', async (t) => {
    const samples = await measure();
    for (const rate of RATES) assert.ok(samples[rate].length >= LEAST_SAMPLES, `${samples[rate].length} samples with ${rate} writes`);
    for (const rate of [1, 1000] as const) {
      const comparison = compare(samples[0], samples[rate]);
      t.diagnostic(`${rate} writes: ${sentence(comparison)}`);
      assert.ok(Number.isFinite(comparison.advantage));
    }
  });

  /** Changes production from interval to interval while a client in a process of its own reads; which read was when is told by its time. */
  async function measure(): Promise<Record<Rate, number[]>> {
    const client = startClient();
    const reads = readsOf(client);
    await once(client.stdout!, 'data');
    const windows: { readonly rate: Rate; readonly fromMs: number; readonly toMs: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const rate of RATES) {
        await pause(INTERVAL_MS - (Date.now() % INTERVAL_MS));
        const fromMs = Date.now();
        await write(rate);
        windows.push({ rate, fromMs, toMs: fromMs + 0.9 * INTERVAL_MS });
      }
    }
    client.kill('SIGKILL');
    const of = (rate: Rate): number[] => {
      const own = windows.filter((window) => window.rate === rate);
      return reads().flatMap(([atMs, tookMs]) => (own.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs) ? [tookMs] : []));
    };
    return { 0: of(0), 1: of(1), 1000: of(1000) };
  }

  function startClient(): ChildProcess {
    const { server, manufacturer } = scene.identities();
    const client = spawn(process.execPath, [fileURLToPath(new URL('./response-times-process.ts', import.meta.url))], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    client.stdin.end(JSON.stringify({ endpointUrl: scene.clearedUrl, own: manufacturer, server }));
    return client;
  }

  async function write(count: number): Promise<void> {
    for (let written = 0; written < count; written += 100) {
      const size = Math.min(100, count - written);
      await plc.write(Array.from({ length: size }, (_, index) => (index % 2 === 0 ? pieces(4000 + index) : heat(20))));
    }
  }
});

/** Time and duration of each read that a client has told of so far. */
function readsOf(client: ChildProcess): () => [number, number][] {
  let text = '';
  client.stdout!.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  return () =>
    text
      .slice(0, text.lastIndexOf('\n'))
      .split('\n')
      .map((line) => JSON.parse(line) as [number, number]);
}

function sentence({ medians, high, distance, advantage }: Comparison): string {
  const ms = (value: number): string => `${value.toFixed(2)} ms`;
  return (
    `median ${ms(medians[0])} without and ${ms(medians[1])} with, 95 % within ${ms(high[0])} and ${ms(high[1])}; ` +
    `largest distance of the distributions ${distance.toFixed(3)}, one answer is told right with probability ${advantage.toFixed(3)} (0.5 is guessing)`
  );
}
