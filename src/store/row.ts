import { damaged } from './faults.ts';

/** One row whose columns are read with the type that the reader expects; anything else means a damaged store. */
export class Row {
  readonly #columns: Readonly<Record<string, unknown>>;

  constructor(columns: Readonly<Record<string, unknown>>) {
    this.#columns = columns;
  }

  text(column: string): string {
    const value = this.#columns[column];
    if (typeof value !== 'string') throw otherForm(column);
    return value;
  }

  number(column: string): number {
    const value = this.#columns[column];
    if (typeof value !== 'number') throw otherForm(column);
    return value;
  }

  bytes(column: string): Uint8Array {
    const value = this.#columns[column];
    if (!(value instanceof Uint8Array)) throw otherForm(column);
    return value;
  }

  json<Value>(column: string): Value {
    try {
      return JSON.parse(this.text(column)) as Value;
    } catch (error) {
      throw error instanceof SyntaxError ? otherForm(column) : error;
    }
  }

  has(column: string): boolean {
    return this.#columns[column] !== null && this.#columns[column] !== undefined;
  }
}

function otherForm(column: string): Error {
  return damaged(`column "${column}" holds something of another form`);
}
