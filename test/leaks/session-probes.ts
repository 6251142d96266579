import {
  BrowseNextRequest,
  CallRequest,
  CancelRequest,
  CloseSessionRequest,
  CreateSubscriptionRequest,
  DataType,
  DeleteMonitoredItemsRequest,
  DeleteSubscriptionsRequest,
  FindServersOnNetworkRequest,
  FindServersRequest,
  GetEndpointsRequest,
  ModifyMonitoredItemsRequest,
  ModifySubscriptionRequest,
  PublishRequest,
  QueryFirstRequest,
  QueryNextRequest,
  ReadRequest,
  RegisterServer2Request,
  RegisterServerRequest,
  RepublishRequest,
  type Request,
  resolveNodeId,
  SetMonitoringModeRequest,
  SetPublishingModeRequest,
  SetTriggeringRequest,
  TransferSubscriptionsRequest,
} from 'node-opcua';
import type { ServiceName } from './services.ts';

/** Ids of another session's subscription, which the asking one must not reach. */
export interface Others {
  readonly subscriptionId: number;
  readonly monitoredItemId: number;
  readonly sequenceNumber: number;
  readonly continuationPoint: Buffer;
}

/** One way to ask a server that is about no node. */
export interface SessionProbe {
  readonly service: ServiceName;
  readonly about: string;
  /** What the answer has to be, of the service or of its one operation; absent where canaries alone are looked for. */
  readonly refusal?: readonly string[];
  readonly request: (others: Others) => Request;
}

const UNSUPPORTED = ['BadServiceUnsupported', 'BadNotImplemented'];
const NO_SUBSCRIPTION = ['BadSubscriptionIdInvalid', 'BadUserAccessDenied'];
const MUST_NOT: readonly SessionProbe[] = [
  {
    service: 'TransferSubscriptions',
    about: "another session's subscription",
    refusal: NO_SUBSCRIPTION,
    request: ({ subscriptionId }) => new TransferSubscriptionsRequest({ subscriptionIds: [subscriptionId], sendInitialValues: true }),
  },
  {
    service: 'Republish',
    about: "another session's notification",
    refusal: NO_SUBSCRIPTION,
    request: ({ subscriptionId, sequenceNumber }) => new RepublishRequest({ subscriptionId, retransmitSequenceNumber: sequenceNumber }),
  },
  {
    service: 'ModifySubscription',
    about: "another session's",
    refusal: NO_SUBSCRIPTION,
    request: ({ subscriptionId }) => new ModifySubscriptionRequest({ subscriptionId, requestedPublishingInterval: 50 }),
  },
  {
    service: 'SetPublishingMode',
    about: "another session's",
    refusal: NO_SUBSCRIPTION,
    request: ({ subscriptionId }) => new SetPublishingModeRequest({ publishingEnabled: true, subscriptionIds: [subscriptionId] }),
  },
  {
    service: 'DeleteSubscriptions',
    about: "another session's",
    refusal: NO_SUBSCRIPTION,
    request: ({ subscriptionId }) => new DeleteSubscriptionsRequest({ subscriptionIds: [subscriptionId] }),
  },
  {
    service: 'ModifyMonitoredItems',
    about: "another session's",
    refusal: NO_SUBSCRIPTION,
    request: ({ subscriptionId, monitoredItemId }) =>
      new ModifyMonitoredItemsRequest({
        subscriptionId,
        itemsToModify: [{ monitoredItemId, requestedParameters: { clientHandle: 1, samplingInterval: 0, queueSize: 10 } }],
      }),
  },
  {
    service: 'SetMonitoringMode',
    about: "another session's",
    refusal: NO_SUBSCRIPTION,
    request: ({ subscriptionId, monitoredItemId }) =>
      new SetMonitoringModeRequest({ subscriptionId, monitoringMode: 2, monitoredItemIds: [monitoredItemId] }),
  },
  {
    service: 'SetTriggering',
    about: "another session's",
    refusal: NO_SUBSCRIPTION,
    request: ({ subscriptionId, monitoredItemId }) =>
      new SetTriggeringRequest({ subscriptionId, triggeringItemId: monitoredItemId, linksToAdd: [monitoredItemId] }),
  },
  {
    service: 'DeleteMonitoredItems',
    about: "another session's",
    refusal: NO_SUBSCRIPTION,
    request: ({ subscriptionId, monitoredItemId }) =>
      new DeleteMonitoredItemsRequest({ subscriptionId, monitoredItemIds: [monitoredItemId] }),
  },
  {
    service: 'BrowseNext',
    about: "another session's",
    refusal: ['BadContinuationPointInvalid'],
    request: ({ continuationPoint }) => new BrowseNextRequest({ continuationPoints: [continuationPoint] }),
  },
  ...(['GetMonitoredItems', 'ResendData'] as const).map((name) => ({
    service: 'Call' as const,
    about: `${name} of another session's subscription`,
    refusal: [...NO_SUBSCRIPTION, 'BadMethodInvalid', 'BadNotImplemented', 'BadNotExecutable', 'BadNodeIdUnknown'],
    request: ({ subscriptionId }: Others) => serverCall(name === 'ResendData' ? 12_873 : 11_492, subscriptionId),
  })),
];

/** A method of the Server object with the id of a subscription as argument. */
function serverCall(methodId: number, subscriptionId: number): Request {
  return new CallRequest({
    methodsToCall: [
      {
        objectId: resolveNodeId('i=2253'),
        methodId: resolveNodeId(`i=${methodId}`),
        inputArguments: [{ dataType: DataType.UInt32, value: subscriptionId }],
      },
    ],
  });
}

/** Objects and arrays that tell who does how much (OPC UA Part 5, clause 6.3.3 and following). */
export const DIAGNOSTICS: Readonly<Record<string, number>> = {
  ServerDiagnosticsSummary: 2275,
  SamplingIntervalDiagnosticsArray: 2289,
  SubscriptionDiagnosticsArray: 2290,
  SessionDiagnosticsArray: 3707,
  SessionSecurityDiagnosticsArray: 3708,
};
const PRIVATE = ['BadUserAccessDenied', 'BadNodeIdUnknown', 'BadNotReadable'];

const DIAGNOSTIC_READS: readonly SessionProbe[] = Object.entries(DIAGNOSTICS).map(([about, id]) => ({
  service: 'Diagnostics',
  about,
  ...(about === 'ServerDiagnosticsSummary' ? {} : { refusal: PRIVATE }),
  request: () => new ReadRequest({ timestampsToReturn: 2, nodesToRead: [{ nodeId: resolveNodeId(`i=${id}`), attributeId: 13 }] }),
}));

/** What any session may ask; nothing of the owner's may be in the answer. */
const MAY: readonly SessionProbe[] = [
  { service: 'GetEndpoints', about: 'all', request: () => new GetEndpointsRequest({ endpointUrl: 'opc.tcp://localhost:1' }) },
  { service: 'FindServers', about: 'all', request: () => new FindServersRequest({ endpointUrl: 'opc.tcp://localhost:1' }) },
  { service: 'FindServersOnNetwork', about: 'all', request: () => new FindServersOnNetworkRequest({}) },
  { service: 'RegisterServer', about: 'a made-up one', request: () => new RegisterServerRequest({}) },
  { service: 'RegisterServer', about: 'a made-up one (2)', request: () => new RegisterServer2Request({}) },
  { service: 'Cancel', about: 'every request', request: () => new CancelRequest({ requestHandle: 1 }) },
  { service: 'QueryFirst', about: 'everything', refusal: UNSUPPORTED, request: () => new QueryFirstRequest({}) },
  {
    service: 'QueryNext',
    about: 'everything',
    refusal: UNSUPPORTED,
    request: () => new QueryNextRequest({ continuationPoint: Buffer.from('1') }),
  },
  {
    service: 'ServerStatus',
    about: 'ServerStatus',
    request: () => new ReadRequest({ timestampsToReturn: 2, nodesToRead: [{ nodeId: resolveNodeId('i=2256'), attributeId: 13 }] }),
  },
];

/** Every way to ask that is about no node. */
export const SESSION_PROBES: readonly SessionProbe[] = [...MUST_NOT, ...DIAGNOSTIC_READS, ...MAY];

/** Requests that are asked without a session only: with one they would wait or end it. */
export const SESSIONLESS_PROBES: readonly SessionProbe[] = [
  { service: 'CreateSubscription', about: 'a new one', request: () => new CreateSubscriptionRequest({ requestedPublishingInterval: 100 }) },
  { service: 'Publish', about: 'notifications', request: () => new PublishRequest({}) },
  { service: 'CloseSession', about: 'the session', request: () => new CloseSessionRequest({ deleteSubscriptions: true }) },
];
