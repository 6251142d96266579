import { printable } from './printable.ts';

/** Kinds of errors whose message is written for the person at the terminal. */
const KNOWN_KINDS: ReadonlySet<unknown> = new Set(['Rejected', 'Unavailable', 'Fatal']);

/** Exit code for input that has to be mended. */
export const BAD_INPUT = 2;
/** Exit code for a fault of this program (EX_SOFTWARE of sysexits). */
const OWN_FAULT = 70;

/**
 * Says what went wrong in one sentence on standard error and ends with the exit code for it. A stack trace is shown for
 * our own faults alone, and only on request.
 */
export function failWith(error: unknown): never {
  const kind: unknown = (error as { kind?: unknown } | undefined)?.kind;
  const message = printableLines(error instanceof Error ? error.message : String(error));
  if (KNOWN_KINDS.has(kind)) {
    process.stderr.write(`dcmb: ${message}\n`);
    process.exit(BAD_INPUT);
  }
  const { code, path } = (error ?? {}) as NodeJS.ErrnoException;
  if (path !== undefined) {
    process.stderr.write(`dcmb: ${path} can't be used (${code}). Check the path and its rights.\n`);
    process.exit(BAD_INPUT);
  }
  process.stderr.write(`dcmb: a fault of this program: ${message}\nSet DCMB_DEBUG=1 to see where it happened.\n`);
  if (process.env['DCMB_DEBUG'] !== undefined && error instanceof Error) process.stderr.write(`${printableLines(error.stack ?? '')}\n`);
  process.exit(OWN_FAULT);
}

function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
