import { readFileSync } from 'node:fs';

/** The sensors that the model uses, by their column names. */
export const SENSORS = ['T24', 'T50', 'P30', 'Ps30', 'phi', 'BPR'] as const;

/** One flight cycle of one engine. */
export interface Cycle {
  readonly engine: number;
  readonly cycle: number;
  /** Values in the order of {@link SENSORS}. */
  readonly sensors: readonly number[];
  /** Cycles until the engine failed: its last cycle minus this one. */
  readonly remaining: number;
}

/** Reads a table of engines that ran until they failed, with a header line that names the columns. */
export function readCycles(file: URL): Cycle[] {
  const [header = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const names = header.split(',');
  const rows = lines.map((line) => line.split(',').map(Number));
  const column = (row: readonly number[], name: string): number => {
    const value = row[names.indexOf(name)];
    if (value === undefined || !Number.isFinite(value)) throw new Error(`${file.pathname}: a row without a number for ${name}`);
    return value;
  };
  const lastCycles = new Map<number, number>();
  for (const row of rows) lastCycles.set(column(row, 'Engine'), column(row, 'Cycle'));
  return rows.map((row) => {
    const engine = column(row, 'Engine');
    const cycle = column(row, 'Cycle');
    return { engine, cycle, sensors: SENSORS.map((name) => column(row, name)), remaining: (lastCycles.get(engine) ?? cycle) - cycle };
  });
}
