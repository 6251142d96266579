import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Check } from './check.ts';
import { CHECKS } from './checks.ts';
import { type RunningPlant, startServersAlone } from './harness.ts';
import { startPlant } from './plant.ts';
import { type Stack, STACKS } from './stacks.ts';
import { StockClient } from './stock-client.ts';
import { Talk } from './talk.ts';

const CHECK_WITHIN_MS = 120_000;

for (const [what, start] of [
  ['the servers alone', startServersAlone],
  ['an owner and a manufacturer, each a process', startPlant],
] as const) {
  describe(`stock clients of ${what}`, () => {
    let plant: RunningPlant;
    before(async () => {
      plant = await start();
    });
    after(() => plant.stop());
    for (const stack of STACKS) describe(`${stack.name} ${stack.version}`, () => checksOf(stack, () => plant));
  });
}

function checksOf(stack: Stack, plant: () => RunningPlant): void {
  let client: StockClient;
  before(async () => {
    client = new StockClient(stack);
    assert.equal((await client.ask({ do: 'hello' })).stack, stack.name);
  });
  after(() => client.stop());
  for (const check of CHECKS) {
    const lack = check.needs === undefined ? undefined : stack.lacks[check.needs];
    const run = (): Promise<void> => check.run(new Talk(plant().description, client));
    if (lack === undefined) test(check.title, { timeout: CHECK_WITHIN_MS }, run);
    else test(`it still lacks ${String(check.needs)}: ${lack}`, { timeout: CHECK_WITHIN_MS }, () => lacking(check, run));
  }
}

/** What is listed as lacking does not work, or the list is out of date. */
async function lacking(check: Check, run: () => Promise<void>): Promise<void> {
  await assert.rejects(run, `"${check.title}" works now: take the lack out of stacks.ts and docs/clients.md`);
}
