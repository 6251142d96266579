import { Socket } from 'node:net';
import { silenceStackLog } from '../../nodeset/index.ts';
import { MessagePipe } from '../pipe/index.ts';
import { ChildServer } from './child-server.ts';
import { CHILD_SAYS, MODULE_SAYS, MOST_BYTES_FROM_CHILD, MOST_BYTES_TO_CHILD, MOST_OPEN, type StartConfig } from './contract.ts';
import type { ModulePipe } from './methods.ts';

/*
 * The process of a cleared server. It gets everything by the pipe on file descriptor 3, never holds a raw value, and
 * ends when the pipe does: with its parent, or by its parent's will.
 */

const PIPE_FD = 3;

let server: Promise<ChildServer> | undefined;

function started(): Promise<ChildServer> {
  return server ?? Promise.reject(new Error('The server was not started.'));
}

/** A message that cannot be obeyed means that parent and child disagree: the parent starts another child. */
function obey(work: (server: ChildServer) => void): void {
  started().then(work).catch(leave);
}

function leave(cause: unknown): void {
  if (cause !== undefined) process.stderr.write(`${cause instanceof Error ? cause.message : 'unknown fault'}\n`);
  process.exit(cause === undefined ? 0 : 1);
}

async function start(config: StartConfig): Promise<{ outcome: 'started' | 'portInUse' | 'failed'; port: number; why: string }> {
  if (server !== undefined) throw new Error('The server was started before.');
  server = ChildServer.start(config, pipe);
  try {
    return { outcome: 'started', port: (await server).port, why: '' };
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown fault';
    return { outcome: /EADDRINUSE/.test(why) ? 'portInUse' : 'failed', port: 0, why: why.split('\n')[0] ?? '' };
  }
}

// A terminal's Ctrl-C reaches the whole process group, but the server has to last as long as its parent needs to stop.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

// What it writes to stderr may reach the module's log.
silenceStackLog();

const pipe: ModulePipe = new MessagePipe(new Socket({ fd: PIPE_FD, readable: true, writable: true }), {
  out: CHILD_SAYS,
  in: MODULE_SAYS,
  mostBytesIn: MOST_BYTES_TO_CHILD,
  mostBytesOut: MOST_BYTES_FROM_CHILD,
  mostOpen: MOST_OPEN,
  closed: leave,
  handlers: {
    notices: {
      publish: ({ publications }) => obey((running) => running.publish(publications)),
      batchState: (state) => obey((running) => running.batchState(state)),
      trust: (material) => obey((running) => running.trust(material)),
      identity: (identity) => obey((running) => running.renew(identity)),
    },
    requests: {
      start,
      ping: () => Promise.resolve({}),
      stop: async () => {
        await (await started()).stop();
        return {};
      },
    },
  },
});
