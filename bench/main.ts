import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/*
 * `npm run bench [-- --json] [-- --rounds 3]`: what evidence costs. Each bench runs in a process of its own, several times,
 * and the median of each figure is told. The bar is on a multiple, not on a speed: machines differ, and so does what else
 * they do.
 */

/** Commit and tree may cost so many SHA-256 of 65 bytes a reading. */
const BAR_MULTIPLE = 5;

interface EvidenceResult {
  readonly recordsPerSecond: number;
  readonly sha256PerSecond: number;
  readonly multipleOfSha256: number;
  readonly closeMs: Readonly<Record<string, number>>;
}

interface WriteShareResult {
  readonly microsecondsPerWrite: { readonly withoutEvidence: number; readonly withEvidence: number };
  readonly evidenceSharePercent: number;
}

interface DurabilityFigures {
  readonly oneValueMs: number;
  readonly requestMs: number;
  readonly valuesPerSecond: number;
  readonly valuesPerSecondPipelined: number;
  readonly cpuMicroseconds: number;
}

interface DurabilityResult {
  readonly syncMs: number;
  readonly write: DurabilityFigures;
  readonly interval: DurabilityFigures;
}

/** Runs a bench of this folder and takes the JSON that it prints. */
function run<Result>(name: string): Result {
  const file = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  return JSON.parse(execFileSync(process.execPath, [file, '--json'], { encoding: 'utf8' })) as Result;
}

function median<Result>(results: readonly Result[], figure: (result: Result) => number): number {
  const sorted = results.map(figure).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function evidenceFigures(results: readonly EvidenceResult[]) {
  const close = (readings: string) => Number(median(results, ({ closeMs }) => closeMs[readings] ?? Number.NaN).toFixed(2));
  return {
    recordsPerSecond: median(results, (result) => result.recordsPerSecond),
    sha256PerSecond: median(results, (result) => result.sha256PerSecond),
    multipleOfSha256: median(results, (result) => result.multipleOfSha256),
    barMultiple: BAR_MULTIPLE,
    closeMs: { readings0: close('readings0'), readings5000: close('readings5000'), readings100000: close('readings100000') },
  };
}

function writeShareFigures(results: readonly WriteShareResult[]) {
  return {
    microsecondsWithout: median(results, ({ microsecondsPerWrite }) => microsecondsPerWrite.withoutEvidence),
    microsecondsWith: median(results, ({ microsecondsPerWrite }) => microsecondsPerWrite.withEvidence),
    evidenceSharePercent: median(results, (result) => result.evidenceSharePercent),
  };
}

function durabilityFigures(results: readonly DurabilityResult[]) {
  const figures = (kind: 'write' | 'interval'): DurabilityFigures => ({
    oneValueMs: median(results, (result) => result[kind].oneValueMs),
    requestMs: median(results, (result) => result[kind].requestMs),
    valuesPerSecond: median(results, (result) => result[kind].valuesPerSecond),
    valuesPerSecondPipelined: median(results, (result) => result[kind].valuesPerSecondPipelined),
    cpuMicroseconds: median(results, (result) => result[kind].cpuMicroseconds),
  });
  return { syncMs: median(results, ({ syncMs }) => syncMs), write: figures('write'), interval: figures('interval') };
}

function durabilityTable({ syncMs, write, interval }: ReturnType<typeof durabilityFigures>): string[] {
  const row = (what: string, figure: (kind: DurabilityFigures) => number): string =>
    `  ${what.padEnd(44)}${figure(write).toLocaleString('en').padStart(12)}${figure(interval).toLocaleString('en').padStart(12)}`;
  return [
    `${'What a Good means to a PLC: durability'.padEnd(46)}${'write'.padStart(12)}${'interval'.padStart(12)}`,
    row('a request of one value, ms', ({ oneValueMs }) => oneValueMs),
    row('a request of 100 values, ms', ({ requestMs }) => requestMs),
    row('values a second, one request at a time', ({ valuesPerSecond }) => valuesPerSecond),
    row('values a second, 8 requests at once', ({ valuesPerSecondPipelined }) => valuesPerSecondPipelined),
    row("the module's CPU time a value, microseconds", ({ cpuMicroseconds }) => cpuMicroseconds),
    `  ${'one entry of the journal on this disk, ms'.padEnd(44)}${syncMs.toString().padStart(12)}`,
  ];
}

function tableOf({ machine, rounds, evidence, write, durability }: typeof result): string[] {
  const count = (value: number) => value.toLocaleString('en');
  const row = (what: string, value: string, note = '') => `  ${what.padEnd(44)}${value.padStart(12)}  ${note}`.trimEnd();
  return [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; median of ${rounds} runs`,
    '',
    'Commit and tree, one core',
    row('records a second', count(evidence.recordsPerSecond)),
    row('SHA-256 of 65 bytes a second', count(evidence.sha256PerSecond)),
    row('one record in SHA-256 of 65 bytes', `${evidence.multipleOfSha256}`, `bar: ${BAR_MULTIPLE} or less`),
    row('closing 5 tag trees after 0 readings, ms', `${evidence.closeMs.readings0}`),
    row('closing 5 tag trees after 5,000 readings, ms', `${evidence.closeMs.readings5000}`),
    row('closing 5 tag trees after 100,000 readings, ms', `${evidence.closeMs.readings100000}`),
    '',
    "One OPC UA write, the server's CPU time",
    row('without evidence, microseconds', `${write.microsecondsWithout}`),
    row('with evidence, microseconds', `${write.microsecondsWith}`),
    row("evidence's share", `${write.evidenceSharePercent} %`),
    '',
    ...durabilityTable(durability),
  ];
}

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '3' } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError('--rounds needs a whole number from 1.');
const times = Array.from({ length: rounds });
const result = {
  bench: 'all',
  machine: { cpu: cpus()[0]?.model.trim() ?? 'unknown processor', cores: availableParallelism(), node: process.versions.node },
  rounds,
  evidence: evidenceFigures(times.map(() => run<EvidenceResult>('evidence'))),
  write: writeShareFigures(times.map(() => run<WriteShareResult>('write-share'))),
  durability: durabilityFigures(times.map(() => run<DurabilityResult>('durability'))),
};
console.log(values.json ? JSON.stringify(result) : tableOf(result).join('\n'));
process.exitCode = result.evidence.multipleOfSha256 <= BAR_MULTIPLE ? 0 : 1;
