import {
  AttributeIds,
  type CallMethodRequest,
  type CallMethodResultOptions,
  coerceStatusCode,
  DataType,
  DataValue,
  type IAddressSpace,
  NodeId,
  type NumericRange,
  type RaiseEventData,
  type SessionContext,
  type StatusCode,
  type UAObject,
  type UAObjectType,
  Variant,
  VariantArrayType,
  type WriteValue,
} from 'node-opcua';
import type { Clock } from '../../core/index.ts';
import type { AuditCommitments } from './commitments.ts';
import type { Asker, AuditSink } from './services.ts';

/** Severities of events (OPC UA Part 5, clause 6.4.2): what was done, and what somebody tried in vain. */
const DONE = 100;
const REFUSED = 500;
const NOTHING = new DataValue({});
const TAKEN = 'taken';

export interface AuditEventsParts {
  readonly space: IAddressSpace;
  readonly commitments: AuditCommitments;
  readonly clock: Clock;
  /** ApplicationUri of the server. */
  readonly serverId: string;
  /** The user of a session: thumbprint or name. */
  readonly userOf: (context: SessionContext) => string;
  /** True for nodes that the auditor may have events of; of all others the Server object is named as the source. */
  readonly isSource: (nodeId: NodeId) => boolean;
  /** The value that a node holds; absent where no node of the server holds one. */
  readonly heldBy?: (nodeId: NodeId) => DataValue | undefined;
}

/**
 * Raises AuditWriteUpdateEventType and AuditUpdateMethodEventType (OPC UA Part 5, clauses 6.4.25 and 6.4.29), which node-opcua
 * does not: for each Write request one event for all that was written and one for each status that was refused, and for each
 * Call request one for each method that was done and one for each status that was refused. So a request cannot flood an
 * auditor, however many nodes it names. Values stand in them as commitments. Nothing is worked out while nobody watches the
 * Server object.
 */
export class AuditEvents implements AuditSink {
  readonly #parts: AuditEventsParts;
  readonly #server: UAObject;
  readonly #writeType: UAObjectType;
  readonly #callType: UAObjectType;
  #request = 0;

  constructor(parts: AuditEventsParts) {
    this.#parts = parts;
    this.#server = parts.space.rootFolder.objects.server;
    this.#writeType = parts.space.findEventType('AuditWriteUpdateEventType') as UAObjectType;
    this.#callType = parts.space.findEventType('AuditUpdateMethodEventType') as UAObjectType;
  }

  writing(asker: Asker, nodes: readonly WriteValue[]): ((results: readonly StatusCode[]) => void) | undefined {
    const number = ++this.#request;
    if (this.#server.listenerCount('event') === 0) return undefined;
    const { heldBy } = this.#parts;
    const before = heldBy === undefined ? [] : nodes.map(({ nodeId }) => heldBy(nodeId) ?? NOTHING);
    return (results) => this.#written({ asker, number, nodes, before }, results);
  }

  called(asker: Asker, methods: readonly CallMethodRequest[], results: readonly CallMethodResultOptions[]): void {
    const number = ++this.#request;
    if (this.#server.listenerCount('event') === 0) return;
    const statuses = methods.map((_, index) => statusOf(results[index]?.statusCode));
    const together = Map.groupBy(methods.keys(), (index) => {
      const status = statuses[index] as StatusCode;
      return isRefused(status) ? status.name : `${status.name} ${String(methods[index]?.methodId)}`;
    });
    for (const of of together.values()) {
      const calls = of.map((index) => methods[index] as CallMethodRequest);
      this.#raiseCall({ asker, number, calls }, statuses[of[0] as number] as StatusCode);
    }
  }

  #raiseCall({ asker, number, calls }: CallsSeen, status: StatusCode): void {
    const ids = new Set(calls.map(({ methodId }) => methodId.toString()));
    this.#server.raiseEvent(this.#callType, {
      ...this.#common({ asker, number, service: 'Call', operations: calls.length }, status),
      sourceNode: nodeIdField(this.#server.nodeId),
      methodId: nodeIdField(ids.size === 1 ? (calls[0] as CallMethodRequest).methodId : NodeId.nullNodeId),
      statusCodeId: { dataType: DataType.StatusCode, value: status },
      inputArguments: new Variant({
        dataType: DataType.ByteString,
        arrayType: VariantArrayType.Array,
        value: [this.#parts.commitments.commit('arguments', number, calls)],
      }),
    });
  }

  #written(request: WriteRequestSeen, results: readonly StatusCode[]): void {
    const together = Map.groupBy(results.keys(), (index) => {
      const status = results[index] as StatusCode;
      return isRefused(status) ? status.name : TAKEN;
    });
    const taken = together.get(TAKEN);
    together.delete(TAKEN);
    for (const of of together.values()) this.#raiseWrite(request, of, results[of[0] as number] as StatusCode);
    if (taken !== undefined) this.#raiseWrite(request, taken, coerceStatusCode(0));
  }

  #raiseWrite({ asker, number, nodes, before }: WriteRequestSeen, of: readonly number[], status: StatusCode): void {
    const written = of.map((index) => nodes[index] as WriteValue);
    const only = written.length === 1 ? written[0] : undefined;
    const { commitments } = this.#parts;
    this.#server.raiseEvent(this.#writeType, {
      ...this.#common({ asker, number, service: 'Write', operations: of.length }, status),
      sourceNode: nodeIdField(this.#sourceOf(only)),
      attributeId: { dataType: DataType.UInt32, value: written[0]?.attributeId ?? AttributeIds.Value },
      indexRange: { dataType: DataType.String, value: rangeOf(only?.indexRange) },
      oldValue: bytesField(commitments.commit('old value', number, partsOf(before, of))),
      newValue: bytesField(commitments.commit('new value', number, written)),
    });
  }

  #common({ asker, number, service, operations }: Told, status: StatusCode): RaiseEventData {
    const isDone = !isRefused(status);
    const times = operations === 1 ? '' : `, ${operations} times`;
    const { clock, serverId, userOf } = this.#parts;
    return {
      actionTimeStamp: { dataType: DataType.DateTime, value: new Date(clock.now()) },
      status: { dataType: DataType.Boolean, value: isDone },
      serverId: { dataType: DataType.String, value: serverId },
      clientAuditEntryId: { dataType: DataType.String, value: asker.clientEntryId },
      clientUserId: { dataType: DataType.String, value: userOf(asker.context) },
      sourceName: { dataType: DataType.String, value: `Attribute/${service}` },
      severity: { dataType: DataType.UInt16, value: isDone ? DONE : REFUSED },
      message: { dataType: DataType.LocalizedText, value: { locale: 'en', text: `${service} ${number}: ${status.name}${times}` } },
    };
  }

  #sourceOf(written: WriteValue | undefined): NodeId {
    return written !== undefined && this.#parts.isSource(written.nodeId) ? written.nodeId : this.#server.nodeId;
  }
}

interface Told {
  readonly asker: Asker;
  readonly number: number;
  readonly service: 'Write' | 'Call';
  /** Nodes or methods of the request that got this status. */
  readonly operations: number;
}

interface CallsSeen {
  readonly asker: Asker;
  readonly number: number;
  readonly calls: readonly CallMethodRequest[];
}

interface WriteRequestSeen {
  readonly asker: Asker;
  /** Of the request among all since the start. */
  readonly number: number;
  readonly nodes: readonly WriteValue[];
  /** What the nodes held; empty where none of the server holds anything. */
  readonly before: readonly DataValue[];
}

function partsOf(before: readonly DataValue[], of: readonly number[]): readonly DataValue[] {
  return before.length === 0 ? [] : of.map((index) => before[index] ?? NOTHING);
}

function nodeIdField(value: NodeId): Variant {
  return new Variant({ dataType: DataType.NodeId, value });
}

function bytesField(value: Buffer): Variant {
  return new Variant({ dataType: DataType.ByteString, value });
}

function isRefused(status: StatusCode): boolean {
  return status.value >>> 31 === 1;
}

function statusOf(status: CallMethodResultOptions['statusCode']): StatusCode {
  return coerceStatusCode(status ?? 0);
}

function rangeOf(range: NumericRange | undefined): string {
  return range === undefined || range.isEmpty() ? '' : (range.toEncodeableString() ?? '');
}
