/*
 * `npm run test:crash -- [--json] [--kills N] [--minutes M] [--seed S]`: kills the modules of a real plant at every step
 * and at random moments, and compares what is left with the PLC's own list. Last line JSON; exit code 1 on any loss.
 */
import { parseArgs } from 'node:util';
import { crashRun } from './crash-run.ts';
import { PLANTED_ERRORS } from './planted-errors.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    kills: { type: 'string', default: '300' },
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string' },
    durability: { type: 'string' },
    'plant-error': { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});

function positive(option: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new RangeError(`--${option} needs a number above 0.`);
  return number;
}

function oneOf<Name extends string>(option: string, text: string | undefined, names: readonly Name[]): Name | undefined {
  const name = names.find((each) => each === text);
  if (text !== undefined && name === undefined) throw new RangeError(`--${option} needs one of ${names.join(', ')}.`);
  return name;
}

const durability = oneOf('durability', values.durability, ['write', 'interval'] as const);
const plantedError = oneOf('plant-error', values['plant-error'], PLANTED_ERRORS);
const result = await crashRun({
  kills: positive('kills', values.kills),
  minutes: positive('minutes', values.minutes),
  seed: values.seed === undefined ? Date.now() % 2 ** 32 : positive('seed', values.seed),
  keep: values.keep,
  ...(durability === undefined ? {} : { durability }),
  ...(plantedError === undefined ? {} : { plantedError }),
  ...(values.json ? {} : { say: (line: string) => process.stdout.write(`${line}\n`) }),
});
for (const fault of result.faults) process.stdout.write(`${fault}\n`);
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = result.passed ? 0 : 1;
