import type { Command } from 'commander';
import { BAD_INPUT } from './failure.ts';

/** Faults of the command line in the same form as all others: one line on standard error, exit code 2. */
export function tellFaultsOf(program: Command): void {
  program
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : BAD_INPUT))
    // Commands with long arguments too keep to 80 columns, with their explanations in a narrow second column.
    .configureHelp({ minWidthToWrap: 24 })
    .configureOutput({ outputError: (text, write) => write(`dcmb: ${oneLine(text)} See ${program.name()} --help.\n`) });
  inherit(program);
}

/** Commands that were made by themselves do not have the settings of the one that they are added to. */
function inherit(parent: Command): void {
  for (const command of parent.commands) inherit(command.copyInheritedSettings(parent));
}

/** Commander's own words, which begin with "error:" and may have a suggestion on a second line. */
function oneLine(text: string): string {
  const line = text
    .trim()
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ');
  return /[.!?)]$/.test(line) ? line : `${line}.`;
}
