import {
  type BrowsePath,
  type BrowsePathResult,
  type ContentFilterElement,
  EventFilter,
  type NodeId,
  NodeIdType,
  type OPCUAServer,
  PermissionType,
  resolveNodeId,
  type ServerSession,
  SimpleAttributeOperand,
} from 'node-opcua';
import { PathFollower } from './browse-paths.ts';

/*
 * A node that a session may not browse does not exist for it (OPC UA Part 3, clause 8.55: "Browse: the Client is allowed to
 * see the references to and from the Node"). node-opcua leaves it out of Browse, but goes on to answer for its other
 * attributes, its methods, its monitored items and its registration, so that guessing a NodeId would tell whether it is there.
 */

/** A request that is about to be worked on. */
interface Message {
  readonly session?: ServerSession;
  readonly request: Request;
}
type Request = Readonly<Record<string, readonly Record<string, unknown>[] | undefined>>;
type Service = (this: OPCUAServer, message: Message, channel: object) => unknown;

/** Where requests name the nodes that they are about: service, list, and the places of the NodeIds in an item of it. */
const NAMES_NODES: Readonly<Record<string, readonly [list: string, ...places: (readonly string[])[]]>> = {
  Read: ['nodesToRead', ['nodeId']],
  Write: ['nodesToWrite', ['nodeId']],
  HistoryRead: ['nodesToRead', ['nodeId']],
  Browse: ['nodesToBrowse', ['nodeId']],
  Call: ['methodsToCall', ['objectId'], ['methodId']],
  CreateMonitoredItems: ['itemsToCreate', ['itemToMonitor', 'nodeId']],
};
/** Where the items with filters are; a filter names types, and is looked at when an event comes. */
const HAS_FILTERS: Readonly<Record<string, string>> = { CreateMonitoredItems: 'itemsToCreate', ModifyMonitoredItems: 'itemsToModify' };
interface Filtered {
  readonly requestedParameters?: { readonly filter?: unknown } | null;
}
/** Names a node that no server has. */
const NOTHING = 'i=4294967295';

/**
 * Answers for nodes that a session may not browse as for nodes that are not there: BadNodeIdUnknown. Call it between
 * `initialize()` and `start()`.
 */
export function hideNodes(server: OPCUAServer): void {
  const seen = new Visibility(server);
  for (const [name, [list, ...places]] of Object.entries(NAMES_NODES)) {
    before(server, name, ({ session, request }) => {
      if (session === undefined) return;
      for (const item of request[list] ?? []) for (const place of places) seen.hide(session, item, place);
    });
  }
  followSeenPaths(server, seen);
  for (const [name, list] of Object.entries(HAS_FILTERS)) {
    before(server, name, ({ session, request }) => {
      if (session === undefined) return;
      for (const { requestedParameters } of (request[list] ?? []) as readonly Filtered[]) {
        for (const clause of clausesOf(requestedParameters?.filter)) seen.hide(session, clause, ['typeDefinitionId']);
      }
    });
  }
  // A session gets the ids back as it gave them (OPC UA Part 4, clause 5.9.5): an alias would say that the node is there.
  before(server, 'RegisterNodes', ({ session }) => {
    if (session !== undefined) session.registerNode = (nodeId) => nodeId;
  });
}

function clausesOf(filter: unknown): Record<string, unknown>[] {
  if (!(filter instanceof EventFilter)) return [];
  const elements: readonly (ContentFilterElement | null)[] = filter.whereClause?.elements ?? [];
  const operands = elements.flatMap((element) => element?.filterOperands ?? []);
  const named = operands.filter((operand) => operand instanceof SimpleAttributeOperand);
  return [...(filter.selectClauses ?? []), ...named] as unknown as Record<string, unknown>[];
}

/** node-opcua follows browse paths without asking whose they are: the session is known by the request's list of them. */
function followSeenPaths(server: OPCUAServer, seen: Visibility): void {
  const askers = new WeakMap<object, ServerSession>();
  before(server, 'TranslateBrowsePathsToNodeIds', ({ session, request }) => {
    const paths = request['browsePaths'];
    if (session !== undefined && paths) askers.set(paths, session);
  });
  server.engine.translateBrowsePaths = (paths) => {
    const session = askers.get(paths);
    return Promise.resolve(session === undefined ? [] : seen.follow(session, paths));
  };
}

function before(server: OPCUAServer, name: string, look: (message: Message) => void): void {
  const services = server as unknown as Record<string, Service>;
  const key = `_on_${name}Request`;
  const service = services[key];
  if (service === undefined) throw new Error(`node-opcua has no ${key}.`);
  services[key] = function (this: OPCUAServer, message, channel) {
    look(message);
    return service.call(this, message, channel);
  };
}

/** Which nodes which session may see, remembered for as long as its user stays the same. */
class Visibility {
  readonly #server: OPCUAServer;
  #known = new WeakMap<ServerSession, WeakMap<object, boolean>>();

  constructor(server: OPCUAServer) {
    this.#server = server;
    server.on('session_activated', (session: ServerSession) => this.#known.delete(session));
  }

  /** Replaces the NodeId at a place of an item where the session may not see its node. */
  hide(session: ServerSession, item: Record<string, unknown>, [first, second]: readonly string[]): void {
    const holder = (second === undefined ? item : item[first!]) as Record<string, unknown> | null | undefined;
    const key = second ?? first!;
    if (holder === null || holder === undefined) return;
    const nodeId = holder[key] as NodeId | null;
    if (nodeId !== null && this.#isHidden(session, nodeId)) holder[key] = resolveNodeId(NOTHING);
  }

  /** A path to or through a hidden node leads nowhere. */
  follow(session: ServerSession, paths: readonly BrowsePath[]): BrowsePathResult[] {
    const follower = new PathFollower(this.#space, (nodeId) => this.#isHidden(session, nodeId));
    return paths.map((path) => follower.follow(path));
  }

  #isHidden(session: ServerSession, given: NodeId): boolean {
    const nodeId = session.resolveRegisteredNode(given);
    // The standard's own nodes are open to all, and most of what is asked for.
    if (nodeId.namespace === 0 && nodeId.identifierType === NodeIdType.NUMERIC) return false;
    const node = this.#space.findNode(nodeId);
    if (node === null) return false;
    const known = this.#known.get(session) ?? new WeakMap<object, boolean>();
    this.#known.set(session, known);
    const before = known.get(node);
    if (before !== undefined) return before;
    const isHidden = !session.sessionContext.checkPermission(node, PermissionType.Browse);
    known.set(node, isHidden);
    return isHidden;
  }

  get #space() {
    const { addressSpace } = this.#server.engine;
    if (addressSpace === null) throw new Error('The server has no address space.');
    return addressSpace;
  }
}
