import { styleText } from 'node:util';
import { checkConformance, type ConformanceReport } from '../app/index.ts';
import { printable, printableJson } from './printable.ts';

const MARKS = {
  found: styleText('green', 'found  '),
  wrong: styleText(['bold', 'red'], 'wrong  '),
  missing: styleText(['bold', 'red'], 'missing'),
};

/** Prints a line for each thing that was looked at and sets the exit code: 0 the module conforms, 1 it does not. */
export async function runConformance(config: string, endpoint: string | undefined, json: boolean): Promise<void> {
  const report = await checkConformance(config, endpoint);
  process.stdout.write(json ? `${printableJson(report)}\n` : `${conformanceLines(report).join('\n')}\n`);
  process.exitCode = report.passed ? 0 : 1;
}

function conformanceLines({ endpointUrl, lines }: ConformanceReport): string[] {
  const count = (state: string): number => lines.filter((line) => line.state === state).length;
  return [
    ...lines.map(({ about, state, message }) => `${MARKS[state]}  ${printable(`${about}: ${message}`)}`),
    '',
    `${endpointUrl}: ${count('found')} found, ${count('wrong')} wrong, ${count('missing')} missing.`,
  ];
}
