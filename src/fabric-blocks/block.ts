import * as v from 'valibot';
import {
  base64Url,
  type Bytes,
  concat,
  equalBytes,
  fromBase64Url,
  integer,
  type Json,
  parseShape,
  sha256,
  toBase64Url,
} from '../core/index.ts';
import { OCTET_STRING, SEQUENCE, writeDer, writeUnsigned } from './der.ts';
import { refuse } from './errors.ts';
import { decode } from './message.ts';
import { BlockMessage } from './messages.ts';

/** Places in a block's metadata (`BlockMetadataIndex`). */
const SIGNATURES = 0;
const TRANSACTIONS_FILTER = 2;

/** A block without its header, which follows from number, previous hash and data. */
export interface StoredBlock {
  readonly number: number;
  /** Hash of the block before; empty in block 0. */
  readonly prev: Bytes;
  /** Envelopes. */
  readonly data: readonly Bytes[];
  /** One validation code for each envelope, as the peer found it that gave the block. */
  readonly codes: readonly number[];
  /** The metadata entry with the orderers' signatures; empty in block 0, which nobody signs. */
  readonly signatures: Bytes;
}

const FabricBlockShape = v.strictObject({
  v: v.literal(0),
  number: integer(0),
  prev: base64Url(),
  data: v.pipe(v.array(base64Url()), v.minLength(1)),
  codes: v.array(integer(0, 255)),
  signatures: base64Url(),
});

/** Reads a `common.Block` as a peer delivers it. @throws RejectedError `BAD_ENCODING`, `BAD_BLOCK` */
export function readBlock(bytes: Bytes): StoredBlock {
  const { header, data, metadata } = decode(BlockMessage, bytes, 'block');
  if (header === undefined || data === undefined || data.data.length === 0) refuse('BAD_ENCODING', 'The block has no header or no data.');
  if (header.number > BigInt(Number.MAX_SAFE_INTEGER)) refuse('BAD_BLOCK', 'The block number is out of range.');
  if (!equalBytes(header.dataHash, sha256(...data.data)))
    refuse('BAD_BLOCK', `The header of block ${header.number} does not fit its data.`);
  const number = Number(header.number);
  const entries = metadata?.metadata ?? [];
  const filter = entries[TRANSACTIONS_FILTER] ?? new Uint8Array(0);
  // The first block is made by a tool, not by a committing peer, and may come without codes.
  const codes = number === 0 && filter.length === 0 ? [0] : [...filter];
  const signatures = number === 0 ? new Uint8Array(0) : (entries[SIGNATURES] ?? new Uint8Array(0));
  return { number, prev: header.previousHash, data: data.data, codes, signatures };
}

/** A delivered block in the form of an audit export. @throws RejectedError `BAD_ENCODING`, `BAD_BLOCK` */
export function blockJson(bytes: Bytes): Json {
  const { number, prev, data, codes, signatures } = readBlock(bytes);
  return { v: 0, number, prev: toBase64Url(prev), data: data.map(toBase64Url), codes, signatures: toBase64Url(signatures) };
}

/** Reads what {@link blockJson} gave. @throws RejectedError `BAD_SHAPE`, `BAD_BLOCK` */
export function parseBlockJson(value: unknown): StoredBlock {
  const { number, prev, data, codes, signatures } = parseShape(FabricBlockShape, value, 'block');
  if (codes.length !== data.length) refuse('BAD_BLOCK', `It has ${data.length} envelopes and ${codes.length} validation codes.`);
  return { number, prev: fromBase64Url(prev), data: data.map(fromBase64Url), codes, signatures: fromBase64Url(signatures) };
}

/** The header that block hash and signatures are over: the DER SEQUENCE of number, previous hash and SHA-256 of the data. */
export function headerBytes({ number, prev, data }: Pick<StoredBlock, 'number' | 'prev' | 'data'>): Bytes {
  const parts = [writeUnsigned(BigInt(number)), writeDer(OCTET_STRING, prev), writeDer(OCTET_STRING, sha256(concat(...data)))];
  return writeDer(SEQUENCE, ...parts);
}

/** SHA-256 of {@link headerBytes}, 32 bytes. */
export function fabricBlockHash(block: Pick<StoredBlock, 'number' | 'prev' | 'data'>): Bytes {
  return sha256(headerBytes(block));
}

/** Hash of a block in the form of an audit export, 43 characters. @throws RejectedError `BAD_SHAPE`, `BAD_BLOCK` */
export function jsonBlockHash(value: unknown): string {
  return toBase64Url(fabricBlockHash(parseBlockJson(value)));
}
