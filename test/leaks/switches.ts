import { DataType, makeAccessLevelFlag, StatusCodes, type UAVariable } from 'node-opcua';
import { toVariant } from '../../src/nodeset/index.ts';
import type { Secret } from './canaries.ts';
import type { Reopen } from './in-process.ts';
import {
  acceptAll,
  addRange,
  bare,
  countForAll,
  keepValue,
  letRead,
  openDiagnostics,
  raise,
  shareRoles,
  transferToAll,
  unrestrict,
} from './reopen.ts';
import type { Detector, ServiceName } from './services.ts';

/** Which part of the matrix meets the leak. */
export type Part = 'ask' | 'watch' | 'sessions' | 'sweep' | 'outsiders' | 'ids' | 'busy' | 'intruders' | 'two users';

/** A known leak of node-opcua, or of a server built on it without care, that a test puts back. */
export interface Switch {
  readonly leak: string;
  readonly reopen: Reopen;
  readonly part: Part;
  /** Whom the leak reaches. */
  readonly actor: 'plc' | 'auditor' | 'reader of one tag';
  /** What has to be found: by which detector, in the answers of which service, which secret. */
  readonly found: { readonly detector: Detector; readonly service: ServiceName; readonly secret: Secret | 'any' };
}

export const SWITCHES: readonly Switch[] = [
  {
    leak: 'a value pushed to a monitored item with sampling interval 0 passes no permission check',
    part: 'watch',
    actor: 'plc',
    found: { detector: 'notification', service: 'CreateMonitoredItems', secret: 'values' },
    reopen: (running) => void keepValue(running, 0),
  },
  {
    leak: 'a change of semantics sends the value to everybody who monitors the node',
    part: 'watch',
    actor: 'plc',
    found: { detector: 'canary', service: 'Publish', secret: 'values' },
    reopen: (running) => {
      const node = keepValue(running, 100) as UAVariable & { handle_semantic_changed?: () => void };
      // That of node-opcua again.
      delete node.handle_semantic_changed;
      // Readable for some role, not for this one.
      node.accessLevel = makeAccessLevelFlag('CurrentRead | CurrentWrite');
      running.onReading(() => node.handle_semantic_changed?.());
    },
  },
  {
    leak: 'a value whose status is Bad goes out with it',
    part: 'ask',
    actor: 'plc',
    found: { detector: 'canary', service: 'Read', secret: 'values' },
    reopen: (running) => letRead(keepValue(running, 100, StatusCodes.BadNotReadable)),
  },
  {
    leak: 'a raw node with a history gives it away',
    part: 'ask',
    actor: 'plc',
    found: { detector: 'canary', service: 'HistoryRead', secret: 'values' },
    reopen: (running) => {
      const node = keepValue(running, 100);
      running.space.installHistoricalDataNode(node, { maxOnlineValues: 1000 });
      letRead(node);
      // HistoryRead does not look at it.
      node.setAccessRestrictions(3 as never);
    },
  },
  {
    leak: 'a node without Browse permission answers for its other attributes',
    part: 'ask',
    actor: 'reader of one tag',
    found: { detector: 'twin', service: 'Read', secret: 'tags' },
    reopen: ({ server }) => bare(server, 'Read'),
  },
  {
    leak: 'a path to a node without Browse permission is resolved',
    part: 'ask',
    actor: 'reader of one tag',
    found: { detector: 'twin', service: 'TranslateBrowsePathsToNodeIds', secret: 'tags' },
    reopen: ({ server }) => {
      bare(server, 'TranslateBrowsePathsToNodeIds');
      // What the class does stands behind what was put on the instance.
      Reflect.deleteProperty(server.engine, 'translateBrowsePaths');
    },
  },
  {
    leak: 'RegisterNodes gives a new id for what exists only',
    part: 'ask',
    actor: 'reader of one tag',
    found: { detector: 'twin', service: 'RegisterNodes', secret: 'tags' },
    reopen: ({ server }) => bare(server, 'RegisterNodes'),
  },
  {
    leak: 'a monitored item is made for a node without Browse permission',
    part: 'watch',
    actor: 'reader of one tag',
    found: { detector: 'twin', service: 'CreateMonitoredItems', secret: 'tags' },
    reopen: ({ server }) => bare(server, 'CreateMonitoredItems'),
  },
  {
    leak: 'a range on a raw node tells its limits',
    part: 'sweep',
    actor: 'plc',
    found: { detector: 'canary', service: 'Read', secret: 'thresholds' },
    reopen: addRange,
  },
  {
    leak: 'ids are counted for all servers of a process together',
    part: 'ids',
    actor: 'plc',
    found: { detector: 'ids', service: 'CreateSubscription', secret: 'writeTimes' },
    reopen: () => undefined,
  },
  {
    leak: 'diagnostics of sessions name the users of others, and count what they write',
    part: 'two users',
    actor: 'plc',
    found: { detector: 'status', service: 'Diagnostics', secret: 'any' },
    reopen: openDiagnostics,
  },
  {
    leak: 'a user certificate counts by the common name in it',
    part: 'intruders',
    actor: 'plc',
    found: { detector: 'login', service: 'ActivateSession', secret: 'any' },
    reopen: ({ server }) => {
      const manager = server as unknown as { userCertificateManager: { checkCertificate: unknown } };
      manager.userCertificateManager.checkCertificate = acceptAll;
    },
  },
  {
    leak: 'an application that nobody trusted is let in',
    part: 'intruders',
    actor: 'plc',
    found: { detector: 'login', service: 'ActivateSession', secret: 'any' },
    reopen: ({ server }) => void (server.serverCertificateManager.checkCertificate = acceptAll),
  },
  {
    leak: 'sessions are opened without security',
    part: 'intruders',
    actor: 'plc',
    found: { detector: 'login', service: 'ActivateSession', secret: 'any' },
    reopen: ({ server }) => {
      for (const endpoint of server.endpoints) for (const description of endpoint.endpointDescriptions()) unrestrict(description);
      // The second bar: a password counts with a trusted application's certificate only.
      const { userManager } = server as unknown as { userManager: { isValidUser: unknown } };
      userManager.isValidUser = () => Promise.resolve(true);
    },
  },
  {
    leak: "roles are added to the array that the user's own roles came in, which all users share",
    part: 'two users',
    actor: 'plc',
    found: { detector: 'status', service: 'Read', secret: 'any' },
    reopen: shareRoles,
  },
  {
    leak: 'a fault reaches the client with its text',
    part: 'ask',
    actor: 'plc',
    found: { detector: 'canary', service: 'DiagnosticInfo', secret: 'values' },
    reopen: (running) => {
      let last = '';
      running.onReading(({ value }) => (last = typeof value?.value === 'string' ? value.value : last));
      const services = running.server as unknown as Record<string, () => void>;
      services['_on_UnregisterNodesRequest'] = () => {
        throw new Error(`The value is ${last}.`);
      };
    },
  },
  {
    leak: 'an event tells the value that was written',
    part: 'sweep',
    actor: 'plc',
    found: { detector: 'canary', service: 'Publish', secret: 'values' },
    reopen: ({ space, onReading }) =>
      onReading(({ value }) =>
        raise(space, 'BaseEventType', {
          message: { dataType: DataType.LocalizedText, value: { text: `${String(value?.value)} was written.` } },
        }),
      ),
  },
  {
    leak: 'an audit event has the values themselves',
    part: 'sweep',
    actor: 'auditor',
    found: { detector: 'canary', service: 'Publish', secret: 'values' },
    reopen: ({ space, onReading }) =>
      onReading(({ value }) => {
        if (value !== undefined) raise(space, 'AuditWriteUpdateEventType', { newValue: toVariant(value) });
      }),
  },
  {
    leak: 'a change of the model names the node that came or changed',
    part: 'sweep',
    actor: 'reader of one tag',
    found: { detector: 'canary', service: 'Publish', secret: 'tags' },
    reopen: ({ space, onReading }) =>
      onReading(({ tag }) =>
        raise(space, 'BaseModelChangeEventType', { message: { dataType: DataType.LocalizedText, value: { text: tag } } }),
      ),
  },
  {
    leak: 'a variable that everybody may read tells when something was written',
    part: 'busy',
    actor: 'reader of one tag',
    found: { detector: 'busy', service: 'Read', secret: 'writeCounts' },
    reopen: countForAll,
  },
  {
    leak: "another user's subscription is handed over",
    part: 'sessions',
    actor: 'plc',
    found: { detector: 'status', service: 'TransferSubscriptions', secret: 'any' },
    reopen: transferToAll,
  },
];
