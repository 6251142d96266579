import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type RunningPlant, startServersAlone, type StockPlant } from './harness.ts';
import { startPlant } from './plant.ts';

const PYTHON = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url));
const SCRIPT = fileURLToPath(new URL('./stock_client.py', import.meta.url));

/** Lines that the stock client printed, and how it ended. */
async function runStockClient(plant: StockPlant): Promise<{ lines: string[]; exitCode: number | null }> {
  const folder = mkdtempSync(join(tmpdir(), 'dcmb-interop-'));
  const file = join(folder, 'plant.json');
  writeFileSync(file, JSON.stringify(plant), { mode: 0o600 });
  const child = spawn(PYTHON, [SCRIPT, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    output += text;
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  rmSync(folder, { recursive: true });
  return { lines: output.trim().split('\n'), exitCode };
}

for (const [what, start] of [
  ['the servers alone', startServersAlone],
  ['an owner and a manufacturer, each a process', startPlant],
] as const) {
  describe(`Python asyncua as a client of ${what}`, () => {
    let plant: RunningPlant;
    before(async () => {
      plant = await start();
    });
    after(() => plant.stop());

    test('it connects, writes, reads and anchors, and is denied what it may not', (context) =>
      reportStockClient(context, plant.description));
  });
}

/** Each check of the stock client as a test of its own. */
async function reportStockClient(context: TestContext, plant: StockPlant): Promise<void> {
  const { lines, exitCode } = await runStockClient(plant);
  for (const line of lines.slice(0, -1)) {
    const [, not, name = line, reason] = /^(not )?ok ([^:]+)(?:: (.*))?$/.exec(line) ?? [];
    await context.test(name, () => assert.ok(not === undefined, reason));
  }
  assert.match(lines.at(-1) ?? '', /^[1-9]\d* passed, 0 failed$/);
  assert.equal(exitCode, 0);
}
