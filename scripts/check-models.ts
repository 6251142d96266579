/*
 * Checks models/batch-protocol.pml with Spin: what must hold, holds in every state; each planted error is found, by the
 * invariant that it breaks; and the table of transitions allows exactly the steps that the model takes. Prints the size of
 * each state space and last `N passed, N failed`.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { PLANTED_ERRORS, type PlantedError, SOUND_RUNS, type SoundRun, STEP_RUNS } from './models/model-runs.ts';
import { runSpin, type SpinResult } from './models/spin.ts';
import { tableSteps } from './models/table-steps.ts';
import { parseTransitionTable } from './models/transition-table.ts';

interface Check {
  readonly name: string;
  /** @returns figures to print. @throws Error with what is wrong */
  run(): Promise<string>;
}

const MODELS = join(import.meta.dirname, '..', 'models');
const MODEL = join(MODELS, 'batch-protocol.pml');

const checks: readonly Check[] = [
  { name: 'steps: the table allows what the model does', run: compareSteps },
  ...SOUND_RUNS.map((run) => ({ name: `holds: ${run.name}`, run: () => mustHold(run) })),
  ...PLANTED_ERRORS.map((error) => ({ name: `refuted: ${error.name}`, run: () => mustBeRefuted(error) })),
];
const failed = await runAll(checks, Math.min(4, availableParallelism()));
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function mustHold({ search, defines, reachesAll }: SoundRun): Promise<string> {
  const result = await runSpin(MODEL, { search, defines });
  requireWhole(result);
  const missed = result.unreached.filter((statement) => !statement.endsWith(' -end-'));
  if (reachesAll && missed.length > 0) throw new Error(`These statements are never reached:\n${missed.join('\n')}`);
  return figures(result);
}

async function mustBeRefuted({ search, defines, violates }: PlantedError): Promise<string> {
  const { found } = await runSpin(MODEL, { search, defines, short: true });
  if (found === undefined) throw new Error('The planted error was not found.');
  if (!found.includes(violates)) throw new Error(`Another thing than ${violates} was found: ${found}`);
  return violates;
}

/** Model and table, each in full: the steps that either one allows and the other does not. */
async function compareSteps(): Promise<string> {
  const taken = new Set<string>();
  const all: SpinResult[] = [];
  for (const defines of STEP_RUNS) {
    const result = await runSpin(MODEL, { search: 'assertions', defines, onLine: (line) => taken.add(line) });
    requireWhole(result);
    all.push(result);
  }
  const allowed = tableSteps(parseTransitionTable(readFileSync(join(MODELS, 'transitions.pml'), 'utf8')), 2);
  const more = [...allowed].find((step) => !taken.has(step));
  const less = [...taken].find((step) => !allowed.has(step));
  if (more !== undefined) throw new Error(`The table allows a step that the model never takes: ${more}`);
  if (less !== undefined) throw new Error(`The model takes a step that the table does not allow: ${less}`);
  return `${allowed.size} steps, the same in both; ${all.map(figures).join('; ')}`;
}

function requireWhole({ complete, found }: SpinResult): void {
  if (found !== undefined) throw new Error(`Spin found: ${found}`);
  if (!complete) throw new Error('The search was not completed: no statement about all states.');
}

function figures({ states, transitions, depth, megabytes, seconds }: SpinResult): string {
  return `${states} states, ${transitions} transitions, depth ${depth}, ${Math.round(megabytes)} MB, ${seconds} s`;
}

/** Runs all checks, some beside each other. @returns how many failed */
async function runAll(list: readonly Check[], beside: number): Promise<number> {
  const waiting = [...list];
  let bad = 0;
  const worker = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      try {
        console.log(`ok      ${check.name}: ${await check.run()}`);
      } catch (error) {
        bad += 1;
        console.log(`FAILED  ${check.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: beside }, worker));
  return bad;
}
