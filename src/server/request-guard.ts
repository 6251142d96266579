import type { Server, Socket } from 'node:net';
import {
  MonitoredItemCreateResult,
  type OPCUAServer,
  type Response,
  ServiceFault,
  type ServerSession,
  type StatusCode,
  StatusCodes,
  type Subscription,
} from 'node-opcua';
import { guardItem, judgeFilter } from './filter-guard.ts';

/*
 * What a hostile client can make node-opcua throw, and what becomes of it. node-opcua starts the work on a request and lets
 * go of it: what the work throws later would end the process, and what it throws at once would reach the client as text
 * with a stack trace. Bytes that decode to nothing make it throw before there is a request.
 */

/** A request on its way, and the secure channel that its answer takes. */
type Message = object;
interface Channel {
  send_response(kind: 'MSG', response: Response, message: Message): void;
}
type Service = (this: OPCUAServer, message: Message, channel: Channel) => unknown;

/** How node-opcua names the methods that do a service's work. */
const SERVICE = /^_on_\w+Request$/;

/**
 * Lets a server go on whatever a client sends: a request whose work fails is answered with BadInternalError (OPC UA Part 4,
 * clause 7.39.2) and nothing else, and a connection whose bytes make the decoder fail is closed. Call it between
 * `initialize()` and `start()`.
 */
export function guardRequests(server: OPCUAServer): void {
  for (const endpoint of server.endpoints) {
    (endpoint as unknown as { readonly _server: Server })._server.prependListener('connection', closeOnFault);
  }
  server.on('create_session', (session: ServerSession) => session.on('new_subscription', guardItems));
  const services = server as unknown as Record<string, Service>;
  for (const name of methodNames(server).filter((each) => SERVICE.test(each))) services[name] = guarded(services[name]!);
  // Most services do their work in here, and do not wait for it.
  const methods = server as unknown as { _apply_on_SessionObject: SessionWork };
  const work = methods._apply_on_SessionObject.bind(server);
  methods._apply_on_SessionObject = (response, message, channel, action) =>
    work(response, message, channel, action).catch(() => refuse(message, channel));
}

function closeOnFault(socket: Socket): void {
  const emit = socket.emit.bind(socket) as (...args: unknown[]) => boolean;
  socket.emit = (...args: unknown[]) => {
    try {
      return emit(...args);
    } catch {
      socket.destroy();
      return true;
    }
  };
}

/**
 * An item whose making fails half-way would stay in its subscription, without a node; ending the subscription, which a timer
 * does at the latest, would then throw. It is taken out again, and refused alone (OPC UA Part 4, clause 5.13.2).
 */
function guardItems(subscription: Subscription): void {
  subscription.on('monitoredItem', guardItem);
  const { monitoredItems, globalCounter } = subscription as unknown as SubscriptionItems;
  const create = subscription.preCreateMonitoredItem.bind(subscription);
  subscription.preCreateMonitoredItem = (addressSpace, timestamps, request) => {
    const { itemToMonitor, requestedParameters } = request;
    const judged = judgeFilter(requestedParameters.filter, itemToMonitor.attributeId);
    if (judged.isNotGood()) return refused(judged);
    const count = monitoredItems.size;
    try {
      return create(addressSpace, timestamps, request);
    } catch {
      const latest = [...monitoredItems.keys()].at(-1);
      if (monitoredItems.size > count && latest !== undefined) {
        monitoredItems.delete(latest);
        globalCounter.totalMonitoredItemCount--;
      }
      return refused(requestedParameters.filter ? StatusCodes.BadMonitoredItemFilterInvalid : StatusCodes.BadInternalError);
    }
    function refused(statusCode: StatusCode) {
      return { createResult: new MonitoredItemCreateResult({ statusCode }), monitoredItemCreateRequest: request };
    }
  };
}

interface SubscriptionItems {
  readonly monitoredItems: Map<number, unknown>;
  readonly globalCounter: { totalMonitoredItemCount: number };
}

type SessionWork = (response: unknown, message: Message, channel: Channel, action: unknown) => Promise<void>;

function guarded(service: Service): Service {
  return function (this: OPCUAServer, message, channel) {
    try {
      const work = service.call(this, message, channel);
      if (work instanceof Promise) work.catch(() => refuse(message, channel));
    } catch {
      refuse(message, channel);
    }
  };
}

function refuse(message: Message, channel: Channel): void {
  try {
    channel.send_response('MSG', new ServiceFault({ responseHeader: { serviceResult: StatusCodes.BadInternalError } }), message);
  } catch {
    // The connection is gone, or cannot even carry this.
  }
}

function methodNames(server: object): string[] {
  const names = new Set<string>();
  for (let each: object | null = server; each !== null && each !== Object.prototype; each = Object.getPrototypeOf(each) as object | null) {
    for (const name of Object.getOwnPropertyNames(each)) names.add(name);
  }
  return [...names];
}
