import { closeSync, openSync, writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { type Clock, RejectedError } from '../core/index.ts';
import type { PlatformErrorCode } from './errors.ts';
import { errnoOf } from './files.ts';

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
  close(): void;
}

export interface LogPlace {
  /** Least level that is written. */
  readonly level: LogLevel;
  /** Appended to, and made where it is not there, readable by its owner and group; standard error where absent. */
  readonly file?: string;
  readonly clock: Clock;
}

/**
 * One JSON object a line: `level`, `time` (ISO 8601, UTC) and the fields. Once it is open, a log that can't be written ends
 * nothing: lines are lost until it can be.
 * @throws RejectedError `BAD_LOG_FILE`
 */
export function openLogWriter({ level, file, clock }: LogPlace): LogWriter {
  const lines = file === undefined ? standardError() : new LogFile(file);
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    lines,
  );
  return { write: (at, fields) => logger[at](fields), close: () => lines.close() };
}

interface Lines {
  write(line: string): void;
  close(): void;
}

function standardError(): Lines {
  return { write: (line) => void process.stderr.write(line), close: () => undefined };
}

const OWNER_AND_GROUP = 0o640;

/** Lines are few and written at once: after a crash they are there. */
class LogFile implements Lines {
  #file: number | undefined;
  /** A line may have been written in part. */
  #isCut = false;

  constructor(path: string) {
    try {
      this.#file = openSync(path, 'a', OWNER_AND_GROUP);
    } catch (cause) {
      const message = `The log ${path} can't be written (${errnoOf(cause)}). Check the path and its rights.`;
      throw new RejectedError<PlatformErrorCode>('BAD_LOG_FILE', message, { cause });
    }
  }

  write(line: string): void {
    if (this.#file === undefined) return;
    try {
      writeFileSync(this.#file, this.#isCut ? `\n${line}` : line);
      this.#isCut = false;
    } catch {
      this.#isCut = true;
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
