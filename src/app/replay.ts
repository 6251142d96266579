import { join } from 'node:path';
import { type TagWrite, TagWriter, type TagWriteResult } from '../client/index.ts';
import { integerRange, RejectedError, UA_TYPES, type UaType, type UaValue, UnavailableError } from '../core/index.ts';
import { INSTANCE_URI, inNamespace, tagId } from '../nodeset/index.ts';
import { pause } from '../transfer/index.ts';
import { type ConfigErrorCode, readText } from './config.ts';
import { linkOptions, trustListOf } from './link-access.ts';
import { loadIdentity } from './plant-identities.ts';

/** What a simulated PLC knows: where to write, and the type of each tag. Made by dcmb init as `plc.json`. */
export interface PlcFile {
  readonly endpointUrl: string;
  readonly tags: Readonly<Record<string, UaType>>;
  /** Of those of the tags that are elements of arrays: name of the array and place in it. */
  readonly elements?: Readonly<Record<string, readonly [array: string, index: number]>>;
}

export interface ReplayOptions {
  /** CSV with a header line; columns named as tags are written, in column order. */
  readonly dataFile: string;
  /** Folder of the simulated PLC, with `plc.json` and `pki/`. */
  readonly plcFolder: string;
  /** Overrides the endpoint of `plc.json`. */
  readonly endpointUrl?: string;
  /** Rows a second. */
  readonly rate: number;
  /** Start again at the end of the file. */
  readonly loop: boolean;
  /** Wait while the server is not there or takes no values, then go on with the same row; else the first failure ends the replay. */
  readonly patient: boolean;
  readonly signal: AbortSignal;
  /** Told after each row. */
  onProgress?(progress: ReplayProgress): void;
}

export interface ReplayProgress {
  readonly rows: number;
  /** Writes answered Good. */
  readonly accepted: number;
  /** Writes answered otherwise, by status. */
  readonly refused: Readonly<Record<string, number>>;
}

interface Column {
  readonly index: number;
  readonly nodeId: string;
  readonly element?: number;
  readonly type: UaType;
}

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Pause after a server said that it does not take values yet. */
const NOT_YET_MS = 200;

/** Plays a data file into an ingest endpoint as a PLC would: value-only writes, a row at a time, at a steady rate. */
export async function replay(options: ReplayOptions): Promise<ReplayProgress> {
  const plc = readPlcFile(join(options.plcFolder, 'plc.json'));
  const { columns, rows } = readData(options.dataFile, plc);
  const pki = join(options.plcFolder, 'pki');
  const writer = new TagWriter(
    linkOptions(options.endpointUrl ?? plc.endpointUrl, loadIdentity(pki, 'plc'), trustListOf(pki, 'plc'), undefined),
  );
  const progress: Counting = { rows: 0, accepted: 0, refused: {} };
  try {
    await connect(writer, options);
    let startMs = performance.now();
    while (!options.signal.aborted && (options.loop || progress.rows < rows.length)) {
      const row = rows[progress.rows % rows.length];
      if (row === undefined) break;
      const writes = columns.map(({ index, type, ...to }) => ({ ...to, value: parseCell(options.dataFile, row, index, type) }));
      const results = await written(writer, writes, options.patient);
      if (results === undefined) {
        await pause(NOT_YET_MS, options.signal);
        startMs = performance.now() - (progress.rows * 1000) / options.rate;
        continue;
      }
      count(progress, results);
      options.onProgress?.(progress);
      await pause(Math.max(0, startMs + (progress.rows * 1000) / options.rate - performance.now()), options.signal);
    }
  } finally {
    await writer.close();
  }
  return progress;
}

/** A patient wait ends at the stop, whatever an attempt under way still waits for. */
async function connect(writer: TagWriter, { patient, signal }: ReplayOptions): Promise<void> {
  if (!patient) return await writer.connect();
  if (signal.aborted) return;
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await Promise.race([writer.connectPatiently(), stopped]);
}

/**
 * @returns undefined where the row is to be written again: the patient wait while there is no connection, and while the
 * server takes no values. A row of which it is unknown whether it arrived is written twice rather than not at all.
 */
async function written(writer: TagWriter, writes: readonly TagWrite[], patient: boolean): Promise<TagWriteResult[] | undefined> {
  try {
    const results = await writer.write(writes);
    return patient && results.every(({ status }) => status === 'BadResourceUnavailable') ? undefined : results;
  } catch (error) {
    if (patient && error instanceof UnavailableError) return undefined;
    throw error;
  }
}

interface Counting extends ReplayProgress {
  rows: number;
  accepted: number;
  refused: Record<string, number>;
}

function count(progress: Counting, results: readonly TagWriteResult[]): void {
  progress.rows++;
  for (const { accepted, status } of results) {
    if (accepted) progress.accepted++;
    else progress.refused[status] = (progress.refused[status] ?? 0) + 1;
  }
}

function readPlcFile(path: string): PlcFile {
  const text = readText(path);
  try {
    const { endpointUrl, tags, elements = {} } = JSON.parse(text) as PlcFile;
    const known = Object.values(tags).every((type) => UA_TYPES.includes(type));
    if (typeof endpointUrl === 'string' && known) return { endpointUrl, tags, elements };
  } catch {
    // Told below, in the same words as a file of another form.
  }
  throw bad(`${path} is not a simulated PLC's file. Give the folder plc/ that dcmb init made.`);
}

function readData(path: string, { tags, elements = {} }: PlcFile): { columns: Column[]; rows: Row[] } {
  const lines = readText(path).split(/\r?\n/);
  const header = (lines[0] ?? '').split(',').map((name) => name.trim());
  const columns = header.flatMap((name, index) => {
    const type = tags[name];
    if (type === undefined) return [];
    const [array, element] = elements[name] ?? [name, undefined];
    return [{ index, type, nodeId: inNamespace(INSTANCE_URI, tagId(array)), ...(element === undefined ? {} : { element }) }];
  });
  if (columns.length === 0) {
    throw bad(`${path}, line 1: no column is named as a tag. Write a header line with tag names, such as ${Object.keys(tags).join(',')}.`);
  }
  const rows = lines.flatMap((text, index) => (index === 0 || text.trim() === '' ? [] : [{ line: index + 1, cells: text.split(',') }]));
  const short = rows.find(({ cells }) => cells.length !== header.length);
  if (short !== undefined) throw bad(`${path}, line ${short.line}: ${short.cells.length} cells instead of ${header.length}. Mend the row.`);
  if (rows.length === 0) throw bad(`${path} has no row below its header. Give a file with data.`);
  for (const row of rows) for (const { index, type } of columns) parseCell(path, row, index, type);
  return { columns, rows };
}

function parseCell(path: string, { line, cells }: Row, index: number, type: UaType): UaValue {
  const text = (cells[index] ?? '').trim();
  const value = valueOf(text, type);
  if (value === undefined) throw bad(`${path}, line ${line}, column ${index + 1}: not a value of type ${type}. Mend the cell.`);
  return { type, value };
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

function valueOf(text: string, type: UaType): UaValue['value'] | undefined {
  if (type === 'Boolean') return BOOLEANS.get(text);
  if (type === 'String') return text;
  if (type === 'Float' || type === 'Double') return text !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined;
  return integerOf(text, type);
}

function integerOf(text: string, type: UaType): number | bigint | undefined {
  const range = integerRange(type);
  if (range === undefined || !/^-?\d{1,20}$/.test(text)) return undefined;
  const integer = BigInt(text);
  if (integer < range[0] || integer > range[1]) return undefined;
  return type === 'Int64' || type === 'UInt64' || type === 'DateTime' ? integer : Number(integer);
}

function bad(message: string): RejectedError<ConfigErrorCode> {
  return new RejectedError('BAD_CONFIG', message);
}
