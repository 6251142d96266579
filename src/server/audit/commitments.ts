import { BinaryStream } from 'node-opcua';
import { type Bytes, labelledMac, type MacKey, macKey, u64 } from '../../core/index.ts';

/** What OPC UA has an encoding for (Part 6, clause 5.2): a value with its status, an operation of a request. */
export interface Encodable {
  encode(stream: unknown): void;
  binaryStoreSize(): number;
}

/**
 * Stands in audits for what was written or handed over: HMAC-SHA-256 with a key that is drawn at each start and never leaves
 * the process. So an audit neither shows a value nor lets one be found by trying, and the number of the request in it keeps
 * equal values from looking equal.
 */
export class AuditCommitments {
  readonly #key: MacKey;

  /** @param key 32 random bytes */
  constructor(key: Bytes) {
    this.#key = macKey(key);
  }

  /** 32 bytes. @param request number of the request since the start */
  commit(what: 'old value' | 'new value' | 'arguments', request: number, parts: readonly Encodable[]): Buffer {
    return Buffer.from(labelledMac(this.#key, `DCMB/0/audit/${what}`, u64(request), ...parts.map(encoded)));
  }
}

function encoded(part: Encodable): Bytes {
  const stream = new BinaryStream(part.binaryStoreSize());
  part.encode(stream);
  return stream.buffer;
}
