import { type Bytes } from '../core/index.ts';
import { ENDORSER_TRANSACTION, type EnvelopeHeader, readPayload } from './envelope.ts';
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

/** What a client asked for and what the endorsers answered. */
export interface EndorserTransaction {
  readonly header: EnvelopeHeader;
  /** The second signature header, which is part of the proposal. */
  readonly actionHeader: Bytes;
  readonly proposalPayload: Bytes;
  readonly transientKeys: number;
  /** As the header names it. */
  readonly chaincode: string;
  /** As the invocation names it. */
  readonly invoked: string;
  readonly args: readonly Bytes[];
  readonly decorations: number;
  readonly isInit: boolean;
  readonly responsePayload: Bytes;
  readonly endorsements: readonly Endorsement[];
  readonly proposalHash: Bytes;
  /** Read and write sets. */
  readonly results: Bytes;
  readonly response: { readonly status: number; readonly message: string; readonly payload: Bytes } | undefined;
  readonly event: Decoded<typeof ChaincodeEventMessage> | undefined;
  /** As the endorsers name it. */
  readonly executed: Decoded<typeof ChaincodeActionMessage>['chaincodeId'];
}

/** Reads all layers of an endorsed transaction; nothing is compared with anything yet. @throws RejectedError `BAD_ENCODING` */
export function readTransaction(payload: Bytes): EndorserTransaction {
  const { header, data } = readPayload(payload);
  if (header.type !== ENDORSER_TRANSACTION) refuse('BAD_ENCODING', `It is of type ${header.type}, no transaction of a chaincode.`);
  const { actions } = decode(TransactionMessage, data, 'transaction');
  const [action] = actions;
  if (action === undefined || actions.length > 1) refuse('BAD_ENCODING', `A transaction has one action, this one has ${actions.length}.`);
  const { proposalPayload, action: endorsed } = decode(ChaincodeActionPayloadMessage, action.payload, 'chaincode action payload');
  if (endorsed === undefined) refuse('BAD_ENCODING', 'The transaction has no endorsed action.');
  return {
    header,
    actionHeader: action.header,
    proposalPayload,
    ...readInvocation(header, proposalPayload),
    responsePayload: endorsed.responsePayload,
    endorsements: endorsed.endorsements,
    ...readAnswer(endorsed.responsePayload),
  };
}

type Invocation = Pick<EndorserTransaction, 'transientKeys' | 'chaincode' | 'invoked' | 'args' | 'decorations' | 'isInit'>;

function readInvocation({ extension }: EnvelopeHeader, proposalPayload: Bytes): Invocation {
  const { chaincodeId } = decode(ChaincodeHeaderExtensionMessage, extension, 'chaincode header extension');
  const { input, transient } = decode(ChaincodeProposalPayloadMessage, proposalPayload, 'chaincode proposal payload');
  const { spec } = decode(ChaincodeInvocationSpecMessage, input, 'chaincode invocation');
  return {
    transientKeys: transient.size,
    chaincode: chaincodeId?.name ?? '',
    invoked: spec?.chaincodeId?.name ?? '',
    args: spec?.input?.args ?? [],
    decorations: spec?.input?.decorations.size ?? 0,
    isInit: spec?.input?.isInit ?? false,
  };
}

function readAnswer(bytes: Bytes): Pick<EndorserTransaction, 'proposalHash' | 'results' | 'response' | 'event' | 'executed'> {
  const { proposalHash, extension } = decode(ProposalResponsePayloadMessage, bytes, 'proposal response payload');
  const { results, events, response, chaincodeId } = decode(ChaincodeActionMessage, extension, 'chaincode action');
  const event = events.length === 0 ? undefined : decode(ChaincodeEventMessage, events, 'chaincode event');
  return { proposalHash, results, response, event, executed: chaincodeId };
}
