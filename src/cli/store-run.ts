import {
  backUpStoreOf,
  checkStore,
  compactStoreOf,
  readConfig,
  restoreStoreOf,
  sizesOfStore,
  type StoreCheck,
  type StoreSizes,
} from '../app/index.ts';
import { PROGRAM } from './spoken-paths.ts';
import { tableLines } from './table.ts';

interface Json {
  readonly json?: true;
  readonly channel?: string;
}

/** How many faults are printed for a person; the JSON form has all. */
const MOST_SHOWN = 20;

export async function showSizes(config: string, { json, channel }: Json): Promise<void> {
  const sizes = await sizesOfStore(config, channel);
  print(json, sizes, () => sizeLines(sizes));
}

/** Sets the exit code: 0 sound, 1 faults found. */
export async function check(config: string, { json, channel }: Json): Promise<void> {
  const found = await checkStore(config, channel);
  print(json, found, () => checkLines(found));
  process.exitCode = found.faults.length === 0 ? 0 : 1;
}

export async function compact(config: string, { json, channel }: Json): Promise<void> {
  const sizes = await compactStoreOf(config, channel);
  print(json, sizes, () => [`${bytes(sizes.before)} before, ${bytes(sizes.after)} now`]);
}

export async function backUp(config: string, { json, out, channel }: Json & { readonly out?: string }): Promise<void> {
  const file = await backUpStoreOf(config, out, channel);
  print(json, { file }, () => [`${file} holds the store as it is now. Put it back with: ${PROGRAM} store restore ${config} ${file}`]);
}

export async function restore(
  config: string,
  backup: string | undefined,
  { json, acceptOld, channel }: Json & { readonly acceptOld?: true },
): Promise<void> {
  const restored = await restoreStoreOf(config, backup, acceptOld === true, channel);
  const isOwner = readConfig(config).role === 'owner';
  print(json, restored, () => [
    `The store ends with batch ${restored.last}; the ledger with batch ${restored.onLedger}.`,
    ...(restored.aside === '' ? [] : [`What stood there before is ${restored.aside} now.`]),
    isOwner
      ? `It proves what it holds (${PROGRAM} audit export ${config}) and signs nothing more. To go on, make a new agreement.`
      : `The module goes on from there: ${PROGRAM} receive ${config}`,
  ]);
}

function print(json: true | undefined, value: object, lines: () => readonly string[]): void {
  process.stdout.write(`${json === true ? JSON.stringify(value) : lines().join('\n')}\n`);
}

function sizeLines({ store, writeAhead, free, journal, periods, tables }: StoreSizes): string[] {
  const days = periods.keys === 0 ? 'none' : `${periods.keys}, ${periods.oldest} to ${periods.newest}`;
  return [
    ...tableLines([
      ['store', bytes(store), free === 0 ? '' : `${bytes(free)} of it free: dcmb store compact gives them back`],
      ['write-ahead log', bytes(writeAhead)],
      ['journal', bytes(journal)],
      ['keys of days', days],
    ]),
    '',
    ...tableLines([['table', 'rows', 'content'], ...tables.map(({ name, rows, bytes: size }) => [name, String(rows), bytes(size)])]),
  ];
}

function checkLines({ batches, reopened, receipts, epochRecords, faults }: StoreCheck): string[] {
  const looked = `${batches} batches (${reopened} made again from seed and readings), ${receipts} receipts, ${epochRecords} epoch records looked at`;
  if (faults.length === 0) return [`${looked}: all sound`];
  const shown = faults.slice(0, MOST_SHOWN).map(({ n, what }) => [n < 0 ? 'store' : `batch ${n}`, what]);
  const more = faults.length > MOST_SHOWN ? [`and ${faults.length - MOST_SHOWN} more: --json has them all`] : [];
  return [`${looked}: ${faults.length} fault${faults.length === 1 ? '' : 's'}`, ...tableLines(shown), ...more];
}

/** In steps of 1000, as disks are sold. */
function bytes(count: number): string {
  if (count < 1000) return `${count} bytes`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = count / 1000;
  while (value >= 1000 && units.length > 1) {
    value /= 1000;
    units.shift();
  }
  return `${value.toFixed(1)} ${units[0]!}`;
}
