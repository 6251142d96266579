import {
  type CallMethodResultOptions,
  type ISessionContext,
  LocalizedText,
  StatusCodes,
  type UAAlarmConditionEx,
  type Variant,
} from 'node-opcua';

/** Longest comment on an alarm, in characters: it is kept over a restart. */
export const LONGEST_COMMENT = 1024;
/** Longest name of a language beside it. */
export const LONGEST_LOCALE = 64;

type Branch = ReturnType<UAAlarmConditionEx['currentBranch']>;
type Work = (branch: Branch, comment: LocalizedText) => void;

/**
 * Acknowledge and AddComment (OPC UA Part 9, clauses 5.5.6 and 5.7.3) of one alarm. Node-opcua's own answer Good to a second
 * acknowledgement, keep comments of any length, and drop the last comment where a client gives none.
 * @param changed told after each change
 */
export function bindAlarmMethods(node: UAAlarmConditionEx, changed: () => void): void {
  const handle = async (inputs: Variant[], context: ISessionContext, work: Work): Promise<CallMethodResultOptions> => {
    const comment = inputs[1]?.value as LocalizedText | null;
    if (isTooLong(comment)) {
      return { statusCode: StatusCodes.BadInvalidArgument, inputArgumentResults: [StatusCodes.Good, StatusCodes.BadOutOfRange] };
    }
    const branch = node.findBranchForEventId(inputs[0]?.value as Buffer | null);
    if (branch === null) return { statusCode: StatusCodes.BadEventIdUnknown };
    if (work === acknowledge && branch.getAckedState()) return { statusCode: StatusCodes.BadConditionBranchAlreadyAcked };
    branch.setClientUserId(context.getUserName?.() ?? '');
    work(branch, isLeftOut(comment) ? branch.getComment() : new LocalizedText(comment));
    changed();
    return { statusCode: StatusCodes.Good };
  };
  const acknowledge: Work = (branch, comment) => node.acknowledgeAndAutoConfirmBranch(branch, comment);
  const addComment: Work = (branch, comment) => {
    branch.setComment(comment);
    node.raiseNewBranchState(branch);
  };
  node.acknowledge.bindMethod((inputs: Variant[], context: ISessionContext) => handle(inputs, context, acknowledge));
  node.addComment.bindMethod((inputs: Variant[], context: ISessionContext) => handle(inputs, context, addComment));
}

function isTooLong(comment: LocalizedText | null): boolean {
  return (comment?.text ?? '').length > LONGEST_COMMENT || (comment?.locale ?? '').length > LONGEST_LOCALE;
}

/** Neither text nor locale means that the comment stays as it is (clause 5.5.6). */
function isLeftOut(comment: LocalizedText | null): boolean {
  return (comment?.text ?? '') === '' && (comment?.locale ?? '') === '';
}
