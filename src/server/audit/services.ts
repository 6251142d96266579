import type { CallMethodRequest, CallMethodResultOptions, OPCUAServer, SessionContext, StatusCode, WriteValue } from 'node-opcua';

/** Who asked, as audits name it (OPC UA Part 5, clause 6.4.3). */
export interface Asker {
  readonly context: SessionContext;
  /** What the client itself calls the request; empty where it gives no name. */
  readonly clientEntryId: string;
}

/** Told of every Write and every Call that a session made, with what it was answered. */
export interface AuditSink {
  /** Before anything is written. @returns what is to be told of it when it was answered; undefined where nobody listens */
  writing(asker: Asker, nodes: readonly WriteValue[]): ((results: readonly StatusCode[]) => void) | undefined;
  called(asker: Asker, methods: readonly CallMethodRequest[], results: readonly CallMethodResultOptions[]): void;
}

/** What of node-opcua's engine is replaced here: it raises no audit events of these services by itself. */
interface AuditedEngine {
  write(context: SessionContext, nodesToWrite: WriteValue[]): Promise<StatusCode[]>;
  call(context: SessionContext, methodsToCall: CallMethodRequest[]): Promise<CallMethodResultOptions[]>;
}

const LONGEST_ENTRY_ID = 256;

/** Tells the sink of all writes and calls, denied ones included. Call it after whatever else replaces how they are done. */
export function auditServices(server: OPCUAServer, sink: AuditSink): void {
  const engine = server.engine as unknown as AuditedEngine;
  const write = engine.write.bind(engine);
  const call = engine.call.bind(engine);
  const entryIds = entryIdsOf(server);
  engine.write = async (context, nodes) => {
    const answered = quietly(() => sink.writing({ context, clientEntryId: entryIds.get(nodes) ?? '' }, nodes));
    const results = await write(context, nodes);
    quietly(() => answered?.(results));
    return results;
  };
  engine.call = async (context, methods) => {
    const results = await call(context, methods);
    quietly(() => sink.called({ context, clientEntryId: entryIds.get(methods) ?? '' }, methods, results));
    return results;
  };
}

/** The name that a client gives its request stands in the request's header, which the engine does not get. */
function entryIdsOf(server: OPCUAServer): WeakMap<object, string> {
  const entryIds = new WeakMap<object, string>();
  server.on('request', (request: { requestHeader: { auditEntryId?: unknown }; nodesToWrite?: unknown; methodsToCall?: unknown }) => {
    const { auditEntryId } = request.requestHeader;
    const operations = request.nodesToWrite ?? request.methodsToCall;
    if (typeof auditEntryId !== 'string' || auditEntryId === '' || typeof operations !== 'object' || operations === null) return;
    entryIds.set(operations, auditEntryId.slice(0, LONGEST_ENTRY_ID));
  });
  return entryIds;
}

/** What was done is done: an audit that fails must neither undo the answer nor end the process. */
function quietly<Result>(tell: () => Result): Result | undefined {
  try {
    return tell();
  } catch {
    return undefined;
  }
}
