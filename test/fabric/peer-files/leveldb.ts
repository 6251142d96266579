import { Reader, unsnappy } from './snappy.ts';

/*
 * What a LevelDB keeps (google/leveldb, doc/log_format.md and doc/table_format.md), whole: entries that a journal has in
 * pieces are put together, blocks of a table are decompressed, and keys that begin as the one before are written out.
 */

const JOURNAL_BLOCK = 32_768;
const JOURNAL_HEADER = 7;
/** Types of a journal's records: whole, or a first, middle or last part. */
const [FULL, FIRST, , LAST] = [1, 2, 3, 4] as const;

/** Keys and values that a journal (`.log`) has written. */
export function journalEntries(file: Uint8Array): Uint8Array[] {
  return journalBatches(file).flatMap(batchEntries);
}

const BATCH_HEADER = 12;
const PUT = 1;

function batchEntries(batch: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  const reader = new Reader(batch.subarray(BATCH_HEADER));
  while (!reader.atEnd) {
    const type = reader.byte();
    entries.push(reader.bytes(reader.varint()));
    if (type === PUT) entries.push(reader.bytes(reader.varint()));
  }
  return entries;
}

function journalBatches(file: Uint8Array): Buffer[] {
  const batches: Buffer[] = [];
  let parts: Uint8Array[] = [];
  for (let block = 0; block < file.length; block += JOURNAL_BLOCK) {
    for (const { type, data } of recordsOf(file.subarray(block, block + JOURNAL_BLOCK))) {
      if (type === FULL || type === FIRST) parts = [];
      parts.push(data);
      if (type === FULL || type === LAST) batches.push(Buffer.concat(parts));
    }
  }
  return batches;
}

function* recordsOf(block: Uint8Array): Generator<{ type: number; data: Uint8Array }> {
  for (let at = 0; at + JOURNAL_HEADER <= block.length;) {
    const view = Buffer.from(block.buffer, block.byteOffset + at, JOURNAL_HEADER);
    const [length, type] = [view.readUInt16LE(4), view.readUInt8(6)];
    if (type < FULL || type > LAST) return;
    const data = block.subarray(at + JOURNAL_HEADER, at + JOURNAL_HEADER + length);
    if (data.length !== length) return;
    yield { type, data };
    at += JOURNAL_HEADER + length;
  }
}

export interface TableContent {
  /** Key and value of each entry. */
  readonly entries: readonly Uint8Array[];
  /** Blocks that were compressed. */
  readonly compressed: number;
}

const FOOTER = 48;
const TABLE_MAGIC = '57fb808b247547db';
const SNAPPY = 1;

interface Block {
  readonly content: Uint8Array;
  readonly compressed: boolean;
}

/** All of a table (`.ldb`, `.sst`). @throws RangeError where it is none */
export function tableContent(file: Uint8Array): TableContent {
  const footer = Buffer.from(file.subarray(file.length - FOOTER));
  if (footer.toString('hex', FOOTER - 8) !== TABLE_MAGIC) throw new RangeError('No table of LevelDB.');
  const handles = new Reader(footer);
  const [metaIndex, index] = [handleOf(handles), handleOf(handles)];
  const metas = entriesOf(blockAt(file, metaIndex).content).map(({ value }) => blockAt(file, handleOf(new Reader(value))));
  const blocks = entriesOf(blockAt(file, index).content).map(({ value }) => blockAt(file, handleOf(new Reader(value))));
  const entries = blocks.flatMap(({ content }) => entriesOf(content).flatMap(({ key, value }) => [key, value]));
  return {
    entries: [...entries, ...metas.map(({ content }) => content)],
    compressed: blocks.filter(({ compressed }) => compressed).length,
  };
}

function handleOf(reader: Reader): { offset: number; size: number } {
  return { offset: reader.varint(), size: reader.varint() };
}

function blockAt(file: Uint8Array, { offset, size }: { offset: number; size: number }): Block {
  const stored = file.subarray(offset, offset + size);
  const compressed = file[offset + size] === SNAPPY;
  return { content: compressed ? unsnappy(stored) : stored, compressed };
}

function entriesOf(block: Uint8Array): { key: Uint8Array; value: Uint8Array }[] {
  const restarts = Buffer.from(block.buffer, block.byteOffset, block.length).readUInt32LE(block.length - 4);
  const reader = new Reader(block.subarray(0, block.length - 4 - 4 * restarts));
  const entries: { key: Uint8Array; value: Uint8Array }[] = [];
  let key: Uint8Array = new Uint8Array(0);
  while (!reader.atEnd) {
    const [shared, own, length] = [reader.varint(), reader.varint(), reader.varint()];
    key = Buffer.concat([key.subarray(0, shared), reader.bytes(own)]);
    entries.push({ key, value: reader.bytes(length) });
  }
  return entries;
}
