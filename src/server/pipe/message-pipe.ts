import type { Duplex } from 'node:stream';
import * as v from 'valibot';
import { DcmbError, integer, type Json, parseShape, RejectedError, UnavailableError } from '../../core/index.ts';
import type { PipeErrorCode } from './errors.ts';
import { encodeFrame, FrameReader } from './frames.ts';

/*
 * The narrow way between a module and the server process that it starts. Neither side takes anything that the contract
 * does not name in exactly that form; whatever else comes ends the pipe. Nothing but JSON text crosses it: no handles,
 * no structured clones.
 */

/** What one side may say: notices want no answer, requests get exactly one. */
export interface Contract {
  readonly notices: Readonly<Record<string, v.GenericSchema>>;
  readonly requests: Readonly<Record<string, { readonly body: v.GenericSchema; readonly answer: v.GenericSchema }>>;
}

type NoticeBody<C extends Contract, Name extends keyof C['notices']> = v.InferOutput<C['notices'][Name]>;
type RequestBody<C extends Contract, Name extends keyof C['requests']> = v.InferOutput<C['requests'][Name]['body']>;
type AnswerBody<C extends Contract, Name extends keyof C['requests']> = v.InferOutput<C['requests'][Name]['answer']>;

/** What a side does with what the other says. A handler's error reaches the other side as its kind, without details. */
export interface Handlers<C extends Contract> {
  readonly notices: { readonly [Name in keyof C['notices']]: (body: NoticeBody<C, Name>) => void };
  readonly requests: { readonly [Name in keyof C['requests']]: (body: RequestBody<C, Name>) => Promise<AnswerBody<C, Name>> };
}

export interface PipeOptions<Out extends Contract, In extends Contract> {
  readonly out: Out;
  readonly in: In;
  readonly handlers: Handlers<In>;
  /** Longest message that is taken from the other side, bytes. */
  readonly mostBytesIn: number;
  /** Longest message that is sent, bytes. */
  readonly mostBytesOut: number;
  /** Requests of either side that may be open at once. */
  readonly mostOpen: number;
  /** Called once: undefined for an orderly end, else what broke the pipe. */
  readonly closed: (cause: Error | undefined) => void;
}

const FrameShape = v.variant('t', [
  v.strictObject({ t: v.literal('notice'), name: v.string(), body: v.unknown() }),
  v.strictObject({ t: v.literal('request'), id: integer(1), name: v.string(), body: v.unknown() }),
  v.strictObject({ t: v.literal('answer'), id: integer(1), body: v.unknown() }),
  v.strictObject({ t: v.literal('failure'), id: integer(1), kind: v.picklist(['refused', 'unavailable']) }),
]);
type Frame = v.InferOutput<typeof FrameShape>;

interface Open {
  readonly answer: v.GenericSchema;
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout | undefined;
}

export class MessagePipe<Out extends Contract, In extends Contract> {
  readonly #stream: Duplex;
  readonly #options: PipeOptions<Out, In>;
  readonly #reader: FrameReader;
  /** Requests that were given up stay until their answer comes: the other side counts them as long. */
  readonly #open = new Map<number, Open>();
  #served = 0;
  #nextId = 1;
  #isClosed = false;

  constructor(stream: Duplex, options: PipeOptions<Out, In>) {
    this.#stream = stream;
    this.#options = options;
    this.#reader = new FrameReader(options.mostBytesIn);
    stream.on('data', (chunk: Buffer) => this.#received(chunk));
    stream.on('end', () => this.#close(undefined));
    stream.on('close', () => this.#close(undefined));
    stream.on('error', (error) => this.#close(error));
  }

  /** Says something that wants no answer. Lost without a word when the pipe is closed: whoever needs to know asks. */
  notice<Name extends keyof Out['notices'] & string>(name: Name, body: NoticeBody<Out, Name>): void {
    if (!this.#isClosed) this.#send({ t: 'notice', name, body: body as Json });
  }

  /**
   * Asks and waits.
   * @param timeoutMs waits until the pipe closes where absent
   * @throws UnavailableError `PIPE_CLOSED`, `PIPE_TIMEOUT`, `PIPE_BUSY`, `PEER_UNAVAILABLE`; RejectedError `PEER_REFUSED`,
   * `PIPE_MESSAGE_TOO_LONG`
   */
  request<Name extends keyof Out['requests'] & string>(
    name: Name,
    body: RequestBody<Out, Name>,
    timeoutMs?: number,
  ): Promise<AnswerBody<Out, Name>> {
    if (this.#isClosed) return Promise.reject(unavailable('PIPE_CLOSED'));
    if (this.#open.size >= this.#options.mostOpen) return Promise.reject(unavailable('PIPE_BUSY'));
    const id = this.#nextId++;
    const answer = this.#options.out.requests[name]!.answer;
    return new Promise<unknown>((resolve, reject) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(() => reject(unavailable('PIPE_TIMEOUT')), timeoutMs);
      this.#open.set(id, { answer, resolve, reject, timer });
      try {
        this.#send({ t: 'request', id, name, body: body as Json });
      } catch (error) {
        this.#settle(id)?.reject(error as Error);
      }
    });
  }

  /** Ends the pipe; open requests fail. */
  close(): void {
    this.#close(undefined);
  }

  #send(frame: Json): void {
    const bytes = encodeFrame(frame, this.#options.mostBytesOut);
    if (!this.#isClosed) this.#stream.write(bytes);
  }

  #received(chunk: Buffer): void {
    if (this.#isClosed) return;
    try {
      for (const message of this.#reader.push(chunk)) this.#take(parseShape(FrameShape, message, 'message on the pipe'));
    } catch (error) {
      this.#close(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #take(frame: Frame): void {
    if (frame.t === 'notice') {
      const shape = ownEntry(this.#options.in.notices, frame.name);
      const body = parseShape(shape, frame.body, `notice ${frame.name}`);
      ownEntry(this.#options.handlers.notices, frame.name)(body);
    } else if (frame.t === 'request') {
      this.#serve(frame.id, frame.name, frame.body);
    } else {
      this.#answered(frame);
    }
  }

  #serve(id: number, name: string, unchecked: unknown): void {
    const body = parseShape(ownEntry(this.#options.in.requests, name).body, unchecked, `request ${name}`);
    if (this.#served >= this.#options.mostOpen) throw badMessage('opens more requests than agreed');
    this.#served++;
    const handlers: Readonly<Record<string, (body: never) => Promise<unknown>>> = this.#options.handlers.requests;
    const handler = ownEntry(handlers, name);
    void Promise.resolve()
      .then(() => handler(body as never))
      .then((answer) => this.#send({ t: 'answer', id, body: answer as Json }))
      .catch((error: unknown) => this.#send({ t: 'failure', id, kind: isRejection(error) ? 'refused' : 'unavailable' }))
      .finally(() => this.#served--);
  }

  #answered(frame: Extract<Frame, { t: 'answer' | 'failure' }>): void {
    if (frame.id >= this.#nextId) throw badMessage('answers a request that was never made');
    const open = this.#settle(frame.id);
    if (open === undefined) return;
    // After its time-out an answer finds nobody: not a fault of the other side.
    if (frame.t === 'answer') {
      const body = v.safeParse(open.answer, frame.body, { abortEarly: true });
      if (body.success) return open.resolve(body.output);
      open.reject(unavailable('PIPE_CLOSED'));
      throw badMessage('answers in a wrong form');
    }
    open.reject(
      frame.kind === 'refused'
        ? new RejectedError<PipeErrorCode>('PEER_REFUSED', 'The other process refused the request.')
        : unavailable('PEER_UNAVAILABLE'),
    );
  }

  #settle(id: number): Open | undefined {
    const open = this.#open.get(id);
    if (open === undefined) return undefined;
    this.#open.delete(id);
    clearTimeout(open.timer);
    return open;
  }

  #close(cause: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const id of [...this.#open.keys()]) this.#settle(id)?.reject(unavailable('PIPE_CLOSED'));
    this.#stream.destroy();
    this.#options.closed(cause);
  }
}

function isRejection(error: unknown): boolean {
  return error instanceof DcmbError && error.kind === 'Rejected';
}

/** What the contract names, and nothing that every object inherits. @throws RejectedError `BAD_PIPE_MESSAGE` */
function ownEntry<T>(entries: Readonly<Record<string, T>>, name: string): T {
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (entry === undefined) throw badMessage('has a name outside the contract');
  return entry;
}

function badMessage(what: string): RejectedError<PipeErrorCode> {
  return new RejectedError('BAD_PIPE_MESSAGE', `A message on the pipe ${what}.`);
}

const WHY = {
  PIPE_CLOSED: 'The other process is gone; it is started again.',
  PIPE_TIMEOUT: 'The other process did not answer in time. Try again.',
  PIPE_BUSY: 'Too many requests wait for the other process. Try again later.',
  PEER_UNAVAILABLE: 'The other process cannot do it now. Try again later.',
} as const satisfies Partial<Record<PipeErrorCode, string>>;

function unavailable(code: keyof typeof WHY): UnavailableError<PipeErrorCode> {
  return new UnavailableError(code, WHY[code]);
}
