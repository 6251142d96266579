import { Command, Option } from 'commander';
import type { PolicyReport } from '../app/index.ts';
import { parseDuration } from './duration.ts';
import { tableLines } from './table.ts';

interface CheckOptions {
  readonly terms?: string;
  readonly interval: number;
  readonly json?: true;
}

/** The length of an epoch has no bearing on what conditions tell. */
const EPOCH_INTERVALS = 64;

export function policyCommand(): Command {
  const policy = new Command('policy').description('mapping policies: check');
  policy
    .command('check')
    .description('check a mapping policy, and say what it can tell the manufacturer at most')
    .argument('<file>', 'mapping policy, JSON with comments')
    .addOption(new Option('--interval <duration>', 'length of an interval').argParser(parseDuration).default(10_000, '10s'))
    .option('--terms <file>', "an agreement's terms, for its cadence; instead of --interval")
    .option('--json', 'print the report as one JSON object')
    .action(async (file: string, { terms, interval, json }: CheckOptions) => {
      const { reportPolicy } = await import('../app/index.ts');
      const cadence = { intervalMs: interval, epochIntervals: EPOCH_INTERVALS };
      const report = await reportPolicy(file, { cadence, ...(terms === undefined ? {} : { termsFile: terms }) });
      const text = json === true ? JSON.stringify(report.leakage) : reportLines(file, report).join('\n');
      process.stdout.write(`${text}\n`);
    });
  return policy;
}

function reportLines(file: string, { policy, leakage }: PolicyReport): string[] {
  return [
    `${file}: "${policy.id}", version ${policy.version}. Each value gives exactly one condition, and each condition can come.`,
    '',
    ...policy.streams.flatMap(({ name, title, conditions }) => [
      `${name}: ${title.en}`,
      ...tableLines(conditions.map(({ code, text, importance }) => ['', `${code}`, text.en, `importance ${importance}`])),
      '',
    ]),
    `What the manufacturer can learn at most, in an interval of ${leakage.intervalMs / 1000} s:`,
    ...tableLines([
      ...leakage.streams.map(({ stream, codes, publications, bitsPerInterval, tags }) => [
        '',
        stream,
        `${bits(bitsPerInterval)}, one of ${codes} codes${publications > 1 ? ` ${publications} times` : ''}`,
        `from ${tags.join(', ')}`,
      ]),
      ['', 'calls of Anchor', bits(leakage.callBitsPerInterval), 'at which points of the call grid there was one'],
      ['', 'together', bits(leakage.bitsPerInterval), `${Math.ceil(leakage.bitsPerDay / 8).toLocaleString('en')} bytes a day`],
    ]),
    '',
    'A bound: reached only if all codes were equally likely and independent of each other; the reserved codes (no statement,',
    'suspended, module was down) count as any other. Not in it: tags that an agreement releases raw, outages, and when the',
    'module submits to the ledger. Which tags stand behind a stream is shown here to the owner, and to nobody else.',
  ];
}

function bits(count: number): string {
  return `${count.toFixed(2)} bits`;
}
