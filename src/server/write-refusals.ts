import {
  AccessLevelFlag,
  AttributeIds,
  type NodeId,
  NodeClass,
  type OPCUAServer,
  type SessionContext,
  type StatusCode,
  StatusCodes,
  type UAVariable,
  type WriteValueOptions,
} from 'node-opcua';

interface WritingAccessor {
  writeNode(context: SessionContext, nodeToWrite: WriteValueOptions): Promise<StatusCode>;
}

/**
 * Answers a write of what nobody may write with BadNotWritable: the node forbids it, not the user (OPC UA Part 4, clause
 * 5.11.4.4). node-opcua asks for the user's permission first. A variable's AccessLevel tells the same to everybody who sees
 * the node, so nothing is said that is not known. Call it after `initialize()`.
 */
export function tellWhatForbids(server: OPCUAServer): void {
  const { addressSpaceAccessor, addressSpace } = server.engine as unknown as {
    readonly addressSpaceAccessor: WritingAccessor | null;
    readonly addressSpace: OPCUAServer['engine']['addressSpace'];
  };
  if (addressSpaceAccessor === null || addressSpace === null) throw new Error('The server has no address space.');
  const write = addressSpaceAccessor.writeNode.bind(addressSpaceAccessor);
  addressSpaceAccessor.writeNode = async (context, nodeToWrite) => {
    const status = await write(context, nodeToWrite);
    if (status !== StatusCodes.BadUserAccessDenied) return status;
    const node = addressSpace.findNode(nodeToWrite.nodeId as NodeId);
    const isVariable = node?.nodeClass === NodeClass.Variable;
    return isVariable && isWritable(node as UAVariable, nodeToWrite.attributeId) ? status : StatusCodes.BadNotWritable;
  };
}

/** No attribute but the value of a variable can be written on our servers. */
function isWritable({ accessLevel }: UAVariable, attributeId: number | undefined): boolean {
  return attributeId === AttributeIds.Value && (accessLevel & AccessLevelFlag.CurrentWrite) !== 0;
}
