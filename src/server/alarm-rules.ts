import { MethodIds, type NodeId, resolveNodeId, type UAAlarmConditionEx } from 'node-opcua';

/** How a client asks for the alarms that stand (OPC UA Part 9, clauses 5.5.7 and 5.5.8). */
export const REFRESH_METHOD_IDS = idsOf(MethodIds.ConditionType_ConditionRefresh, MethodIds.ConditionType_ConditionRefresh2);
/** What an operator does to an alarm, called by the NodeIds of the standard types (OPC UA Part 9, clauses 5.5 and 5.7). */
export const ALARM_METHOD_IDS = idsOf(MethodIds.ConditionType_AddComment, MethodIds.AcknowledgeableConditionType_Acknowledge);

function idsOf(...ids: number[]): readonly NodeId[] {
  return ids.map((id) => resolveNodeId(id));
}

/**
 * A condition is of interest while it is active or waits for its acknowledgement (OPC UA Part 9, clause 5.5.2, Retain).
 * Node-opcua clears Retain at the acknowledgement, so an alarm that goes on would vanish from every alarm list.
 */
export function keepWhatIsOfInterest(node: UAAlarmConditionEx): void {
  const branch = node.currentBranch();
  const setRetain = branch.setRetain.bind(branch);
  branch.setRetain = (retain) => setRetain(retain || (node.getEnabledState() && (branch.getActiveState() || !branch.getAckedState())));
}
