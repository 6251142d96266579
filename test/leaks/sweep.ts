import {
  AttributeIds,
  BrowseNextRequest,
  BrowseNextResponse,
  BrowseRequest,
  BrowseResponse,
  type BrowseResult,
  CallRequest,
  DataType,
  NodeClass,
  type NodeId,
  ReadRequest,
  resolveNodeId,
} from 'node-opcua';
import { type EventField, Subscription } from './monitored-items.ts';
import type { Tally } from './scene.ts';
import type { Wire } from './wire.ts';

/** A node that a session can browse to. */
export interface SweptNode {
  readonly nodeId: NodeId;
  readonly nodeClass: NodeClass;
  readonly name: string;
}

const ROOT = 'i=84';
const HIERARCHICAL = resolveNodeId('i=33');
const BROWSED_AT_ONCE = 100;
const READ_AT_ONCE = 900;
const EVERY_ATTRIBUTE = Array.from({ length: 27 }, (_, index) => index + 1);
/** Of the thousands of nodes of standard types, what could hold anything. */
const OF_TYPES = [AttributeIds.Value, AttributeIds.DisplayName, AttributeIds.Description];
/** First namespace that is not a standard model's. */
export const FIRST_OWN_NAMESPACE = 5;
/** The Server object and what stands below it has the low numbers of the standard nodeset. */
const SERVER_OBJECT = /^(?:Server|ServerStatus|ServerDiagnostics|ServerCapabilities|CurrentTime|.*Diagnostics.*|.*Count)$/;

/** Everything that a session finds by browsing from the root. */
export async function browseAll(wire: Wire, tally: Tally): Promise<SweptNode[]> {
  const nodes = new Map<string, SweptNode>();
  let frontier: NodeId[] = [resolveNodeId(ROOT)];
  while (frontier.length > 0) {
    const found: NodeId[] = [];
    for (let at = 0; at < frontier.length; at += BROWSED_AT_ONCE) {
      for (const { nodeId, nodeClass, browseName } of await references(wire, tally, frontier.slice(at, at + BROWSED_AT_ONCE))) {
        const key = nodeId.toString();
        if (nodes.has(key)) continue;
        nodes.set(key, { nodeId, nodeClass, name: browseName.name ?? '' });
        found.push(nodeId);
      }
    }
    frontier = found;
  }
  return [...nodes.values()];
}

async function references(wire: Wire, tally: Tally, nodeIds: readonly NodeId[]) {
  const nodesToBrowse = nodeIds.map((nodeId) => ({
    nodeId,
    browseDirection: 0,
    referenceTypeId: HIERARCHICAL,
    includeSubtypes: true,
    nodeClassMask: 0,
    resultMask: 63,
  }));
  const answer = await wire.send(new BrowseRequest({ nodesToBrowse }));
  tally.count('Browse', answer);
  let results = answer.response instanceof BrowseResponse ? (answer.response.results ?? []) : [];
  const all = results.flatMap(referencesOf);
  for (;;) {
    const continuationPoints = results.map(({ continuationPoint }) => continuationPoint).filter((point) => point?.length > 0);
    if (continuationPoints.length === 0) return all;
    const next = await wire.send(new BrowseNextRequest({ continuationPoints }));
    tally.count('BrowseNext', next);
    results = next.response instanceof BrowseNextResponse ? (next.response.results ?? []) : [];
    all.push(...results.flatMap(referencesOf));
  }
}

function referencesOf({ references: of }: BrowseResult) {
  return of ?? [];
}

/** Reads every attribute of every node of the server's own, and of the standard types those that could hold something. */
export async function readAll(wire: Wire, nodes: readonly SweptNode[], tally: Tally): Promise<void> {
  const items = nodes.flatMap(({ nodeId, name }) => {
    const attributes = nodeId.namespace >= FIRST_OWN_NAMESPACE || SERVER_OBJECT.test(name) ? EVERY_ATTRIBUTE : OF_TYPES;
    return attributes.map((attributeId) => ({ nodeId, attributeId }));
  });
  for (let at = 0; at < items.length; at += READ_AT_ONCE) {
    const answer = await wire.send(new ReadRequest({ timestampsToReturn: 2, nodesToRead: items.slice(at, at + READ_AT_ONCE) }));
    tally.count('Read', answer);
  }
}

const BASE_EVENT = 'i=2041';
const FIELDS_AT_ONCE = 200;
const NOTIFIERS = ['i=2253'] as const;

/** Every field of every event type that the server has. */
export async function eventFields(wire: Wire, tally: Tally): Promise<EventField[]> {
  const fields: EventField[] = [];
  let types: NodeId[] = [resolveNodeId(BASE_EVENT)];
  while (types.length > 0) {
    const subtypes: NodeId[] = [];
    for (const type of types) {
      for (const { nodeId, nodeClass, browseName } of await references(wire, tally, [type])) {
        if (isOf(nodeClass, NodeClass.ObjectType)) subtypes.push(nodeId);
        if (isOf(nodeClass, NodeClass.Variable))
          fields.push({ type: type.toString(), path: [[browseName.namespaceIndex, browseName.name ?? '']] });
      }
    }
    types = subtypes;
  }
  return fields;
}

/** The types of messages and of nodes each have an enumeration of their own. */
function isOf(given: number, wanted: NodeClass): boolean {
  return given === Number(wanted);
}

/**
 * Subscribes to every field of every event of the Server object, the models' changes among them, and asks for the
 * conditions that there are. @returns the subscription, to be listened to
 */
export async function watchEvents(wire: Wire, tally: Tally): Promise<Subscription> {
  const subscription = await Subscription.create(wire);
  const fields = await eventFields(wire, tally);
  for (const notifier of NOTIFIERS) {
    for (let at = 0; at < fields.length; at += FIELDS_AT_ONCE) {
      const request = subscription.eventItem(notifier, subscription.newHandle(), fields.slice(at, at + FIELDS_AT_ONCE));
      tally.count('Events', await wire.send(request));
    }
  }
  for (const type of ['GeneralModelChangeEventType', 'SemanticChangeEventType'] as const) {
    const id = type === 'GeneralModelChangeEventType' ? 'i=2133' : 'i=2738';
    const request = subscription.eventItem('i=2253', subscription.newHandle(), [{ type: id, path: [[0, 'Changes']] }]);
    tally.count('ModelChanges', await wire.send(request));
  }
  const refresh = new CallRequest({
    methodsToCall: [
      {
        objectId: resolveNodeId('i=2782'),
        methodId: resolveNodeId('i=3875'),
        inputArguments: [{ dataType: DataType.UInt32, value: subscription.id }],
      },
    ],
  });
  tally.count('Alarms', await wire.send(refresh));
  return subscription;
}
