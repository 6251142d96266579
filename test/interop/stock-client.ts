import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { StatusCodes } from 'node-opcua';
import type { Answer, Failure, Request } from './protocol.ts';
import type { Stack } from './stacks.ts';

const ANSWER_WITHIN_MS = 90_000;

/** Names of the OPC UA statuses, as Part 4 and Part 6 have them. */
const NAMES = new Map(
  Object.values(StatusCodes as unknown as Record<string, { readonly value: number; readonly name: string }>).map((each) => [
    each.value,
    each.name,
  ]),
);

/** @returns the name, or the number in hexadecimal where the standard has none; information bits do not count */
export function statusName(status: number): string {
  return NAMES.get((status & 0xffff0000) >>> 0) ?? `0x${(status >>> 0).toString(16)}`;
}

/** What a client was told, or told itself, in place of an answer. */
export class NotDone extends Error {
  readonly failure: Failure;

  constructor(asked: string, failure: Failure) {
    super(`${asked} was answered ${'status' in failure ? statusName(failure.status) : failure.failed}`);
    this.failure = failure;
  }
}

/** A client program of one stack, running. One request at a time. */
export class StockClient {
  readonly stack: Stack;
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor(stack: Stack) {
    this.stack = stack;
    const [program, ...given] = stack.command;
    this.#process = spawn(program, given, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.on('error', () => undefined); // what was asked gets no answer, and says so
    this.#process.stdin.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** @throws NotDone, Error where the program gives no answer */
  async ask(request: Request): Promise<Answer> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = JSON.parse(await this.#line(request.do)) as Answer | Failure;
    if ('status' in answer || 'failed' in answer) throw new NotDone(request.do, answer);
    return answer;
  }

  async #line(asked: string): Promise<string> {
    const limit = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const late = once(limit, 'abort').then((): never => {
      throw new Error(`${this.stack.name} did not answer ${asked} in ${ANSWER_WITHIN_MS} ms.`);
    });
    const next = await Promise.race([this.#lines.next(), late]);
    if (next.done === true) throw new Error(`${this.stack.name}'s program ended before it answered ${asked}.`);
    return next.value;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL'); // its sessions end with their connections
    await ended;
  }
}
