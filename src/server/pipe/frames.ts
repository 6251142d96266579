import { type Json, RejectedError } from '../../core/index.ts';
import type { PipeErrorCode } from './errors.ts';

const LENGTH_BYTES = 4;

/** One message as it goes over the pipe: length of the JSON in bytes as u32 big-endian, then the JSON in UTF-8. */
export function encodeFrame(message: Json, mostBytes: number): Buffer {
  const text = JSON.stringify(message);
  const length = Buffer.byteLength(text);
  if (length > mostBytes)
    throw new RejectedError<PipeErrorCode>(
      'PIPE_MESSAGE_TOO_LONG',
      `A message of ${length} bytes is above the pipe's limit of ${mostBytes}.`,
    );
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + length);
  frame.writeUInt32BE(length, 0);
  frame.write(text, LENGTH_BYTES);
  return frame;
}

/** Cuts a stream of bytes into messages. Holds at most one unfinished message within the limit. */
export class FrameReader {
  readonly #mostBytes: number;
  #parts: Buffer[] = [];
  #held = 0;
  #wanted = LENGTH_BYTES;
  #inBody = false;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Messages that these bytes complete. @throws RejectedError `BAD_PIPE_MESSAGE`, after which the stream is lost */
  push(chunk: Buffer): unknown[] {
    this.#parts.push(chunk);
    this.#held += chunk.length;
    const messages: unknown[] = [];
    while (this.#held >= this.#wanted) {
      const bytes = this.#take(this.#wanted);
      if (this.#inBody) messages.push(parse(bytes));
      this.#wanted = this.#inBody ? LENGTH_BYTES : this.#bodyLength(bytes);
      this.#inBody = !this.#inBody;
    }
    return messages;
  }

  #bodyLength(bytes: Buffer): number {
    const length = bytes.readUInt32BE(0);
    if (length === 0 || length > this.#mostBytes) throw bad(`announces ${length} bytes, the limit is ${this.#mostBytes}`);
    return length;
  }

  #take(length: number): Buffer {
    const joined = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts, this.#held);
    this.#held -= length;
    this.#parts = this.#held === 0 ? [] : [joined.subarray(length)];
    return joined.subarray(0, length);
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw bad('is not JSON');
  }
}

function bad(what: string): RejectedError<PipeErrorCode> {
  return new RejectedError('BAD_PIPE_MESSAGE', `A message on the pipe ${what}.`);
}
