import { type OPCUAServer, type Response, ServiceFault, StatusCodes } from 'node-opcua';

/*
 * node-opcua starts the work on a request and lets go of it: what the work throws later, because of a filter or a value
 * that nobody thought of, would end the process; what it throws at once would reach the client as text with a stack trace.
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
 * Answers a request whose work fails with BadInternalError (OPC UA Part 4, clause 7.39.2) and nothing else, and goes on. Call
 * it after `initialize()`.
 */
export function guardRequests(server: OPCUAServer): void {
  const services = server as unknown as Record<string, Service>;
  for (const name of methodNames(server).filter((each) => SERVICE.test(each))) services[name] = guarded(services[name]!);
  // Most services do their work in here, and do not wait for it.
  const methods = server as unknown as { _apply_on_SessionObject: SessionWork };
  const work = methods._apply_on_SessionObject.bind(server);
  methods._apply_on_SessionObject = (response, message, channel, action) =>
    work(response, message, channel, action).catch(() => refuse(message, channel));
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
