import {
  type BrowsePath,
  type NodeId,
  NodeIdType,
  type OPCUAServer,
  PermissionType,
  QualifiedName,
  resolveNodeId,
  type ServerSession,
} from 'node-opcua';

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
  TranslateBrowsePathsToNodeIds: ['browsePaths', ['startingNode']],
  Call: ['methodsToCall', ['objectId'], ['methodId']],
  CreateMonitoredItems: ['itemsToCreate', ['itemToMonitor', 'nodeId']],
};
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
      if (name === 'TranslateBrowsePathsToNodeIds')
        for (const path of request[list] ?? []) seen.hideTargets(session, path as unknown as BrowsePath);
    });
  }
  // A session gets the ids back as it gave them (OPC UA Part 4, clause 5.9.5): an alias would say that the node is there.
  before(server, 'RegisterNodes', ({ session }) => {
    if (session !== undefined) session.registerNode = (nodeId) => nodeId;
  });
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

  /** A path to a hidden node leads nowhere. */
  hideTargets(session: ServerSession, path: BrowsePath): void {
    const last = path.relativePath.elements?.at(-1);
    if (last === undefined) return;
    const { targets } = this.#space.browsePath(path);
    if ((targets ?? []).some(({ targetId }) => this.#isHidden(session, targetId))) last.targetName = new QualifiedName({ name: '\0' });
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
