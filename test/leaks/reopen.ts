import {
  AccessLevelFlag,
  type AddressSpace,
  DataType,
  DataValue,
  makeAccessLevelFlag,
  makePermissionFlag,
  OPCUAServer,
  Range,
  resolveNodeId,
  type ServerSession,
  StatusCodes,
  type UAVariable,
  WellKnownRoles,
} from 'node-opcua';
import { toVariant } from '../../src/nodeset/index.ts';
import type { AcceptedReading } from '../../src/server/ingest/index.ts';
import { TAGS, THRESHOLDS } from './canary-policy.ts';
import { type RunningInProcess, tagNode } from './in-process.ts';
import type { ServiceName } from './services.ts';

/* How a test puts a leak back that the product has closed. None of it is part of the product. */

export const HEAT = TAGS[0]!.name;
export const EVERYBODY = [
  { roleId: resolveNodeId(WellKnownRoles.Anonymous), permissions: makePermissionFlag('Browse | Read | ReceiveEvents') },
];

export function valueOf({ value, sourceMs }: AcceptedReading, status = StatusCodes.Good): DataValue {
  return new DataValue({
    ...(value === undefined ? {} : { value: toVariant(value) }),
    statusCode: status,
    sourceTimestamp: new Date(sourceMs),
  });
}

/** Keeps the value of the hottest tag in its node, as a variable of node-opcua does by itself. */
export function keepValue(running: RunningInProcess, minimumSamplingInterval: number, status = StatusCodes.Good): UAVariable {
  const node = tagNode(running, HEAT);
  let last = new DataValue({ statusCode: StatusCodes.BadWaitingForInitialData });
  node.minimumSamplingInterval = minimumSamplingInterval;
  const writeValue = node.writeValue.bind(node);
  node.bindVariable({ timestamped_get: () => last }, true);
  node.writeValue = writeValue;
  running.onReading((reading) => {
    if (reading.tag !== HEAT) return;
    last = valueOf(reading, status);
    node.emit('value_changed', last);
  });
  return node;
}

/** Lets a role read a node that it only saw before. */
export function letRead(node: UAVariable): void {
  node.accessLevel = makeAccessLevelFlag(AccessLevelFlag.CurrentRead | AccessLevelFlag.CurrentWrite | AccessLevelFlag.HistoryRead);
  node.setRolePermissions([
    { roleId: resolveNodeId(WellKnownRoles.Anonymous), permissions: makePermissionFlag('Browse | Read | Write | ReadHistory') },
  ]);
}

export function addRange(running: RunningInProcess): void {
  const [low, high] = THRESHOLDS.heatRange;
  const property = running.space.getNamespace(running.instances).addVariable({
    propertyOf: tagNode(running, HEAT),
    browseName: { name: 'EURange', namespaceIndex: 0 },
    dataType: 'Range',
    value: { dataType: DataType.ExtensionObject, value: new Range({ low, high }) },
  });
  property.setRolePermissions(EVERYBODY);
}

/** Takes off what was put around node-opcua's own work on a request. */
export function bare(server: OPCUAServer, ...services: readonly ServiceName[]): void {
  const [own, original] = [server, OPCUAServer.prototype] as unknown as [Record<string, unknown>, Record<string, unknown>];
  for (const service of services) own[`_on_${service}Request`] = original[`_on_${service}Request`];
}

export function raise(space: AddressSpace, type: string, fields: Parameters<ReturnType<typeof serverObject>['raiseEvent']>[1]): void {
  serverObject(space).raiseEvent(type, fields);
}

export function serverObject(space: AddressSpace) {
  return space.rootFolder.objects.server;
}

type CertificateCallback = (error: Error | null, status: typeof StatusCodes.Good) => void;

/** The stack asks by promise for applications and by callback for users. */
export function acceptAll(_certificate: unknown, callback?: CertificateCallback): Promise<typeof StatusCodes.Good> {
  callback?.(null, StatusCodes.Good);
  return Promise.resolve(StatusCodes.Good);
}

export function unrestrict(description: object): void {
  (description as { restricted: boolean }).restricted = false;
}

/** Diagnostics as node-opcua has them by itself. */
export function openDiagnostics({ space }: RunningInProcess): void {
  space.getNamespace(1).setDefaultRolePermissions(EVERYBODY);
  for (const id of [2290, 3706, 3707, 3708]) space.findNode(`i=${id}`)?.setRolePermissions(EVERYBODY);
}

/** Roles as node-opcua works them out by itself, with a user manager that gives one array to all. */
export function shareRoles({ server }: RunningInProcess): void {
  server.removeAllListeners('session_activated');
  const shared: never[] = [];
  const { userManager } = server as unknown as { userManager: { getUserRoles: () => never[] } };
  userManager.getUserRoles = () => shared;
}

export function countForAll({ space, instances, onReading }: RunningInProcess): void {
  let count = 0;
  const node = space.getNamespace(instances).addVariable({
    organizedBy: space.rootFolder.objects,
    browseName: 'Written',
    dataType: 'UInt32',
    value: { dataType: DataType.UInt32, value: 0 },
  });
  node.setRolePermissions(EVERYBODY);
  onReading(() => node.setValueFromSource({ dataType: DataType.UInt32, value: ++count }));
}

/** Takes every session for the owner of the subscription that it asks for. */
export function transferToAll({ server }: RunningInProcess): void {
  const engine = server.engine as unknown as {
    findSubscription(id: number): Record<string, unknown> | null;
    transferSubscription(session: ServerSession, id: number, initial: boolean): Promise<unknown>;
  };
  const transfer = engine.transferSubscription.bind(engine);
  engine.transferSubscription = (session, id, initial) => {
    const subscription = engine.findSubscription(id);
    if (subscription !== null) {
      subscription['$session'] = undefined;
      subscription['$transferSessionIdentity'] = {
        kind: 'username',
        userName: (session.userIdentityToken as unknown as { userName: string }).userName,
        applicationUri: session.clientDescription?.applicationUri,
        securityMode: session.channel?.securityMode,
      };
    }
    return transfer(session, id, initial);
  };
}
