import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { RejectedError } from '../app/index.ts';

/** Reads and parses a file that an auditor was given. @throws RejectedError in one sentence with the path and what to do */
export function readAuditFile<Content>(file: string, parse: (bytes: Uint8Array) => Content): Content {
  const bytes = readBytes(file);
  try {
    return parse(bytes);
  } catch (cause) {
    if (!(cause instanceof RejectedError)) throw cause;
    throw new RejectedError(cause.code, `${file}: ${cause.message} Get the file anew from whoever made it.`, { cause });
  }
}

function readBytes(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (cause) {
    throw new RejectedError('BAD_FILE', `${file} can't be read (${codeOf(cause)}). Check the path and its rights.`, { cause });
  }
}

/** For its owner's eyes alone: what an auditor is given has conditions in the clear. */
export function writeAuditFile(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes, { mode: 0o600 });
    chmodSync(file, 0o600);
  } catch (cause) {
    throw new RejectedError('BAD_FILE', `${file} can't be written (${codeOf(cause)}). Check the path and its rights.`, { cause });
  }
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? 'unknown fault';
}
