import {
  AddNodesRequest,
  AddReferencesRequest,
  AttributeIds,
  BrowseDirection,
  BrowseRequest,
  CallRequest,
  DeleteNodesRequest,
  DeleteReferencesRequest,
  HistoryReadRequest,
  HistoryUpdateRequest,
  makeBrowsePath,
  ReadAtTimeDetails,
  ReadEventDetails,
  ReadProcessedDetails,
  ReadRawModifiedDetails,
  ReadRequest,
  RegisterNodesRequest,
  type Request,
  resolveNodeId,
  TranslateBrowsePathsToNodeIdsRequest,
  UnregisterNodesRequest,
  WriteRequest,
} from 'node-opcua';
import { READABLE_TAG } from './canary-policy.ts';
import type { ServiceName } from './services.ts';

/** One way to ask a server about one node. */
export interface NodeProbe {
  readonly service: ServiceName;
  /** What of the service: an attribute, a kind of history. */
  readonly about: string;
  readonly request: (nodeId: string) => Request;
}

const VALUE = AttributeIds.Value;
/** All attributes (OPC UA Part 6, annex A.1). */
const ATTRIBUTES = Array.from({ length: 27 }, (_, index) => index + 1);
const HIERARCHICAL = 'i=33';

function read(nodeId: string, more: object = {}, item: object = {}): Request {
  return new ReadRequest({ timestampsToReturn: 2, ...more, nodesToRead: [{ nodeId, attributeId: VALUE, ...item }] });
}

const READS: readonly NodeProbe[] = [
  ...ATTRIBUTES.map((attributeId) => ({
    service: 'Read' as const,
    about: `attribute ${AttributeIds[attributeId] ?? attributeId}`,
    request: (nodeId: string) => read(nodeId, {}, { attributeId }),
  })),
  ...[0, 1, 3].map((timestampsToReturn) => ({
    service: 'Read' as const,
    about: `timestamps ${timestampsToReturn}`,
    request: (nodeId: string) => read(nodeId, { timestampsToReturn }),
  })),
  ...[60_000, 0x7fffffff].map((maxAge) => ({
    service: 'Read' as const,
    about: `maxAge ${maxAge}`,
    request: (nodeId: string) => read(nodeId, { maxAge }),
  })),
  { service: 'Read', about: 'index range', request: (nodeId) => read(nodeId, {}, { indexRange: '0:1' }) },
  { service: 'Read', about: 'encoding', request: (nodeId) => read(nodeId, {}, { dataEncoding: { name: 'Default XML' } }) },
];

const BROWSES: readonly NodeProbe[] = [BrowseDirection.Forward, BrowseDirection.Inverse, BrowseDirection.Both].map((browseDirection) => ({
  service: 'Browse',
  about: BrowseDirection[browseDirection],
  request: (nodeId) =>
    new BrowseRequest({
      nodesToBrowse: [{ nodeId, browseDirection, referenceTypeId: null, includeSubtypes: true, nodeClassMask: 0, resultMask: 63 }],
    }),
}));

/** Names below a tag that would tell its limits, its counts, or that it exists. */
const BELOW = ['0:EURange', '0:InstrumentRange', '0:EngineeringUnits', '0:ValuePrecision', '5:LastStatus', '5:AcceptedCount'];
const TRANSLATES: readonly NodeProbe[] = BELOW.map((name) => ({
  service: 'TranslateBrowsePathsToNodeIds',
  about: name,
  request: (nodeId) => new TranslateBrowsePathsToNodeIdsRequest({ browsePaths: [makeBrowsePath(nodeId, `.${name}`)] }),
}));

/** From a tag that a role may read, up, and down through the node: leads somewhere only where the node is. */
const THROUGH: NodeProbe = {
  service: 'TranslateBrowsePathsToNodeIds',
  about: 'through it',
  request: (nodeId) => {
    const [, namespaceIndex = '0', name = ''] = /^ns=(\d+);s=(?:.*\/)?([^/]*)$/.exec(nodeId) ?? [];
    const step = (referenceTypeId: string, isInverse: boolean, index: number, target: string) => ({
      referenceTypeId: resolveNodeId(referenceTypeId),
      isInverse,
      includeSubtypes: true,
      targetName: { namespaceIndex: index, name: target },
    });
    const elements = [
      step(HAS_COMPONENT, true, OWN_TYPES, 'Tags'),
      step(HAS_COMPONENT, false, Number(namespaceIndex), name),
      step(HAS_TYPE_DEFINITION, false, OWN_TYPES, 'TagType'),
    ];
    const startingNode = resolveNodeId(`ns=${namespaceIndex};s=Tags/${READABLE_TAG}`);
    return new TranslateBrowsePathsToNodeIdsRequest({ browsePaths: [{ startingNode, relativePath: { elements } }] });
  },
};
const HAS_COMPONENT = 'i=47';
const HAS_TYPE_DEFINITION = 'i=40';
/** Index of the namespace of our types. */
const OWN_TYPES = 5;

/** HistoryRead of a kind, from ten minutes ago to the end of time. */
function history(about: string, details: () => object): NodeProbe {
  return {
    service: 'HistoryRead',
    about,
    request: (nodeId) =>
      new HistoryReadRequest({
        historyReadDetails: details() as never,
        timestampsToReturn: 2,
        nodesToRead: [{ nodeId: resolveNodeId(nodeId) }],
      }),
  };
}

const span = (): { startTime: Date; endTime: Date } => ({
  startTime: new Date(Date.now() - 600_000),
  endTime: new Date(Date.now() + 600_000),
});
const AGGREGATES = { average: 2342, minimum: 2346, maximum: 2347, count: 2352, total: 2344, start: 2357 } as const;

const HISTORIES: readonly NodeProbe[] = [
  history('raw', () => new ReadRawModifiedDetails({ ...span(), isReadModified: false, numValuesPerNode: 0, returnBounds: false })),
  history('raw with bounds', () => new ReadRawModifiedDetails({ ...span(), numValuesPerNode: 10, returnBounds: true })),
  history('modified', () => new ReadRawModifiedDetails({ ...span(), isReadModified: true, numValuesPerNode: 0 })),
  history('at time', () => new ReadAtTimeDetails({ reqTimes: [new Date()], useSimpleBounds: true })),
  history('events', () => new ReadEventDetails({ ...span(), numValuesPerNode: 0 })),
  ...Object.entries(AGGREGATES).map(([name, id]) =>
    history(
      name,
      () =>
        new ReadProcessedDetails({
          ...span(),
          processingInterval: 60_000,
          aggregateType: [resolveNodeId(`i=${id}`)],
          aggregateConfiguration: { useServerCapabilitiesDefaults: true },
        }),
    ),
  ),
];

/** Methods that take any object: of conditions, of the server, of files and of roles. */
const METHODS = {
  itself: undefined,
  ConditionRefresh: 3875,
  Acknowledge: 9111,
  GetMonitoredItems: 11_492,
  Open: 11_580,
  AddIdentity: 15_624,
};
const CALLS: readonly NodeProbe[] = Object.entries(METHODS).map(([name, id]) => ({
  service: 'Call',
  about: name,
  request: (nodeId) =>
    new CallRequest({
      methodsToCall: [{ objectId: resolveNodeId(nodeId), methodId: resolveNodeId(id === undefined ? nodeId : `i=${id}`) }],
    }),
}));

const WRITES: readonly NodeProbe[] = [VALUE, AttributeIds.DisplayName, AttributeIds.Historizing, AttributeIds.RolePermissions].map(
  (attributeId) => ({
    service: 'Write',
    about: `attribute ${AttributeIds[attributeId]}`,
    request: (nodeId) =>
      new WriteRequest({
        nodesToWrite: [{ nodeId: resolveNodeId(nodeId), attributeId, value: { value: { dataType: 'Double', value: 1 } } }],
      }),
  }),
);

/** Services of node management and history that no server of ours has: they must say so, whatever the node is. */
const ABSENT: readonly NodeProbe[] = [
  {
    service: 'AddNodes',
    about: 'below it',
    request: (nodeId) => new AddNodesRequest({ nodesToAdd: [{ parentNodeId: nodeId as never, referenceTypeId: HIERARCHICAL }] }),
  },
  { service: 'DeleteNodes', about: 'it', request: (nodeId) => new DeleteNodesRequest({ nodesToDelete: [{ nodeId: nodeId }] }) },
  {
    service: 'AddReferences',
    about: 'from it',
    request: (nodeId) => new AddReferencesRequest({ referencesToAdd: [{ sourceNodeId: nodeId }] }),
  },
  {
    service: 'DeleteReferences',
    about: 'from it',
    request: (nodeId) => new DeleteReferencesRequest({ referencesToDelete: [{ sourceNodeId: nodeId }] }),
  },
  { service: 'HistoryUpdate', about: 'of it', request: () => new HistoryUpdateRequest({}) },
];

/** Every way to ask about one node that gives its answer at once. Monitored items are asked for elsewhere. */
export const NODE_PROBES: readonly NodeProbe[] = [
  ...READS,
  ...BROWSES,
  ...TRANSLATES,
  THROUGH,
  ...HISTORIES,
  ...CALLS,
  ...WRITES,
  { service: 'RegisterNodes', about: 'it', request: (nodeId) => new RegisterNodesRequest({ nodesToRegister: [resolveNodeId(nodeId)] }) },
  {
    service: 'UnregisterNodes',
    about: 'it',
    request: (nodeId) => new UnregisterNodesRequest({ nodesToUnregister: [resolveNodeId(nodeId)] }),
  },
  ...ABSENT,
];
