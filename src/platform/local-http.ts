import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RejectedError, UnavailableError } from '../core/index.ts';
import type { PlatformErrorCode } from './errors.ts';

/** What a path answers. */
export interface LocalAnswer {
  readonly status: 200 | 503;
  /** Media type. */
  readonly type: string;
  readonly body: string;
}

export type LocalRoutes = Readonly<Record<string, () => LocalAnswer | Promise<LocalAnswer>>>;

export interface LocalServer {
  /** `http://127.0.0.1:9464`, without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1']);
/** Names in a request's Host field: another one means that a web page led a browser here (DNS rebinding). */
const LOCAL_NAMES: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);
const MOST_CONNECTIONS = 16;
const PATIENCE_MS = 5000;

/**
 * Serves a few read-only pages over HTTP to this machine alone: there is no login and no encryption.
 * @param place `host` is a loopback address; port 0 takes a free one
 * @throws RejectedError `NOT_LOOPBACK`; UnavailableError `HTTP_PORT_IN_USE`, `HTTP_START_FAILED`
 */
export async function serveLocally(place: { readonly host: string; readonly port: number }, routes: LocalRoutes): Promise<LocalServer> {
  const { host, port } = place;
  if (!LOOPBACK.has(host)) {
    const message = `Metrics and health are for this machine alone: ${host} is no loopback address. Use 127.0.0.1 or ::1.`;
    throw new RejectedError<PlatformErrorCode>('NOT_LOOPBACK', message);
  }
  const server = createServer(
    { requestTimeout: PATIENCE_MS, headersTimeout: PATIENCE_MS, keepAliveTimeout: PATIENCE_MS },
    (request, response) => {
      void answer(routes, request, response);
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, host, port);
  const { port: taken } = server.address() as AddressInfo;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`, stop: () => stop(server) };
}

async function answer(routes: LocalRoutes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, type, body, allow } = await answerTo(routes, request);
  const head = {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(allow === undefined ? {} : { allow }),
  };
  response.writeHead(status, head).end(request.method === 'HEAD' ? undefined : body);
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly allow?: string;
}

async function answerTo(routes: LocalRoutes, { url, method, headers }: IncomingMessage): Promise<Answer> {
  const plain = (status: number, body: string): Answer => ({ status, type: 'text/plain; charset=utf-8', body: `${body}\n` });
  if (!LOCAL_NAMES.has(nameOf(headers.host ?? ''))) return plain(421, 'This server answers to 127.0.0.1, [::1] and localhost alone.');
  const path = (url ?? '').replace(/\?.*$/s, '');
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return plain(404, `There are ${Object.keys(routes).join(', ')}.`);
  if (method !== 'GET' && method !== 'HEAD') return { ...plain(405, 'Only GET and HEAD.'), allow: 'GET, HEAD' };
  try {
    return await route();
  } catch {
    // Its words may be of anything.
    return plain(500, 'The figures could not be read.');
  }
}

/** The name in a Host field, without the port. */
function nameOf(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(startFault(cause, host, port)));
    server.listen({ host, port, exclusive: true }, () => resolve());
  });
}

function startFault(cause: NodeJS.ErrnoException, host: string, port: number): UnavailableError<PlatformErrorCode> {
  const [code, message] =
    cause.code === 'EADDRINUSE'
      ? ([
          'HTTP_PORT_IN_USE',
          `Port ${port} for metrics and health is in use. Stop what listens there, or configure another port.`,
        ] as const)
      : (['HTTP_START_FAILED', `Metrics and health can't be served on ${host}, port ${port} (${cause.code ?? 'unknown fault'}).`] as const);
  return new UnavailableError<PlatformErrorCode>(code, message, { cause });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
