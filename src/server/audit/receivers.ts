import {
  BrowseDirection,
  type IAddressSpace,
  makePermissionFlag,
  type NodeId,
  ObjectTypeIds,
  resolveNodeId,
  type UAObjectType,
} from 'node-opcua';

const WATCH = makePermissionFlag('Browse | Read | ReceiveEvents');

/**
 * Lets one more role receive audit events (OPC UA Part 2, clause 4.14). The standard nodeset gives them to SecurityAdmin alone,
 * a role with much more to say than an auditor should have, and which no user of ours has.
 */
export function letReceiveAudits(space: IAddressSpace, role: NodeId): void {
  const root = space.findNode(resolveNodeId(ObjectTypeIds.AuditEventType)) as UAObjectType | null;
  if (root === null) throw new Error('The nodesets have no AuditEventType.');
  for (const type of withSubtypes(root)) {
    type.setRolePermissions([...(type.rolePermissions ?? []), { roleId: role, permissions: WATCH }]);
  }
}

function withSubtypes(type: UAObjectType): UAObjectType[] {
  const subtypes = type.findReferencesExAsObject('HasSubtype', BrowseDirection.Forward) as UAObjectType[];
  return [type, ...subtypes.flatMap(withSubtypes)];
}
