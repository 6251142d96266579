import type { Bytes } from '../core/index.ts';
import type { EnvelopeHeader } from './envelope.ts';
import { refuse } from './errors.ts';
import { decode, type Decoded } from './message.ts';
import {
  ChaincodeActionMessage,
  ChaincodeActionPayloadMessage,
  ChaincodeEventMessage,
  ChaincodeHeaderExtensionMessage,
  ChaincodeInvocationSpecMessage,
  ChaincodeProposalPayloadMessage,
  ProposalResponsePayloadMessage,
  TransactionMessage,
} from './messages.ts';

export interface Endorsement {
  readonly endorser: Bytes;
  readonly signature: Bytes;
}

export type ChaincodeEvent = Decoded<typeof ChaincodeEventMessage>;

/** What the endorsers say has happened. */
export interface ChaincodeAction {
  /** Read and write sets. */
  readonly results: Bytes;
  /** `undefined` where there is no event. */
  readonly events: Bytes | undefined;
  readonly response: Decoded<typeof ChaincodeActionMessage>['response'];
  /** The chaincode as the endorsers name it. */
  readonly executed: Decoded<typeof ChaincodeActionMessage>['chaincodeId'];
}

/** The layers of an endorsed transaction below its header. */
export interface Endorsed {
  /** The signature header that is part of the proposal. */
  readonly actionHeader: Bytes;
  readonly proposalPayload: Bytes;
  /** What endorsers sign, each together with its own identity. */
  readonly responsePayload: Bytes;
  readonly endorsements: readonly Endorsement[];
  readonly action: ChaincodeAction | undefined;
}

export interface EndorserTransaction extends Endorsed {
  readonly header: EnvelopeHeader;
  /** The chaincode that the proposal calls. */
  readonly chaincode: string;
  readonly action: ChaincodeAction;
}

/** The chaincode that a proposal's header calls. @throws RejectedError `BAD_ENCODING` */
export function readCalledChaincode({ extension }: EnvelopeHeader): Decoded<typeof ChaincodeHeaderExtensionMessage> {
  return decode(ChaincodeHeaderExtensionMessage, extension, 'chaincode header extension');
}

/** @param data of the payload @throws RejectedError `BAD_ENCODING` */
export function readEndorsed(data: Bytes): Endorsed {
  const { actions } = decode(TransactionMessage, data, 'transaction');
  const [action] = actions;
  if (action === undefined || actions.length > 1) refuse('BAD_ENCODING', `A transaction has one action, this one has ${actions.length}.`);
  const { proposalPayload, action: endorsed } = decode(ChaincodeActionPayloadMessage, action.payload, 'chaincode action payload');
  if (endorsed === undefined) refuse('BAD_ENCODING', 'The transaction has no endorsed action.');
  const { responsePayload, endorsements } = endorsed;
  return { actionHeader: action.header, proposalPayload, responsePayload, endorsements, action: readAction(responsePayload) };
}

function readAction(responsePayload: Bytes): ChaincodeAction | undefined {
  const { extension } = decode(ProposalResponsePayloadMessage, responsePayload, 'proposal response payload');
  // To a peer, empty is absent.
  if (extension.length === 0) return undefined;
  const { results, events, response, chaincodeId } = decode(ChaincodeActionMessage, extension, 'chaincode action');
  return { results, events: events.length === 0 ? undefined : events, response, executed: chaincodeId };
}

/** @throws RejectedError `BAD_ENCODING` */
export function readEvent(events: Bytes): ChaincodeEvent {
  return decode(ChaincodeEventMessage, events, 'chaincode event');
}

/** The arguments of a call, the function's name first. @throws RejectedError `BAD_ENCODING` */
export function readArguments(proposalPayload: Bytes): readonly Bytes[] {
  const { input } = decode(ChaincodeProposalPayloadMessage, proposalPayload, 'chaincode proposal payload');
  return decode(ChaincodeInvocationSpecMessage, input, 'chaincode invocation').spec?.input?.args ?? [];
}
