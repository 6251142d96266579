import { pino } from 'pino';
import type { Clock } from '../core/index.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

declare const isPlain: unique symbol;
/** A word that may stand in a log: made by `plainWord` or written in the source. */
export type PlainWord = string & { readonly [isPlain]: true };

/** What a line may hold: no free text, no bytes, no objects. */
export type LogFields = Readonly<Record<string, number | boolean | PlainWord | undefined>>;

/** Ids, codes, URLs: no spaces, so no sentence of somebody else. */
const PLAIN = /^[\w.:/[\]+=-]{1,256}$/;

/** @returns undefined for what is no id, code or URL */
export function plainWord(text: string): PlainWord | undefined {
  return PLAIN.test(text) ? (text as PlainWord) : undefined;
}

/** A sentence of the source itself. The tag takes no values, so that none can get in. */
export function sentence(strings: TemplateStringsArray): PlainWord {
  return strings.join('') as PlainWord;
}

export interface LogWriter {
  write(level: LogLevel, fields: LogFields): void;
  /** Writes what waits, and closes the file. */
  close(): void;
}

/** Lines that wait for a slow reader; what comes on top is lost rather than the module held up. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;
const STANDARD_ERROR = 2;

/**
 * One JSON object a line: `time` (ISO 8601, UTC), `level` and the fields. A log that can't be written never ends a module.
 * @param file appended to; standard error where absent
 */
export function openLogWriter({
  level,
  file,
  clock,
}: {
  readonly level: LogLevel;
  readonly file?: string;
  readonly clock: Clock;
}): LogWriter {
  const destination = pino.destination({ dest: file ?? STANDARD_ERROR, sync: false, append: true, maxLength: MOST_WAITING_BYTES });
  // Without a listener a full disk would be an error that nobody catches.
  destination.on('error', () => undefined);
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  let isClosed = false;
  return {
    write: (at, fields) => {
      if (!isClosed) logger[at](fields);
    },
    close: () => {
      if (isClosed) return;
      isClosed = true;
      try {
        destination.flushSync();
      } catch {
        // Not open yet, or never: there is nothing to write to.
      }
      if (file !== undefined) destination.end();
    },
  };
}
