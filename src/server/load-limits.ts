import type { Server, Socket } from 'node:net';
import {
  ActivateSessionRequest,
  CreateMonitoredItemsRequest,
  MessageSecurityMode,
  ModifyMonitoredItemsRequest,
  type OPCUAServer,
} from 'node-opcua';

/** Within this time a connection has to have its secure channel: strangers must not hold places by keeping silent. */
const SECURE_WITHIN_MS = 10_000;
/** Asking for the endpoints takes one request; a channel without security can't have a session. */
const UNSECURED_FOR_MS = 60_000;

export interface ConnectionTimes {
  readonly secureWithinMs?: number;
  readonly unsecuredForMs?: number;
}

/**
 * Ends connections that take a place and do nothing with it. node-opcua's own limit for both is three minutes, the one by
 * which an idle session's connection is ended, too. Call it between `initialize()` and `start()`.
 */
export function limitConnections(
  server: OPCUAServer,
  { secureWithinMs = SECURE_WITHIN_MS, unsecuredForMs = UNSECURED_FOR_MS }: ConnectionTimes = {},
): void {
  const timers = new Map<string, NodeJS.Timeout>();
  const end = (socket: Socket, key: string, afterMs: number): void => {
    clearTimeout(timers.get(key));
    timers.set(key, setTimeout(() => socket.destroy(), afterMs).unref());
  };
  for (const endpoint of server.endpoints) {
    const sockets = new Map<string, Socket>();
    (endpoint as unknown as { readonly _server: Server })._server.prependListener('connection', (socket: Socket) => {
      const key = keyOf(socket);
      sockets.set(key, socket);
      end(socket, key, secureWithinMs);
      socket.once('close', () => {
        clearTimeout(timers.get(key));
        timers.delete(key);
        sockets.delete(key);
      });
    });
    quietRefusals(endpoint);
    endpoint.on('channelSecured', (channel: Channel) => {
      const key = keyOf(channel);
      const socket = sockets.get(key);
      if (socket === undefined) return;
      if (channel.securityMode === MessageSecurityMode.None) end(socket, key, unsecuredForMs);
      else clearTimeout(timers.get(key));
    });
  }
}

interface Channel {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly securityMode: MessageSecurityMode;
}

/** node-opcua tells each connection that it refuses for want of room on the console: a stranger's way to fill a log. */
function quietRefusals(endpoint: object): void {
  type Take = (establish: () => void, deny: () => void) => void;
  const door = endpoint as { _prevent_DDOS_Attack: Take };
  const take = door._prevent_DDOS_Attack.bind(door);
  door._prevent_DDOS_Attack = (establish, deny) => take(quietly(establish), quietly(deny));
}

function quietly(work: () => void): () => void {
  return () => {
    const log: unknown = Reflect.get(console, 'log');
    Reflect.set(console, 'log', () => undefined);
    try {
      work();
    } finally {
      Reflect.set(console, 'log', log);
    }
  };
}

/**
 * Keeps the queue of a monitored item within a length: node-opcua's own bound is fixed, whatever the server's capabilities
 * tell. An item of which more is asked gets this (OPC UA Part 4, clause 7.21: the server revises it).
 */
export function limitQueues(server: OPCUAServer, most: number): void {
  server.on('request', (request) => {
    if (request instanceof CreateMonitoredItemsRequest) request.itemsToCreate?.forEach(bound);
    if (request instanceof ModifyMonitoredItemsRequest) request.itemsToModify?.forEach(bound);
  });
  const bound = ({ requestedParameters }: { readonly requestedParameters?: { queueSize: number } | null }): void => {
    if (requestedParameters && requestedParameters.queueSize > most) requestedParameters.queueSize = most;
  };
}

/** Of the languages that a session asks for (OPC UA Part 4, clause 5.7.3); a locale's id (RFC 5646) has some 35 characters at most. */
const MOST_LOCALES = 32;
const LONGEST_LOCALE = 64;

/** Keeps what a session asks for in the way of languages within bounds: it is kept for as long as the session. */
export function limitLocales(server: OPCUAServer): void {
  server.on('request', (request) => {
    if (!(request instanceof ActivateSessionRequest) || !request.localeIds) return;
    request.localeIds = request.localeIds.slice(0, MOST_LOCALES).filter((id) => (id?.length ?? 0) <= LONGEST_LOCALE);
  });
}

function keyOf({
  remoteAddress,
  remotePort,
}: {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}): string {
  return `${remoteAddress ?? ''} ${remotePort ?? 0}`;
}
