import { randomBytes } from 'node:crypto';
import type { IAddressSpace } from 'node-opcua';
import type { ArrayGate } from './array-gate.ts';
import { heldValue } from './tag-node.ts';
import type { TagGate } from './tag-gate.ts';
import {
  AuditCommitments,
  AuditEvents,
  type AuditEventsParts,
  auditServices,
  countRefusals,
  letReceiveAudits,
  RefusalCounter,
  userIdOf,
} from '../audit/index.ts';
import type { SecureServer } from '../secure-server.ts';
import type { IngestConfig, IngestHooks } from './types.ts';

/**
 * Makes the server tell auditors of every write, call and session (OPC UA Part 2, clause 4.14), and the module of what it
 * refuses. Call it when the address space is built, before the server starts.
 * @param tags gates of the tags by their NodeIds, as text
 */
export function auditIngest(
  { server, roles }: SecureServer,
  space: IAddressSpace,
  config: Pick<IngestConfig, 'clock' | 'identity'>,
  hooks: Pick<IngestHooks, 'refusals'>,
  tags: ReadonlyMap<string, TagGate | ArrayGate>,
): RefusalCounter {
  // From here on node-opcua raises the audit events of sessions and certificates by itself.
  server.engine.isAuditing = true;
  letReceiveAudits(space, roles.Auditor);
  const events = new AuditEvents({
    space,
    commitments: new AuditCommitments(randomBytes(32)),
    clock: config.clock,
    serverId: config.identity.applicationUri,
    userOf: userIdOf,
    isSource: (nodeId) => tags.has(nodeId.toString()),
    ...heldBy(tags),
  });
  auditServices(server, events);
  const counter = new RefusalCounter((refusals) => hooks.refusals?.(refusals));
  countRefusals(server, counter);
  return counter;
}

/** Most servers have no tag that may be read: then there is nothing to look for at each write. */
function heldBy(tags: ReadonlyMap<string, TagGate | ArrayGate>): Pick<AuditEventsParts, 'heldBy'> {
  const readable = new Map([...tags].filter(([, gate]) => gate.isReadable));
  if (readable.size === 0) return {};
  return {
    heldBy: (nodeId) => {
      const gate = readable.get(nodeId.toString());
      return gate === undefined ? undefined : heldValue(gate);
    },
  };
}
