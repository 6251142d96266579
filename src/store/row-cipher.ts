import { type Bytes, frame, fromUtf8, utf8 } from '../core/index.ts';
import { damaged } from './faults.ts';
import { Xaes256Gcm } from './xaes.ts';

const LABEL = 'DCMB/0/store';

/** Where a value stands. It opens nowhere else: a value that was moved counts as damage. */
export interface Cell {
  readonly table: string;
  /** The row's primary key. */
  readonly row: string | number;
  readonly column: string;
}

export function factCell(name: string): Cell {
  return { table: 'facts', row: name, column: 'value' };
}

/** Encrypts single values of one store, each bound to the store's purpose and to its place in it. */
export class RowCipher {
  readonly #aead: Xaes256Gcm;
  readonly #purpose: Bytes;

  /** @param key 32 bytes */
  constructor(key: Bytes, purpose: string) {
    this.#aead = new Xaes256Gcm(key);
    this.#purpose = utf8(purpose);
  }

  seal(cell: Cell, value: Bytes | string): Bytes {
    return this.#aead.seal(typeof value === 'string' ? utf8(value) : value, this.#associated(cell));
  }

  sealJson(cell: Cell, value: unknown): Bytes {
    return this.seal(cell, JSON.stringify(value));
  }

  /** @throws FatalError `STORE_DAMAGED` */
  open(cell: Cell, sealed: Bytes): Bytes {
    try {
      return this.#aead.open(sealed, this.#associated(cell));
    } catch (cause) {
      throw damaged(`${cell.table}.${cell.column} of row ${cell.row} does not decrypt`, cause);
    }
  }

  /** @throws FatalError `STORE_DAMAGED` */
  text(cell: Cell, sealed: Bytes): string {
    return fromUtf8(this.open(cell, sealed));
  }

  /** @throws FatalError `STORE_DAMAGED` */
  json<Value>(cell: Cell, sealed: Bytes): Value {
    return JSON.parse(this.text(cell, sealed)) as Value;
  }

  #associated({ table, row, column }: Cell): Bytes {
    return frame(LABEL, this.#purpose, utf8(table), utf8(String(row)), utf8(column));
  }
}
