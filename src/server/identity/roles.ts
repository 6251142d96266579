import { type IAddressSpace, type NodeId, ObjectIds, resolveNodeId, type UAObject, type UAObjectType } from 'node-opcua';

/** What a user may be. Who is nothing of these can open a session and browse the standard nodes, no more. */
export const ROLES = ['Plc', 'Operator', 'Manufacturer', 'Auditor'] as const;
export type Role = (typeof ROLES)[number];

/** The NodeIds under which the roles stand in a server's RoleSet and in RolePermissions. */
export type RoleIds = Readonly<Record<Role, NodeId>>;

/**
 * Puts the roles into the server's RoleSet (OPC UA Part 18, clause 4.3) and gives their NodeIds. Operator is the
 * well-known role; the others are our own, `Role.<name>` in the given namespace.
 *
 * Call it once, after `initialize()`: a role that stands in a nodeset without bound identities stops node-opcua's start.
 */
export function installRoles(addressSpace: IAddressSpace, namespaceUri: string): RoleIds {
  const namespace = addressSpace.getNamespace(namespaceUri);
  const roleSet = addressSpace.findNode(resolveNodeId(ObjectIds.Server_ServerCapabilities_RoleSet)) as UAObject;
  const roleType = addressSpace.findObjectType('RoleType') as UAObjectType;
  const own = (role: Role): NodeId =>
    roleType.instantiate({
      browseName: { name: role, namespaceIndex: namespace.index },
      nodeId: `s=Role.${role}`,
      namespace,
      componentOf: roleSet,
    }).nodeId;
  return {
    Plc: own('Plc'),
    Operator: resolveNodeId(ObjectIds.WellKnownRole_Operator),
    Manufacturer: own('Manufacturer'),
    Auditor: own('Auditor'),
  };
}
