import { type Bytes, toBase64Url } from '../core/index.ts';
import { fabricBlockHash, readBlock } from './block.ts';
import { certificateOf } from './certificate.ts';
import {
  type Creator,
  ENDORSER_TRANSACTION,
  type EnvelopeHeader,
  readCreator,
  readPayload,
  splitEnvelope,
  transactionIdOf,
} from './envelope.ts';
import { refuse } from './errors.ts';
import { type Access, isWriting, readAccesses } from './rw-set.ts';
import { attempt } from './transaction-form.ts';
import { VALID } from './validation-codes.ts';
import { readArguments, readCalledChaincode, readEndorsed, readEvent } from './transaction.ts';

/** What an envelope says, as far as a client needs it; not verified. */
export interface FabricEnvelope {
  /** Hexadecimal, 64 digits. */
  readonly txId: string;
  /** `HeaderType` of the channel header: 1 configuration, 3 transaction of a chaincode. */
  readonly type: number;
  readonly channel: string;
  readonly creator: Creator;
  /** The creator as it stands in the signature header. */
  readonly creatorBytes: Bytes;
  readonly nonce: Bytes;
  /** Of the channel header, ms since 1970 UTC; 0 where it has none. */
  readonly timeMs: number;
  /** Empty where it is no transaction of a chaincode. */
  readonly chaincode: string;
  readonly args: readonly Bytes[];
  readonly response: { readonly status: number; readonly message: string; readonly payload: Bytes } | undefined;
  readonly event: { readonly chaincode: string; readonly name: string; readonly payload: Bytes } | undefined;
  /** Chaincodes into whose public state it writes, as its endorsers say. */
  readonly writes: readonly string[];
  /** What the creator signs. */
  readonly payload: Bytes;
  readonly signature: Bytes;
}

export interface FabricTransaction extends FabricEnvelope {
  /** Place in the block. */
  readonly index: number;
  /** Fabric's validation code: 0 is VALID. */
  readonly code: number;
}

export interface FabricBlock {
  readonly number: number;
  /** Hash of the block before, 43 characters; empty in block 0. */
  readonly prev: string;
  /** 43 characters. */
  readonly hash: string;
  /** In order. What cannot be read is left out: anybody with access to the channel can have junk put into a block. */
  readonly transactions: readonly FabricTransaction[];
}

/**
 * Reads a `common.Block` from a peer that the reader trusts: its data must fit its header; signatures and endorsements are not
 * looked at.
 * @throws RejectedError `BAD_ENCODING`, `BAD_BLOCK`
 */
export function decodeBlock(bytes: Bytes): FabricBlock {
  const block = readBlock(bytes);
  const transactions = block.data.flatMap((envelope, index) => {
    const read = attempt(() => decodeEnvelope(envelope));
    return read === undefined ? [] : [{ ...read, index, code: block.codes[index] ?? NOT_VALIDATED }];
  });
  return { number: block.number, prev: toBase64Url(block.prev), hash: toBase64Url(fabricBlockHash(block)), transactions };
}

const NOT_VALIDATED = 254;

/** Reads a `common.Envelope`. @throws RejectedError `BAD_ENCODING` */
export function decodeEnvelope(bytes: Bytes): FabricEnvelope {
  const { payload, signature } = splitEnvelope(bytes);
  const { header, data } = readPayload(payload);
  const { txId, type, channel, creatorBytes, nonce } = header;
  return {
    txId,
    type,
    channel,
    creator: readCreator(creatorBytes),
    creatorBytes,
    nonce,
    timeMs: header.timeMs ?? 0,
    ...(type === ENDORSER_TRANSACTION
      ? invocationIn(header, data)
      : { chaincode: '', args: [], response: undefined, event: undefined, writes: [] }),
    payload,
    signature,
  };
}

function invocationIn(header: EnvelopeHeader, data: Bytes): Pick<FabricEnvelope, 'chaincode' | 'args' | 'response' | 'event' | 'writes'> {
  const { action, proposalPayload } = readEndorsed(data);
  const event = action?.events === undefined ? undefined : readEvent(action.events);
  return {
    chaincode: readCalledChaincode(header).chaincodeId?.name ?? '',
    args: readArguments(proposalPayload),
    response: action?.response,
    event: event === undefined ? undefined : { chaincode: event.chaincodeId, name: event.eventName, payload: event.payload },
    writes: action === undefined ? [] : publicWrites(readAccesses(action.results)),
  };
}

/**
 * Checks what the sender of an envelope alone answers for: the id follows from nonce and creator, and the creator's signature is
 * one under the certificate that it shows. Whether that is a member's is for the network.
 * @throws RejectedError `BAD_ENCODING`
 */
export function requireSigned(envelope: FabricEnvelope): void {
  const { txId, payload, signature, creator } = envelope;
  if (transactionIdOf(envelope) !== txId) refuse('BAD_ENCODING', 'The id of the transaction is not that of its nonce and creator.');
  if (!certificateOf(creator.certificate).verifies(payload, signature))
    refuse('BAD_ENCODING', "The creator's signature does not verify under its certificate.");
}

function publicWrites(accesses: readonly Access[]): string[] {
  return accesses.filter((access) => access.collection === '' && isWriting(access)).map(({ namespace }) => namespace);
}

/**
 * A block has no clock of its own: its time is the greatest of the transactions that count for the ledger, which their
 * endorsers have compared with their clocks. 0 where it has none.
 * @param evidence name of the chaincode
 */
export function ownTimeMs({ transactions }: FabricBlock, evidence: string): number {
  return transactions.filter((transaction) => counts(transaction, evidence)).reduce((most, { timeMs }) => Math.max(most, timeMs), 0);
}

/**
 * Whether a transaction is one of the ledger's: valid, a call of the evidence chaincode, and one that writes its public state. What
 * writes none can be valid by the word of a single organisation, which may write into a private collection of its own.
 */
export function counts({ code, chaincode, writes }: FabricTransaction, evidence: string): boolean {
  return code === VALID && chaincode === evidence && writes.includes(evidence);
}
