import { makePermissionFlag, type RolePermissionTypeOptions } from 'node-opcua';
import type { Role, RoleIds } from '../identity/index.ts';
import type { IngestTag } from './types.ts';

/*
 * Who may do what on the ingest server (OPC UA Part 3, clause 8.55). PLCs write tags and see whether the module is
 * ready; operators see how the writing goes and call for anchors. Nobody else sees more than types.
 */

type Permissions = Parameters<typeof makePermissionFlag>[0];

const SEE = 'Browse';
const READ = 'Browse | Read';
const WATCH = 'Browse | Read | ReceiveEvents';

function grant(roles: RoleIds, grants: Readonly<Partial<Record<Role, Permissions>>>): RolePermissionTypeOptions[] {
  return Object.entries(grants).map(([role, permissions]) => ({
    roleId: roles[role as Role],
    permissions: makePermissionFlag(permissions),
  }));
}

/** For everything in the instance namespace that has no rule of its own. */
export function instanceDefaults(roles: RoleIds): RolePermissionTypeOptions[] {
  return grant(roles, { Plc: SEE, Operator: WATCH });
}

export function stateNode(roles: RoleIds): RolePermissionTypeOptions[] {
  return grant(roles, { Plc: READ, Operator: READ });
}

export function anchorMethod(roles: RoleIds): RolePermissionTypeOptions[] {
  return grant(roles, { Plc: SEE, Operator: 'Browse | Call' });
}

/** Methods of alarms, which are called by the NodeIds of the standard types (OPC UA Part 9, clauses 5.5 and 5.7). */
export function alarmMethod(roles: RoleIds): RolePermissionTypeOptions[] {
  return grant(roles, { Plc: SEE, Operator: 'Browse | Call' });
}

export function tagNode(roles: RoleIds, tag: IngestTag): RolePermissionTypeOptions[] {
  const readers = new Set(tag.readableBy ?? []);
  // Auditors are told who wrote to which tag.
  const all: Record<Role, Permissions | undefined> = {
    Plc: 'Browse | Write',
    Operator: SEE,
    Manufacturer: undefined,
    Auditor: 'Browse | ReceiveEvents',
  };
  const grants: Partial<Record<Role, Permissions>> = {};
  for (const [role, permissions] of Object.entries(all) as [Role, Permissions | undefined][]) {
    const granted = readers.has(role) ? `${permissions ?? SEE} | Read` : permissions;
    if (granted !== undefined) grants[role] = granted;
  }
  return grant(roles, grants);
}
