import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** How a model is searched: for violated assertions and stuck states, or for runs that never end. */
export type Search = 'assertions' | 'endless runs';

export interface SpinRun {
  readonly search: Search;
  /** Names that the model's text is preprocessed with: `NAME` or `NAME=value`. */
  readonly defines: readonly string[];
  /** The search will be over so soon that optimising it takes longer. */
  readonly short?: true;
  /** Told each line that the model prints, also those of steps that the search takes again. */
  readonly onLine?: (line: string) => void;
}

export interface SpinResult {
  /** True where no state was left out. */
  readonly complete: boolean;
  /** What was found against the model, as Spin words it; the search ends there. */
  readonly found: string | undefined;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly megabytes: number;
  readonly seconds: number;
  /** Statements of the model that the search never came to, with their lines. */
  readonly unreached: readonly string[];
}

const LONGEST_SEARCH_S = 300;
const MOST_MEGABYTES = 3000;
const DEEPEST = 10_000;

/**
 * Searches all states of a model.
 * @throws Error where Spin or the C compiler is missing or refuses the model
 */
export async function runSpin(model: string, { search, defines, short, onLine }: SpinRun): Promise<SpinResult> {
  const folder = mkdtempSync(join(tmpdir(), 'dcmb-spin-'));
  try {
    await call(folder, 'spin', ['-a', ...defines.map((name) => `-D${name}`), resolve(model)]);
    // The state vector is compressed, and nothing is left out by partial order reduction.
    const options = [
      short ? '-O0' : '-O1',
      '-w',
      '-DCOLLAPSE',
      '-DNOREDUCE',
      `-DMEMLIM=${MOST_MEGABYTES}`,
      ...(onLine ? ['-DPRINTF'] : []),
    ];
    await call(folder, 'gcc', [...options, search === 'assertions' ? '-DSAFETY' : '-DNP', '-o', 'pan', 'pan.c']);
    const lines: string[] = [];
    const flags = [`-m${DEEPEST}`, ...(search === 'assertions' ? [] : ['-l'])];
    await call(folder, './pan', flags, (line) => (MODEL_LINE.test(line) ? onLine?.(line) : lines.push(line)));
    return resultOf(lines.join('\n'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the model itself prints has an event, a number and nothing but numbers after it. */
const MODEL_LINE = /^[a-z]+ \d+(?: \d+)+$/;

function resultOf(report: string): SpinResult {
  const number = (pattern: RegExp): number => Number(pattern.exec(report)?.[1] ?? Number.NaN);
  const found = /^pan:1: (.*)$/m.exec(report)?.[1];
  const cut = /Search not completed|max search depth too small|out of memory|reached -DMEMLIM/.test(report);
  const errors = number(/errors: (\d+)/);
  return {
    complete: /^Full statespace search/m.test(report) && !cut && errors === 0,
    found: found ?? (errors > 0 ? `${errors} errors` : undefined),
    states: number(/(\d+) states, stored/),
    transitions: number(/(\d+) transitions/),
    depth: number(/depth reached (\d+)/),
    megabytes: number(/([\d.]+)\ttotal actual memory usage/),
    seconds: number(/elapsed time ([\d.]+)/),
    unreached: [...report.matchAll(/^\t\S+\/(\S+), state \d+, "(.*)"$/gm)].map(([, line, text]) => `${line} ${text}`),
  };
}

/** Runs a program in the folder. @throws Error where it can't be run, ends with a fault, or takes too long */
function call(folder: string, program: string, args: readonly string[], onLine?: (line: string) => void): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd: folder, timeout: LONGEST_SEARCH_S * 1000, killSignal: 'SIGKILL' });
    let said = '';
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine?.(line);
      if (onLine === undefined) said += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.on('error', (error) => fail(new Error(`${program} can't be run: install Spin 6.5 and gcc. ${error.message}`)));
    child.on('close', (code, signal) => {
      onLine?.(rest);
      if (code === 0) done();
      else fail(new Error(`${program} ended with ${signal ?? `exit code ${code}`}. ${said.trim()}`));
    });
  });
}
