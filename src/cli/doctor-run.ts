import { styleText } from 'node:util';
import { doctor, type DoctorCheck } from '../app/index.ts';
import { printable, printableJson } from './printable.ts';

const MARKS = { ok: styleText('green', 'ok   '), wrong: styleText(['bold', 'red'], 'wrong'), unchecked: styleText('dim', '-    ') };

export interface DoctorOptions {
  readonly json?: true;
  readonly channel?: string;
}

/** Prints a line for each check and sets the exit code: 0 all is well, 1 something is not. */
export async function runDoctor(config: string, { json, channel }: DoctorOptions): Promise<void> {
  const report = await doctor(config, channel);
  const lines = json === true ? [printableJson(report)] : doctorLines(report.checks);
  process.stdout.write(`${lines.join('\n')}\n`);
  process.exitCode = report.passed ? 0 : 1;
}

/** What a person reads: a line for each check, and how many are not well. */
export function doctorLines(checks: readonly DoctorCheck[]): string[] {
  const width = Math.max(...checks.map(({ check }) => check.length));
  const lines = folded(checks).map(({ checks: names, state, message }) =>
    names.length === 1
      ? `${MARKS[state]}  ${names.join('').padEnd(width)}  ${printable(message)}`
      : `${MARKS[state]}  ${names.join(', ')}: ${printable(message)}`,
  );
  const wrong = checks.filter(({ state }) => state === 'wrong').length;
  const unchecked = checks.filter(({ state }) => state === 'unchecked').length;
  if (wrong + unchecked === 0) return lines;
  return [...lines, '', `${wrong} wrong, ${unchecked} not looked at.`];
}

interface Folded {
  readonly checks: string[];
  readonly state: DoctorCheck['state'];
  readonly message: string;
}

/** One line for all that were not looked at for the same reason. */
function folded(checks: readonly DoctorCheck[]): Folded[] {
  const lines: Folded[] = [];
  for (const { check, state, message } of checks) {
    const same = lines.find((line) => state === 'unchecked' && line.state === state && line.message === message);
    if (same === undefined) lines.push({ checks: [check], state, message });
    else same.checks.push(check);
  }
  return lines;
}
