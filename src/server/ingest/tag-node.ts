import {
  DataType,
  DataValue,
  type INamespace,
  type ISessionContext,
  makeAccessLevelFlag,
  type NodeId,
  type NumericRange,
  type StatusCode,
  StatusCodes,
  coerceStatusCode,
  type UAObject,
  type UAVariable,
  type UAVariableType,
  Variant,
  type VariantOptions,
} from 'node-opcua';
import { type Children, dataTypeOf, readingOf, tagId, toVariant } from '../../nodeset/index.ts';
import type { RoleIds } from '../identity/index.ts';
import { isWhole } from '../index-range.ts';
import { tagNode } from './permissions.ts';
import { ArrayGate } from './array-gate.ts';
import { lastReadings, offerArrayWrite } from './array-node.ts';
import type { TagGate } from './tag-gate.ts';
import type { OfferedReading } from './types.ts';

/** Values are sampled, never pushed: a pushed value passes no permission check in node-opcua. */
const SAMPLING_MS = 100;

export interface TagPlace {
  readonly folder: UAObject;
  readonly tagType: UAVariableType;
  readonly namespace: INamespace;
  readonly roles: RoleIds;
}

/** Makes the node of a tag. No raw value is kept in the address space, unless the tag may be read, and then for an interval. */
export function addTagNode(place: TagPlace, gate: TagGate | ArrayGate): NodeId {
  const { tag } = gate;
  const node = place.tagType.instantiate({
    browseName: { name: tag.name, namespaceIndex: place.namespace.index },
    nodeId: tagId(tag.name),
    namespace: place.namespace,
    componentOf: place.folder,
    description: tag.description ?? '',
    dataType: dataTypeOf(tag.type),
    ...(gate instanceof ArrayGate ? { valueRank: 1, arrayDimensions: [gate.tag.length] } : { valueRank: -1 }),
    minimumSamplingInterval: SAMPLING_MS,
  });
  node.accessLevel = makeAccessLevelFlag(`${gate.isReadable ? 'CurrentRead | ' : ''}CurrentWrite | StatusWrite | TimestampWrite`);
  node.setRolePermissions(tagNode(place.roles, tag));
  node.bindVariable({ timestamped_get: () => heldValue(gate) }, true);
  // node-opcua keeps what was read last: reading once more replaces it.
  gate.forgotten = () => void node.readValue();
  takeWrites(node, gate);
  bindStatusChildren(node, gate);
  return node.nodeId;
}

/** What a tag's node holds. */
export function heldValue(gate: TagGate | ArrayGate): DataValue {
  return gate instanceof ArrayGate ? lastReadings(gate) : lastReading(gate);
}

/**
 * The last accepted reading of this interval, of a tag that may be read. Where there is none the node waits for data (OPC UA
 * Part 4, clause 7.38.2), whether or not it had a value before: that it had would tell that something was written.
 */
function lastReading(gate: TagGate): DataValue {
  const reading = gate.held;
  if (reading === undefined) return new DataValue({ statusCode: StatusCodes.BadWaitingForInitialData });
  return new DataValue({
    value: reading.value === undefined ? new Variant({ dataType: DataType.Null }) : toVariant(reading.value),
    statusCode: coerceStatusCode(reading.status),
    sourceTimestamp: new Date(reading.sourceMs),
    serverTimestamp: new Date(reading.acceptedMs),
  });
}

type WriteCallback = (error: Error | null, status: StatusCode) => void;

/**
 * Replaces node-opcua's own way of writing, which would keep the value in the address space and, where an index range
 * is given, hand it over before it refuses it.
 */
function takeWrites(node: UAVariable, gate: TagGate | ArrayGate): void {
  const offer = gate instanceof ArrayGate ? offerArrayWrite.bind(undefined, gate) : offerWrite.bind(undefined, gate);
  const write = (context: ISessionContext, dataValue: DataValue, range: string | NumericRange | null, callback: WriteCallback): void => {
    const status = node.isUserWritable(context) ? offer(dataValue, range) : StatusCodes.BadUserAccessDenied.value;
    const answer = (code: number): void => callback(null, coerceStatusCode(code));
    if (typeof status === 'number') answer(status);
    else void status.then(answer);
  };
  node.writeValue = write as UAVariable['writeValue'];
}

function offerWrite(gate: TagGate, dataValue: DataValue, range: string | NumericRange | null): number | Promise<number> {
  if (!isWhole(range)) return gate.refuse(StatusCodes.BadIndexRangeNoData.value);
  let offered: OfferedReading;
  try {
    offered = readingOf(dataValue);
  } catch {
    // An array, or a type that no tag can have.
    return gate.refuse(StatusCodes.BadTypeMismatch.value);
  }
  return gate.offer(offered);
}

function bindStatusChildren(node: UAVariable, gate: TagGate | ArrayGate): void {
  const bind = (name: Children['TagType'], valueOf: () => VariantOptions): void => {
    const child = node.getChildByName(name) as UAVariable;
    child.minimumSamplingInterval = SAMPLING_MS;
    child.bindVariable({ timestamped_get: () => statusDataValue(gate, valueOf()) }, true);
  };
  bind('LastStatus', () => ({ dataType: DataType.StatusCode, value: coerceStatusCode(gate.status.lastStatus) }));
  bind('LastTime', () => ({ dataType: DataType.DateTime, value: new Date(gate.status.lastMs ?? 0) }));
  bind('AcceptedCount', () => toVariant({ type: 'UInt64', value: BigInt(gate.status.accepted) }));
  bind('RefusedCount', () => toVariant({ type: 'UInt64', value: BigInt(gate.status.refused) }));
}

function statusDataValue(gate: TagGate | ArrayGate, value: VariantOptions): DataValue {
  const { lastMs } = gate.status;
  if (lastMs === undefined) return new DataValue({ statusCode: StatusCodes.BadWaitingForInitialData });
  return new DataValue({ value, statusCode: StatusCodes.Good, sourceTimestamp: new Date(lastMs) });
}
