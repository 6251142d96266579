import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { RejectedError, requireReadableSize } from '../app/index.ts';

/** Reads and parses a file that an auditor was given. @throws RejectedError in one sentence with the path and what to do */
export function readAuditFile<Content>(file: string, parse: (bytes: Uint8Array) => Content): Content {
  const bytes = readBytes(file);
  return named(file, 'Get the file anew from whoever made it.', () => parse(bytes));
}

function named<Result>(file: string, remedy: string, check: () => Result): Result {
  try {
    return check();
  } catch (cause) {
    if (!(cause instanceof RejectedError)) throw cause;
    throw new RejectedError(cause.code, `${file}: ${cause.message} ${remedy}`, { cause });
  }
}

/** What is too large is refused by its size: node itself reads no file of more than 2 GiB at once. */
function readBytes(file: string): Uint8Array {
  try {
    const { size } = statSync(file);
    named(file, 'See docs/audit.md, "How large it gets".', () => {
      requireReadableSize(size, 'what an auditor is given');
    });
    return new Uint8Array(readFileSync(file));
  } catch (cause) {
    if (cause instanceof RejectedError) throw cause;
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
