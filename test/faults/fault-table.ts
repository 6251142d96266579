import type { Part } from '../crash/operations.ts';

/** What came of a fault in one operation. */
export interface FaultOutcome {
  readonly part: Part;
  readonly operation: string;
  readonly before: string;
  readonly after: string;
}

export const TITLES: Readonly<Record<Part, string>> = {
  senderStore: "The owner's store",
  journal: "The owner's journal",
  receiverStore: "The manufacturer's store",
  ledger: 'The ledger',
};

const BEGIN = '<!-- The tables are written by `npm run docs:faults`. -->';

/** docs/faults.md with the tables of a run in the place of the old ones. */
export function withTables(text: string, outcomes: readonly FaultOutcome[]): string {
  const at = text.indexOf(BEGIN);
  if (at < 0) throw new Error(`docs/faults.md lacks the line ${BEGIN}`);
  return `${text.slice(0, at)}${BEGIN}\n\n${tables(outcomes)}`;
}

function tables(outcomes: readonly FaultOutcome[]): string {
  return (Object.keys(TITLES) as Part[])
    .map((part) =>
      table(
        part,
        outcomes.filter((each) => each.part === part),
      ),
    )
    .join('\n');
}

function table(part: Part, rows: readonly FaultOutcome[]): string {
  const lines = [...rows]
    .sort((a, b) => a.operation.localeCompare(b.operation, 'en'))
    .map(({ operation, before, after }) => [`\`${operation}\``, before, after]);
  const cells = [['operation', 'fails before it took effect', 'fails after it took effect'], ...lines];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = cells;
  return [`### ${TITLES[part]}`, '', line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line), ''].join('\n');
}
