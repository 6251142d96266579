import { Reader } from './snappy.ts';

/** One block as a peer's block file has it (Fabric, common/ledger/blkstorage/block_serialization.go). */
export interface StoredBlock {
  readonly number: number;
  /** Protobuf, `common.Envelope`. */
  readonly envelopes: readonly Uint8Array[];
  /** Protobuf, by kind; flags of the transactions are bytes. */
  readonly metadata: readonly Uint8Array[];
}

/** Blocks of a `blockfile_000000`. @throws RangeError where it is none, or ends in the middle of a block */
export function storedBlocks(file: Uint8Array): StoredBlock[] {
  const blocks: StoredBlock[] = [];
  const reader = new Reader(file);
  while (!reader.atEnd) blocks.push(storedBlock(new Reader(reader.bytes(reader.varint()))));
  return blocks;
}

function storedBlock(reader: Reader): StoredBlock {
  const number = reader.varint();
  const [dataHash, previousHash] = [reader.bytes(reader.varint()), reader.bytes(reader.varint())];
  if (dataHash.length !== 32 || (number > 0 && previousHash.length !== 32)) throw new RangeError('No block.');
  const list = (): Uint8Array[] => Array.from({ length: reader.varint() }, () => reader.bytes(reader.varint()));
  return { number, envelopes: list(), metadata: list() };
}
