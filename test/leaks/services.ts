import type { Secret } from './canaries.ts';

/** By which detector a leak would be found. */
export const DETECTORS = {
  canary: 'a canary in the bytes received, raw or decrypted, or in the decoded message',
  status: 'another status code than OPC UA Part 4 names for the refusal, or none',
  twin: 'an answer about what exists that differs from the answer about what does not',
  notification: 'a value, or more than the one refusal, for a monitored item of what is denied',
  busy: 'an answer that differs when PLCs write much instead of nothing',
  ids: 'an id handed out that moves by what others do',
  login: 'a session for whom none is meant',
} as const;
export type Detector = keyof typeof DETECTORS;

export interface Service {
  /** Where OPC UA describes it. */
  readonly clause: string;
  /** How what it could give away is held back. */
  readonly closed: string;
  readonly detectors: readonly Detector[];
}

const P4 = (clause: string): string => `Part 4, ${clause}`;
const NOT_OFFERED = 'not offered: BadServiceUnsupported, whatever is asked for';

/** Every way in which a server can answer: the rows of the leak matrix. */
export const SERVICES = {
  Read: {
    clause: P4('5.11.2'),
    closed: 'no raw node on the cleared server; on the ingest server by permission, and no value is held',
    detectors: ['canary', 'status', 'twin', 'busy'],
  },
  Write: { clause: P4('5.11.4'), closed: 'one status a node; nothing is given back', detectors: ['canary', 'status', 'twin'] },
  HistoryRead: {
    clause: P4('5.11.3'),
    closed: 'raw nodes have no history; that of the cleared ones ends at the last grid point shown',
    detectors: ['canary', 'status', 'twin'],
  },
  HistoryUpdate: { clause: P4('5.11.5'), closed: NOT_OFFERED, detectors: ['canary', 'status', 'twin'] },
  CreateMonitoredItems: {
    clause: P4('5.13.2'),
    closed: 'no raw node; on the ingest server values are pushed to nobody',
    detectors: ['canary', 'status', 'twin', 'notification'],
  },
  ModifyMonitoredItems: {
    clause: P4('5.13.3'),
    closed: 'items of other sessions do not exist for a session',
    detectors: ['canary', 'status'],
  },
  SetMonitoringMode: { clause: P4('5.13.4'), closed: 'as above', detectors: ['canary', 'status'] },
  SetTriggering: { clause: P4('5.13.5'), closed: 'as above', detectors: ['canary', 'status'] },
  DeleteMonitoredItems: { clause: P4('5.13.6'), closed: 'as above', detectors: ['canary', 'status'] },
  CreateSubscription: { clause: P4('5.14.2'), closed: 'ids are counted in a process of its own', detectors: ['canary', 'ids', 'busy'] },
  ModifySubscription: {
    clause: P4('5.14.3'),
    closed: 'subscriptions of other sessions do not exist for a session',
    detectors: ['canary', 'status'],
  },
  SetPublishingMode: { clause: P4('5.14.4'), closed: 'as above', detectors: ['canary', 'status'] },
  Publish: { clause: P4('5.14.5'), closed: 'what is shown changes at grid points only', detectors: ['canary', 'notification', 'busy'] },
  Republish: { clause: P4('5.14.6'), closed: 'only what the session itself was sent', detectors: ['canary', 'status'] },
  TransferSubscriptions: { clause: P4('5.14.7'), closed: 'only of the same user and application', detectors: ['canary', 'status'] },
  DeleteSubscriptions: {
    clause: P4('5.14.8'),
    closed: 'subscriptions of other sessions do not exist for a session',
    detectors: ['canary', 'status'],
  },
  Browse: { clause: P4('5.9.2'), closed: 'no raw node; on the ingest server by permission', detectors: ['canary', 'twin', 'busy'] },
  BrowseNext: { clause: P4('5.9.3'), closed: 'a continuation point belongs to its session', detectors: ['canary', 'status'] },
  TranslateBrowsePathsToNodeIds: { clause: P4('5.9.4'), closed: 'as Browse', detectors: ['canary', 'twin'] },
  RegisterNodes: { clause: P4('5.9.5'), closed: 'gives the ids back as they came', detectors: ['canary', 'twin'] },
  UnregisterNodes: { clause: P4('5.9.6'), closed: 'says nothing about nodes', detectors: ['canary', 'twin'] },
  Call: { clause: P4('5.12.2'), closed: 'a status and nothing else of what went wrong', detectors: ['canary', 'status', 'twin'] },
  Events: {
    clause: 'Part 3, 4.6',
    closed: 'no field tells a value; audit events go to auditors of the owner only',
    detectors: ['canary', 'busy'],
  },
  Alarms: { clause: 'Part 9', closed: 'states follow the conditions shown, at grid points only', detectors: ['canary', 'busy'] },
  ModelChanges: {
    clause: 'Part 3, 9.32 and 9.33',
    closed: 'the model does not change while a server runs; raw nodes have no semantics that could',
    detectors: ['canary', 'notification'],
  },
  Diagnostics: { clause: 'Part 5, 6.3', closed: 'for nobody', detectors: ['canary', 'status'] },
  ServerStatus: { clause: 'Part 5, 6.3.2', closed: 'state, start and current time of its own process', detectors: ['canary', 'busy'] },
  DiagnosticInfo: { clause: P4('7.12'), closed: 'no text of the module reaches it', detectors: ['canary', 'twin'] },
  AddNodes: { clause: P4('5.8.2'), closed: NOT_OFFERED, detectors: ['canary', 'status', 'twin'] },
  AddReferences: { clause: P4('5.8.3'), closed: NOT_OFFERED, detectors: ['canary', 'status', 'twin'] },
  DeleteNodes: { clause: P4('5.8.4'), closed: NOT_OFFERED, detectors: ['canary', 'status', 'twin'] },
  DeleteReferences: { clause: P4('5.8.5'), closed: NOT_OFFERED, detectors: ['canary', 'status', 'twin'] },
  QueryFirst: { clause: P4('5.10.3'), closed: NOT_OFFERED, detectors: ['canary', 'status'] },
  QueryNext: { clause: P4('5.10.4'), closed: NOT_OFFERED, detectors: ['canary', 'status'] },
  Cancel: { clause: P4('5.7.5'), closed: 'counts requests of the own session only', detectors: ['canary'] },
  GetEndpoints: { clause: P4('5.5.4'), closed: 'open to all: names of the server and its certificate', detectors: ['canary', 'busy'] },
  FindServers: { clause: P4('5.5.2'), closed: 'open to all: the server itself', detectors: ['canary', 'busy'] },
  FindServersOnNetwork: { clause: P4('5.5.3'), closed: 'not a discovery server', detectors: ['canary'] },
  RegisterServer: { clause: P4('5.5.5'), closed: 'not a discovery server', detectors: ['canary'] },
  OpenSecureChannel: {
    clause: P4('5.6.2'),
    closed: 'trusted applications only; ids are counted in a process of its own',
    detectors: ['canary', 'login', 'ids'],
  },
  CreateSession: { clause: P4('5.7.2'), closed: 'ids are random', detectors: ['canary', 'login'] },
  ActivateSession: {
    clause: P4('5.7.3'),
    closed: 'known users with a role at this server only; one status for all others',
    detectors: ['canary', 'login', 'twin'],
  },
  CloseSession: { clause: P4('5.7.4'), closed: 'of the own secure channel only', detectors: ['canary', 'status'] },
  Logs: { clause: '', closed: 'a log line has numbers, names and fixed sentences, by type', detectors: ['canary'] },
  Timestamps: { clause: P4('7.11'), closed: 'grid times only', detectors: ['canary', 'busy'] },
  Sizes: { clause: '', closed: 'an answer is as long when much was written as when nothing was', detectors: ['busy'] },
  Timing: { clause: '', closed: 'a process of its own; what remains is stated', detectors: ['busy'] },
} as const satisfies Readonly<Record<string, Service>>;
export type ServiceName = keyof typeof SERVICES;

/** A leak, as a detector found it. */
export interface Finding {
  readonly detector: Detector;
  readonly secret: Secret | 'any';
  readonly actor: string;
  readonly service: ServiceName;
  readonly what: string;
}
