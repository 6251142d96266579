import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type CodeWords, FINDINGS, WARNINGS } from '../src/app/event-codes.ts';
import { COUNTERS, GAUGES, OTHER_METRICS, PROCESS_GAUGES } from '../src/app/metric-names.ts';
import { REASONS } from '../src/app/module-status.ts';

/*
 * The tables of docs/operating.md, made of what the code says. After a change: node scripts/operating-tables.ts
 */

const PAGE = fileURLToPath(new URL('../docs/operating.md', import.meta.url));

const TABLES: Readonly<Record<string, readonly string[]>> = {
  reasons: table(
    ['reason', 'what it says'],
    Object.entries(REASONS).map(([reason, text]) => [code(reason), text]),
  ),
  findings: codes(FINDINGS),
  warnings: codes(WARNINGS),
  metrics: table(
    ['metric', 'of', 'what'],
    [
      ...Object.entries(OTHER_METRICS).map(([name, help]) => [code(name), name === 'dcmb_alarm_level' ? 'owner' : 'both', help]),
      ...Object.entries(GAUGES).map(([name, { of, help }]) => [code(name), of, help]),
      ...Object.entries(COUNTERS).map(([name, { of, labels, help }]) => [
        code(`${name}${labels.length > 0 ? `{${labels.join(',')}}` : ''}`),
        of.length > 1 ? 'both' : (of[0] ?? ''),
        help,
      ]),
      ...Object.entries(PROCESS_GAUGES).map(([name, { help }]) => [code(name), 'both', help]),
    ],
  ),
};

/** The page with its tables as the code has them now. */
export function withTables(page: string): string {
  return Object.entries(TABLES).reduce((text, [name, lines]) => {
    const part = new RegExp(`(<!-- ${name} -->\\n\\n)(?:(?!<!--)[^])*(<!-- end -->)`);
    if (!part.test(text)) throw new Error(`docs/operating.md has no place for the table "${name}".`);
    return text.replace(part, (_, begin: string, end: string) => `${begin}${lines.join('\n')}\n\n${end}`);
  }, page);
}

function codes(words: Readonly<Record<string, CodeWords>>): string[] {
  const rows = Object.entries(words).map(([name, { means, remedy }]) => [code(name), means, remedy]);
  return table(['code', 'what it means', 'what to do'], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)];
}

function code(text: string): string {
  return `\`${text}\``;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, withTables(readFileSync(PAGE, 'utf8')));
