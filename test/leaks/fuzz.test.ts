import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import { SeededRandom } from '../crash/random.ts';
import { Attack } from './fuzz-attack.ts';
import { auditorsTarget, type FuzzTarget, ingestTarget, manufacturersTarget } from './fuzz-targets.ts';

/*
 * Hostile clients against both kinds of server. `DCMB_FUZZ_SEED` repeats a run, `DCMB_FUZZ_ROUNDS` makes it longer.
 */

const SEED = Number(process.env['DCMB_FUZZ_SEED'] ?? 20_261_123);
const ROUNDS = Number(process.env['DCMB_FUZZ_ROUNDS'] ?? 1);
/** What a server's process may hold in the worst moment. Idle it has about 200 MB. */
const MOST_BYTES = 700 * 1024 * 1024;

type Attacks = readonly (readonly [string, (attack: Attack) => Promise<void>])[];

/** Of a user, whose role makes the difference. */
const OF_A_USER: Attacks = [
  ['requests of every service that are valid in form', (attack) => attack.inSession(1000 * ROUNDS, false)],
  ['damaged requests in a session', (attack) => attack.inSession(600 * ROUNDS, true)],
  ['requests out of order', (attack) => attack.outOfOrder(300 * ROUNDS)],
  ['huge requests', (attack) => attack.huge()],
];
/** Of whoever reaches the port. */
const OF_ANYBODY: Attacks = [
  ['requests on a channel without security', (attack) => attack.unsecured(600 * ROUNDS)],
  ['chunks that were changed on their way', (attack) => attack.brokenChunks(40 * ROUNDS)],
  ['bytes of strangers', (attack) => attack.garbage(300 * ROUNDS)],
  ['messages without end', (attack) => attack.endless(4)],
];

for (const [name, start, attacks] of [
  ['the ingest server under a hostile PLC', ingestTarget, [...OF_A_USER, ...OF_ANYBODY]],
  ['the cleared server under a hostile auditor', auditorsTarget, [...OF_A_USER, ...OF_ANYBODY]],
  ['the cleared server under a hostile manufacturer', manufacturersTarget, OF_A_USER],
] as const) {
  describe(`${name} (seed ${SEED}, ${ROUNDS} rounds)`, () => {
    let target: FuzzTarget;

    before(async () => {
      target = await start();
    });
    after(() => target.stop());

    /** Attacks, then sees that the server still works, kept its secrets, and did not grow without bound. */
    async function survives(t: TestContext, attack: (attack: Attack) => Promise<void>): Promise<void> {
      const attacker = new Attack(target, new SeededRandom(SEED));
      await attacker.look();
      await attack(attacker);
      await attacker.works();
      const { requests, answers, outcomes, out, mostBytes } = attacker.result;
      t.diagnostic(`${requests} requests, ${Math.round(mostBytes / 1024 / 1024)} MB at most: ${JSON.stringify(outcomes)}`);
      t.diagnostic(`leaks-figures ${JSON.stringify({ probes: requests, answers, leaks: out.length })}`);
      assert.deepEqual(out, []);
      assert.ok(mostBytes < MOST_BYTES, `${mostBytes} bytes`);
    }

    for (const [what, attack] of attacks) test(`serves on after ${what}`, (t) => survives(t, attack));
  });
}
