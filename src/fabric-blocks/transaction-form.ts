import { equalBytes, RejectedError, type Bytes } from '../core/index.ts';
import type { ChannelConfig } from './channel-config.ts';
import {
  CONFIG,
  CONFIG_UPDATE,
  ENDORSER_TRANSACTION,
  type Envelope,
  type EnvelopeHeader,
  proposalHash,
  readHeader,
  transactionIdOf,
} from './envelope.ts';
import type { Identity } from './msp.ts';
import { decode } from './message.ts';
import {
  PayloadMessage,
  ProposalResponsePayloadMessage,
  ChaincodeActionPayloadMessage,
  ChannelHeaderMessage,
  SignatureHeaderMessage,
  TransactionMessage,
} from './messages.ts';
import * as codes from './validation-codes.ts';

/** What a peer finds out about an envelope before it looks at anything else. */
export interface Form {
  readonly code: number;
  readonly header: EnvelopeHeader | undefined;
  /** Under which peers keep it, also an invalid one; empty where it has none. */
  readonly txId: string;
  readonly creator: Identity | undefined;
}

/**
 * Checks an envelope as a peer does first: headers, creator's certificate and signature, id, and that the endorsers' answer
 * names the proposal. The order of the checks is Fabric's, for it decides which code an invalid one gets.
 */
export function checkForm({ payload, signature }: Envelope, config: ChannelConfig): Form {
  const parts = attempt(() => decode(PayloadMessage, payload, 'payload'));
  if (parts === undefined) return { code: codes.BAD_PAYLOAD, header: undefined, txId: '', creator: undefined };
  const raw = parts.header;
  const header = raw === undefined ? undefined : attempt(() => readHeader(raw));
  const txId = header === undefined ? txIdIn(raw?.channelHeader) : header.txId || transactionIdOf(header);
  if (header === undefined || !isSound(header)) return { code: codes.BAD_COMMON_HEADER, header, txId, creator: undefined };
  const creator = config.identify(header.creatorBytes);
  const isSigned = header.channel === config.channel && creator?.certificate.verifies(payload, signature) === true;
  if (!isSigned) return { code: codes.BAD_CREATOR_SIGNATURE, header, txId, creator: undefined };
  return { code: codeByType(header, parts.data), header, txId, creator };
}

/** A header without a readable signature header still has an id. */
function txIdIn(channelHeader: Bytes = new Uint8Array(0)): string {
  return attempt(() => decode(ChannelHeaderMessage, channelHeader, 'channel header').txId) ?? '';
}

const KNOWN_TYPES: ReadonlySet<number> = new Set([CONFIG, CONFIG_UPDATE, ENDORSER_TRANSACTION]);

function isSound({ type, epoch, nonce, creatorBytes }: EnvelopeHeader): boolean {
  return KNOWN_TYPES.has(type) && epoch === 0n && nonce.length > 0 && creatorBytes.length > 0;
}

function codeByType(header: EnvelopeHeader, data: Bytes): number {
  switch (header.type) {
    case CONFIG:
      return codes.VALID;
    case ENDORSER_TRANSACTION:
      if (transactionIdOf(header) !== header.txId) return codes.BAD_PROPOSAL_TXID;
      return attempt(() => isBound(header, data)) === true ? codes.VALID : codes.INVALID_ENDORSER_TRANSACTION;
    default:
      return codes.UNSUPPORTED_TX_PAYLOAD;
  }
}

/** Whether the answer of the endorsers is about the proposal in the transaction. */
function isBound({ channelHeaderBytes }: EnvelopeHeader, data: Bytes): boolean {
  const { actions } = decode(TransactionMessage, data, 'transaction');
  const [action] = actions;
  if (action === undefined || actions.length > 1) return false;
  const { nonce, creator } = decode(SignatureHeaderMessage, action.header, 'signature header');
  if (nonce.length === 0 || creator.length === 0) return false;
  const { proposalPayload, action: endorsed } = decode(ChaincodeActionPayloadMessage, action.payload, 'chaincode action payload');
  if (endorsed === undefined) return false;
  const named = decode(ProposalResponsePayloadMessage, endorsed.responsePayload, 'proposal response payload').proposalHash;
  return equalBytes(named, proposalHash(channelHeaderBytes, action.header, proposalPayload));
}

/** `undefined` where it is refused. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RejectedError) return undefined;
    throw error;
  }
}
