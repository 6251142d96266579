import { styleText } from 'node:util';
import { doctor, type DoctorCheck } from '../app/index.ts';

const MARKS = { ok: styleText('green', 'ok   '), wrong: styleText(['bold', 'red'], 'wrong'), unchecked: styleText('dim', '-    ') };

/** Prints a line for each check and sets the exit code: 0 all is well, 1 something is not. */
export async function runDoctor(config: string, { json }: { readonly json?: true }): Promise<void> {
  const report = await doctor(config);
  const lines = json === true ? [JSON.stringify(report)] : linesOf(report.checks);
  process.stdout.write(`${lines.join('\n')}\n`);
  process.exitCode = report.passed ? 0 : 1;
}

function linesOf(checks: readonly DoctorCheck[]): string[] {
  const width = Math.max(...checks.map(({ check }) => check.length));
  return checks.map(({ check, state, message }) => `${MARKS[state]}  ${check.padEnd(width)}  ${message}`);
}
