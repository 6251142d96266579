import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

/*
 * Reads the whole memory of a running process. Linux only; the reader must be allowed to trace it: its parent, or root.
 */

const PIECE_BYTES = 1024 * 1024;
/** Most of what a process reserves was never touched and reads as zeros. */
const UNTOUCHED = Buffer.alloc(2 * PIECE_BYTES);

export interface MemorySearch {
  /** How often each form was found, by name; only those that were. */
  readonly found: Readonly<Record<string, number>>;
  readonly bytes: number;
}

/** Counts the forms in all memory that the process can read itself and that does not stand in files. @throws Error where nothing could be read */
export function searchMemory(processId: number, forms: ReadonlyMap<string, Buffer>): MemorySearch {
  const found: Record<string, number> = {};
  const overlap = Math.max(...[...forms.values()].map((form) => form.length)) - 1;
  let bytes = 0;
  const memory = openSync(`/proc/${processId}/mem`, 'r');
  try {
    for (const { from, to } of readableRegions(processId)) {
      for (let at = from; at < to; at += PIECE_BYTES) {
        const piece = readAt(memory, at, Math.min(PIECE_BYTES + overlap, to - at));
        if (piece === undefined) break;
        if (piece.equals(UNTOUCHED.subarray(0, piece.length))) continue;
        bytes += piece.length;
        for (const [name, form] of forms) {
          const count = occurrences(piece, form, PIECE_BYTES);
          if (count > 0) found[name] = (found[name] ?? 0) + count;
        }
      }
    }
  } finally {
    closeSync(memory);
  }
  if (bytes === 0) throw new Error(`The memory of process ${processId} cannot be read. Run this as root, or allow tracing (ptrace_scope).`);
  return { found, bytes };
}

/** Processes that this one started and that run this script. */
export function childrenRunning(script: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((id) => parentOf(id) === process.pid && contentOf(`/proc/${id}/cmdline`).includes(script))
    .map(Number);
}

interface Region {
  readonly from: number;
  readonly to: number;
}

function readableRegions(processId: number): Region[] {
  const lines = readFileSync(`/proc/${processId}/maps`, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, from, to, rights, name] = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)$/.exec(line) ?? [];
    if (from === undefined || to === undefined || name === undefined || rights?.startsWith('r') !== true) return [];
    // The code of programs, as it stands in their files, and the kernel's own pages.
    if (name.startsWith('[v') || (name.startsWith('/') && rights[1] !== 'w')) return [];
    return [{ from: Number.parseInt(from, 16), to: Number.parseInt(to, 16) }];
  });
}

/** Undefined where the region went away, or has no page that can be read. */
function readAt(memory: number, at: number, length: number): Buffer | undefined {
  const piece = Buffer.allocUnsafeSlow(length);
  try {
    return piece.subarray(0, readSync(memory, piece, 0, length, at));
  } catch {
    return undefined;
  }
}

/** Those that begin before `end`: what begins after it is the next piece's. */
function occurrences(piece: Buffer, form: Buffer, end: number): number {
  let count = 0;
  for (let at = piece.indexOf(form); at >= 0 && at < end; at = piece.indexOf(form, at + 1)) count++;
  return count;
}

function parentOf(id: string): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(contentOf(`/proc/${id}/status`))?.[1]);
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
