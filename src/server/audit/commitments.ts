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
    return encoding(parts, (bytes) => Buffer.from(labelledMac(this.#key, `DCMB/0/audit/${what}`, u64(request), bytes)));
  }
}

/** Large enough for most requests. It holds nothing of them between two commitments. */
const scratch = new BinaryStream(64 * 1024);

/** The parts one after the other: each encoding tells its own end. To work out the size first would take as long again. */
function encoding<Result>(parts: readonly Encodable[], use: (bytes: Bytes) => Result): Result {
  try {
    return encodingInto(scratch, parts, use);
  } catch {
    // The scratch was too small; what really can't be encoded fails again.
    const size = parts.reduce((sum, part) => sum + part.binaryStoreSize(), 0);
    return encodingInto(new BinaryStream(size), parts, use);
  }
}

function encodingInto<Result>(stream: BinaryStream, parts: readonly Encodable[], use: (bytes: Bytes) => Result): Result {
  stream.length = 0;
  try {
    for (const part of parts) part.encode(stream);
    return use(stream.buffer.subarray(0, stream.length));
  } finally {
    stream.buffer.fill(0, 0, Math.min(stream.length, stream.buffer.length));
  }
}
