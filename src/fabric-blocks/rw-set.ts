import { type Bytes, equalBytes, sha256, toHex } from '../core/index.ts';
import { decode } from './message.ts';
import { HashedRwSetMessage, KvRwSetMessage, TxReadWriteSetMessage } from './messages.ts';

/** Where a value was written: block and place of the transaction in it. */
export interface Version {
  readonly block: bigint;
  readonly tx: bigint;
}

export interface ReadEntry {
  readonly key: string;
  /** `undefined`: there was no such key. */
  readonly version: Version | undefined;
}

export interface WriteEntry {
  readonly key: string;
  /** `undefined`: the key is deleted. */
  readonly value: Bytes | undefined;
}

/** What a transaction has read and written in one namespace: a chaincode's own state, or one of its private collections. */
export interface Access {
  readonly namespace: string;
  /** Empty for public state; keys in a collection stand as hexadecimal hashes. */
  readonly collection: string;
  readonly reads: readonly ReadEntry[];
  readonly writes: readonly WriteEntry[];
  /** Keys whose endorsement rule of their own is written. */
  readonly metadataWrites: readonly string[];
  readonly hasRangeQueries: boolean;
}

/** Reads a `TxReadWriteSet`, in its order. @throws RejectedError `BAD_ENCODING` */
export function readAccesses(results: Bytes): Access[] {
  const { namespaces } = decode(TxReadWriteSetMessage, results, 'read and write set');
  return namespaces.flatMap(({ namespace, rwset, collections }) => [
    publicAccess(namespace, rwset),
    ...collections.map((entry) => privateAccess(namespace, entry)),
  ]);
}

type Collection = ReturnType<typeof decode<typeof TxReadWriteSetMessage>>['namespaces'][number]['collections'][number];

function publicAccess(namespace: string, bytes: Bytes): Access {
  const { reads, rangeQueries, writes, metadataWrites } = decode(KvRwSetMessage, bytes, 'read and write set');
  return {
    namespace,
    collection: '',
    reads,
    writes: writes.map(({ key, isDelete, value }) => ({ key, value: isDelete || value.length === 0 ? undefined : value })),
    metadataWrites: metadataWrites.map(({ key }) => key),
    hasRangeQueries: rangeQueries.length > 0,
  };
}

function privateAccess(namespace: string, { name, hashedRwset }: Collection): Access {
  const { reads, writes, metadataWrites } = decode(HashedRwSetMessage, hashedRwset, 'hashed read and write set');
  return {
    namespace,
    collection: name,
    reads: reads.map(({ keyHash, version }) => ({ key: toHex(keyHash), version })),
    writes: writes.map(({ keyHash, isDelete, isPurge, valueHash }) => ({
      key: toHex(keyHash),
      value: isDelete || isPurge || isEmpty(valueHash) ? undefined : valueHash,
    })),
    metadataWrites: metadataWrites.map(({ keyHash }) => toHex(keyHash)),
    hasRangeQueries: false,
  };
}

/** No hash, or that of no bytes. */
function isEmpty(valueHash: Bytes): boolean {
  return valueHash.length === 0 || equalBytes(valueHash, NOTHING_HASHED);
}

const NOTHING_HASHED = sha256(new Uint8Array(0));

export function isWriting({ writes, metadataWrites }: Access): boolean {
  return writes.length > 0 || metadataWrites.length > 0;
}
