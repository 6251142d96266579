import { type OPCUAServer, type SessionContext, StatusCodes, type WriteValueOptions } from 'node-opcua';

type Engine = OPCUAServer['engine'];
type WriteNodes = (context: SessionContext, nodesToWrite: WriteValueOptions[]) => Promise<unknown[]>;

/** What of node-opcua's engine is replaced here, and what it is replaced with. */
interface WritingEngine {
  readonly addressSpaceAccessor?: { writeNode(context: SessionContext, nodeToWrite: WriteValueOptions): Promise<unknown> };
  write: WriteNodes;
}

/**
 * Lets the writes of one request wait together. node-opcua writes one node after the other, each when the one before was
 * answered; then a request of many nodes would take a disk sync for each. They are begun in their order, so values of one
 * tag keep it.
 */
export function writeTogether(engine: Engine): void {
  const writing = engine as unknown as WritingEngine;
  const oneByOne = writing.write.bind(writing);
  writing.write = async (context, nodesToWrite) => {
    const accessor = writing.addressSpaceAccessor;
    if (accessor === undefined) return oneByOne(context, nodesToWrite);
    // What it does ahead of the first write.
    await oneByOne(context, []);
    return Promise.all(nodesToWrite.map((node) => accessor.writeNode(context, node).catch(() => StatusCodes.BadInternalError)));
  };
}
