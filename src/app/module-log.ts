import { type LogFields, type LogLevel, type LogWriter, plainWord, sentence } from '../platform/index.ts';
import { isRefusal } from '../server/index.ts';
import { codeWord, wordsOf } from './event-codes.ts';
import type { ModuleEvent } from './events.ts';

interface Line {
  readonly level: LogLevel;
  readonly fields: LogFields;
}

type Lines = { readonly [Kind in ModuleEvent['event']]: (event: Extract<ModuleEvent, { event: Kind }>) => Line | undefined };

/**
 * What of each event may stand in a log that others read. No condition, no free text, no name that somebody else chose:
 * numbers, ids, codes, and sentences of this source. Each kind of event is listed, so a new one asks what it may say.
 */
const LINES: Lines = {
  started: ({ endpoints }) => info(Object.fromEntries(Object.entries(endpoints).map(([name, url]) => [name, plainWord(url)]))),
  waiting: () => info({}),
  running: ({ channel, interval, nextGridMs }) => info({ channel: plainWord(channel), interval, nextGridMs }),
  sealed: ({ n, interval, row, readings, refused }) => debug({ n, interval, row, readings, refused }),
  cleared: ({ n, interval }) => debug({ n, interval }),
  anchored: ({ n, block, transaction, marks }) =>
    debug({ n, block, transaction: plainWord(transaction), marks: plainWord(marks.map(codeWord).join('+')) }),
  delivered: ({ n }) => debug({ n }),
  receipted: ({ n }) => debug({ n }),
  deposited: ({ n }) => info({ n }),
  erased: ({ batches }) => info({ batches }),
  dropped: ({ what, because, fromBatch, toBatch }) => ({
    level: 'warn',
    fields: { what: plainWord(what), because: plainWord(because), fromBatch, toBatch },
  }),
  'cache-full': ({ because, atLimit }) => ({ level: 'warn', fields: { because: plainWord(because), atLimit: plainWord(atLimit) } }),
  'cache-free': () => info({}),
  received: ({ n, interval, row, via }) => debug({ n, interval, row, via: plainWord(via) }),
  acknowledged: ({ n }) => debug({ n }),
  'epoch-record': ({ k, step }) => info({ k, step: plainWord(step) }),
  // That an action was done, and which, tells the condition that causes it.
  action: ({ state }) =>
    state === 'done' ? undefined : { level: state === 'failed' ? 'error' : 'warn', fields: { state: plainWord(state) } },
  claimed: ({ transaction }) => info({ transaction: plainWord(transaction) }),
  link: ({ state }) => info({ state: plainWord(state) }),
  stranger: ({ application, thumbprint }) => ({
    level: 'warn',
    fields: { application: plainWord(application), thumbprint: plainWord(thumbprint) },
  }),
  audited: ({ server, service, user, method, status, nodes, commitment }) => ({
    level: isRefusal(status) ? 'warn' : 'debug',
    fields: {
      server: plainWord(server),
      service: plainWord(service),
      user: plainWord(user),
      method: plainWord(method),
      status: plainWord(status),
      nodes,
      commitment: plainWord(commitment),
    },
  }),
  // Metrics add them up; a client that is refused without end must not fill the disk.
  refused: ({ server, service, status, count }) =>
    debug({ server: plainWord(server), service: plainWord(service), status: plainWord(status), count }),
  finding: ({ n, code }) => told('warn', code, n),
  warning: ({ code, certificate }) => {
    const line = told('warn', code);
    if (certificate === undefined) return line;
    const { application, thumbprint, because } = certificate;
    const which = { application: plainWord(application), thumbprint: plainWord(thumbprint), because: plainWord(because) };
    return { ...line, fields: { ...line.fields, ...which } };
  },
  failed: ({ code }) => ({
    level: 'error',
    fields: { code: codeWord(code ?? ''), text: sentence`The module has ended by a fault and takes no more values.` },
  }),
  'channel-failed': ({ code }) => ({
    level: 'error',
    fields: {
      code: codeWord(code ?? ''),
      text: sentence`The channel has ended by a fault or with its agreement, and takes no more values.`,
    },
  }),
  stopped: ({ sealed, anchored, receipted }) => info({ sealed, anchored, receipted }),
};

function info(fields: LogFields): Line {
  return { level: 'info', fields };
}

function debug(fields: LogFields): Line {
  return { level: 'debug', fields };
}

function told(level: LogLevel, code: string, n?: number): Line {
  const { means, remedy } = wordsOf(code);
  return { level, fields: { ...(n === undefined || n < 0 ? {} : { n }), code: codeWord(code), text: means, remedy } };
}

/**
 * The structured log of a module. It takes events of the closed union and nothing else, so no raw value, key or seed can be
 * handed to it.
 */
export class ModuleLog {
  readonly #writer: LogWriter;

  constructor(writer: LogWriter) {
    this.#writer = writer;
  }

  log(event: ModuleEvent): void {
    const line = lineOf(event);
    if (line === undefined) return;
    const { channelName } = event;
    const about = channelName === undefined ? {} : { channelName: plainWord(channelName) };
    this.#writer.write(line.level, { event: plainWord(event.event), ...about, ...line.fields });
  }

  close(): void {
    this.#writer.close();
  }
}

function lineOf<Kind extends ModuleEvent['event']>(event: Extract<ModuleEvent, { event: Kind }>): Line | undefined {
  const line = LINES[event.event] as (event: ModuleEvent) => Line | undefined;
  return line(event);
}
