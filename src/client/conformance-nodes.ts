import { AccessLevelFlag, AttributeIds, type DataValue, NodeClass, type NodeId, StatusCodes } from 'node-opcua';
import { channelNodeId, INSTANCE_URI, inNamespace, type NodesetDocument, streamId } from '../nodeset/index.ts';
import { type ConformanceLine, found, missing, wrong } from './conformance-lines.ts';
import { membersOf, type ModelArgument, type ModelMember } from './conformance-model.ts';
import type { SessionView } from './link.ts';

/** A channel doesn't say it where it speaks version 0. */
const MAY_LACK = new Set(['ProtocolVersions']);
const CLASSES: Readonly<Record<ModelMember['nodeClass'], NodeClass>> = {
  Object: NodeClass.Object,
  Variable: NodeClass.Variable,
  Method: NodeClass.Method,
};
const WRITES = AccessLevelFlag.CurrentWrite | AccessLevelFlag.HistoryWrite;

export interface NodePlace {
  readonly view: SessionView;
  readonly namespaces: readonly string[];
  readonly model: NodesetDocument;
  readonly channel: string;
}

/** Looks for every node of a channel that the information model asks for, and at its attributes. */
export async function inspectNodes(place: NodePlace, streams: readonly string[]): Promise<ConformanceLine[]> {
  const { channel } = place;
  const lines = await inspectMembers(place, channel, channelNodeId(channel), 'ClearedChannelType');
  for (const batch of ['LastBatch', 'LastAnchoredBatch'])
    lines.push(...(await inspectMembers(place, `${channel}/${batch}`, `${channelNodeId(channel)}-${batch}`, 'BatchType')));
  for (const stream of streams)
    lines.push(...(await inspectMembers(place, `${channel}/Streams/${stream}`, streamId(channel, stream), 'StreamType')));
  return lines;
}

async function inspectMembers(place: NodePlace, about: string, id: string, type: string): Promise<ConformanceLine[]> {
  const { view, model } = place;
  const self = await readOne(view, inNamespace(INSTANCE_URI, id), AttributeIds.NodeClass);
  if (self.statusCode.equals(StatusCodes.BadNodeIdUnknown)) return [missing(about, `there is no node ${inNamespace(INSTANCE_URI, id)}`)];
  const lines: ConformanceLine[] = [classFault(about, self, 'Object') ?? found(about, inNamespace(INSTANCE_URI, id))];
  for (const member of membersOf(model, type))
    lines.push(await inspectMember(place, `${about}/${member.name}`, `${id}-${member.name}`, member));
  return lines;
}

async function inspectMember(place: NodePlace, about: string, id: string, member: ModelMember): Promise<ConformanceLine> {
  const nodeId = inNamespace(INSTANCE_URI, id);
  const nodeClass = await readOne(place.view, nodeId, AttributeIds.NodeClass);
  if (nodeClass.statusCode.equals(StatusCodes.BadNodeIdUnknown)) {
    return MAY_LACK.has(member.name) ? found(about, 'not there, which says version 0') : missing(about, `there is no node ${nodeId}`);
  }
  const fault = classFault(about, nodeClass, member.nodeClass);
  if (fault !== undefined) return fault;
  if (member.nodeClass === 'Variable') return inspectVariable(place, about, nodeId, member.dataType ?? '');
  return member.nodeClass === 'Method' ? inspectMethod(place, about, nodeId, member) : found(about, 'Object');
}

function classFault(about: string, { statusCode, value }: DataValue, expected: ModelMember['nodeClass']): ConformanceLine | undefined {
  if (!statusCode.isGood()) return wrong(about, `its NodeClass can't be read (${statusCode.name})`);
  return value.value === CLASSES[expected] ? undefined : wrong(about, `it is no ${expected}`);
}

async function inspectVariable(place: NodePlace, about: string, nodeId: string, dataType: string): Promise<ConformanceLine> {
  const type = nameOf(place, (await readOne(place.view, nodeId, AttributeIds.DataType)).value.value);
  if (type !== dataType) return wrong(about, `its DataType is ${type} instead of ${dataType}`);
  const access: unknown = (await readOne(place.view, nodeId, AttributeIds.AccessLevel)).value.value;
  if (typeof access !== 'number' || (access & AccessLevelFlag.CurrentRead) === 0)
    return wrong(about, 'its AccessLevel does not let it be read');
  return (access & WRITES) === 0 ? found(about, type) : wrong(about, 'its AccessLevel lets it be written');
}

async function inspectMethod(place: NodePlace, about: string, nodeId: string, member: ModelMember): Promise<ConformanceLine> {
  for (const [name, expected] of [
    ['InputArguments', member.inputs],
    ['OutputArguments', member.outputs],
  ] as const) {
    const { statusCode, value } = await readOne(place.view, `${nodeId}-${name}`, AttributeIds.Value);
    // What takes or gives nothing need not have the property.
    if (!statusCode.isGood() && !statusCode.equals(StatusCodes.BadNodeIdUnknown))
      return wrong(about, `its ${name} can't be read (${statusCode.name})`);
    const actual = ((Array.isArray(value.value) ? value.value : []) as readonly { name: string; dataType: NodeId }[]).map((each) => ({
      name: each.name,
      dataType: nameOf(place, each.dataType),
    }));
    if (listed(actual) !== listed(expected))
      return wrong(about, `its ${name} are ${listed(actual) || 'none'} instead of ${listed(expected) || 'none'}`);
  }
  return found(about, `takes ${listed(member.inputs) || 'nothing'}; gives ${listed(member.outputs) || 'nothing'}`);
}

/** A NodeId with the URI of its namespace. */
function nameOf({ namespaces }: NodePlace, value: unknown): string {
  const id = value as NodeId | null;
  if (id === null || typeof id !== 'object') return 'none';
  const text = id.toString().replace(/^ns=\d+;/, '');
  return id.namespace === 0 ? text : inNamespace(namespaces[id.namespace] ?? '', text);
}

function listed(args: readonly ModelArgument[]): string {
  return args.map(({ name, dataType }) => `${name} (${dataType})`).join(', ');
}

function readOne(view: SessionView, nodeId: string, attributeId: AttributeIds): Promise<DataValue> {
  return view.session.read({ nodeId: view.nodeId(nodeId), attributeId });
}
