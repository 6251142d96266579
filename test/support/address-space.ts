import { BrowseDirection, type ClientSession, type NodeId, ObjectIds, resolveNodeId } from 'node-opcua';

const MOST_AT_ONCE = 100;

/** NodeIds of all instances that a session can browse to, from the Objects folder down. */
export async function everything(session: ClientSession): Promise<string[]> {
  const seen = new Set<string>();
  const next: NodeId[] = [resolveNodeId(ObjectIds.ObjectsFolder)];
  while (next.length > 0) {
    const now = next.splice(0, MOST_AT_ONCE);
    const results = await session.browse(
      now.map((nodeId) => ({
        nodeId,
        referenceTypeId: 'HierarchicalReferences',
        includeSubtypes: true,
        browseDirection: BrowseDirection.Forward,
        resultMask: 63,
      })),
    );
    for (const { nodeId } of results.flatMap(({ references }) => references ?? [])) {
      if (seen.has(nodeId.toString())) continue;
      seen.add(nodeId.toString());
      next.push(nodeId);
    }
  }
  return [...seen];
}
