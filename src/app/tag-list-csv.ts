import { CsvError, parse } from 'csv-parse/sync';
import { rangeFault } from '../policy/index.ts';
import { badTagList, type ListedTag, requireUsable, type TagType, tagTypeNamed } from './tag-list.ts';

/** Headings that tools give to what is needed, lower case and without blanks, dots and underscores. */
const HEADINGS = {
  name: ['name', 'tagname', 'tag', 'symbol', 'symbolname', 'variable', 'variablename'],
  type: ['type', 'datatype'],
  description: ['description', 'comment'],
  nodeId: ['nodeid', 'opcuanodeid'],
  minimum: ['minimum', 'min'],
  maximum: ['maximum', 'max'],
} as const;
type Column = keyof typeof HEADINGS;

interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/**
 * Reads a list of tags from CSV (RFC 4180) with a line of headings; commas, semicolons or tabs. `Name` and `Type` must be
 * there, other columns may; those with another heading are left out.
 * @throws RejectedError `BAD_TAG_LIST` naming file, line and remedy
 */
export function readTagCsv(file: string, content: Uint8Array): readonly ListedTag[] {
  const [heading, ...rows] = records(file, textOf(content));
  if (heading === undefined) throw badTagList(file, 'it is empty', 'Its first line needs the headings Name and Type.');
  const columns = columnsOf(file, heading.record);
  return requireUsable(
    file,
    rows.map(({ record, info }) => tagOf(`${file}, line ${info.lines}`, (column) => cell(record, columns.get(column)))),
  );
}

function records(file: string, text: string): readonly CsvRecord[] {
  const delimiter = [',', ';', '\t'].map((each) => [each, (text.split(/\r?\n/, 1)[0] ?? '').split(each).length] as const);
  const [best] = delimiter.reduce((most, each) => (each[1] > most[1] ? each : most));
  try {
    return parse(text, { delimiter: best, bom: true, info: true, trim: true, skip_empty_lines: true, relax_column_count: true }) as never;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { lines } = error as unknown as { readonly lines?: number };
    throw badTagList(
      `${file}, line ${lines ?? 1}`,
      'a quotation mark is out of place',
      'Quote the whole cell, and double quotes within it.',
    );
  }
}

/** UTF-8, or UTF-16 with its byte order mark, which some engineering tools write. */
function textOf(content: Uint8Array): string {
  return new TextDecoder(content[0] === 0xff && content[1] === 0xfe ? 'utf-16le' : 'utf-8').decode(content);
}

function columnsOf(file: string, headings: readonly string[]): ReadonlyMap<Column, number> {
  const plain = headings.map((heading) => heading.toLowerCase().replaceAll(/[\s._-]/g, ''));
  const columns = new Map<Column, number>();
  for (const [column, names] of Object.entries(HEADINGS) as [Column, readonly string[]][]) {
    const index = plain.findIndex((heading) => names.includes(heading));
    if (index >= 0) columns.set(column, index);
  }
  for (const needed of ['name', 'type'] as const) {
    if (columns.has(needed)) continue;
    const heading = needed === 'name' ? 'Name' : 'Type';
    throw badTagList(`${file}, line 1`, `no column has the heading ${heading}`, `Name it so: the first line tells what the columns are.`);
  }
  return columns;
}

function cell(record: readonly string[], index: number | undefined): string {
  return index === undefined ? '' : (record[index] ?? '');
}

function tagOf(place: string, at: (column: Column) => string): ListedTag {
  const name = at('name');
  if (name === '') throw badTagList(place, 'the tag has no name', 'Name it, or remove the line.');
  const type = tagTypeNamed(at('type'));
  if (type === undefined) {
    throw badTagList(
      place,
      `${JSON.stringify(at('type'))} is no type that a tag can have`,
      'Give an OPC UA or IEC 61131-3 type, such as Int32 or REAL, or an array of up to 1000 of one.',
    );
  }
  return {
    name,
    ...type,
    ...(at('description') === '' ? {} : { description: at('description') }),
    ...limitsOf(place, at, type),
    ...(at('nodeId') === '' ? {} : { nodeId: at('nodeId') }),
  };
}

/** As a mapping policy takes them. */
function limitsOf(place: string, at: (column: Column) => string, { type }: TagType): Pick<ListedTag, 'minimum' | 'maximum'> {
  const minimum = limit(place, at('minimum'));
  const maximum = limit(place, at('maximum'));
  const limits = { ...(minimum === undefined ? {} : { minimum }), ...(maximum === undefined ? {} : { maximum }) };
  const fault = rangeFault({ type, ...limits });
  if (fault !== undefined) throw badTagList(place, `${fault.key}: ${fault.what}`, fault.remedy);
  return limits;
}

function limit(place: string, text: string): number | undefined {
  if (text === '') return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) throw badTagList(place, `${JSON.stringify(text)} is no number`, 'Write limits with a decimal point.');
  return value;
}
