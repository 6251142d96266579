import { type Bytes, DcmbError, equalBytes, RejectedError, UnavailableError, utf8 } from '../../core/index.ts';
import { MOST_TRANSACTION_BYTES } from '../../contract/index.ts';
import { bytesField, decode, decodeExact, decodeEnvelope, type FabricEnvelope, requireSigned, text } from '../../fabric-blocks/index.ts';
import type { LedgerErrorCode, PreparedTransaction } from '../port.ts';
import type { Call } from './call.ts';

/** `gateway.PreparedTransaction` */
const PreparedMessage = { txId: text(1), envelope: bytesField(2) };

/** An endorsed transaction holds its body, what it writes and its event, and the endorsers' certificates. */
const MOST_PREPARED_BYTES = 4 * MOST_TRANSACTION_BYTES;
const ENDORSER_TRANSACTION = 3;

/** Of whom, and for which ledger, a transaction has to be. */
export interface OwnPlace {
  readonly organisation: string;
  readonly fabricChannel: string;
  readonly chaincode: string;
}

/**
 * Reads bytes that are to be submitted: they must be a transaction of this organisation's, for this ledger, signed and
 * unchanged. Whether the endorsements hold is for the peers.
 * @throws RejectedError `BAD_TRANSACTION`, `TRANSACTION_TOO_LARGE`
 */
export function openPrepared({ txId, bytes }: PreparedTransaction, place: OwnPlace): FabricEnvelope {
  if (bytes.length > MOST_PREPARED_BYTES) throw tooLarge(bytes.length, MOST_PREPARED_BYTES);
  const prepared = parse(bytes);
  const { envelope } = prepared;
  const isOwn = envelope.creator.mspId === place.organisation && envelope.type === ENDORSER_TRANSACTION;
  const isHere = envelope.channel === place.fabricChannel && envelope.chaincode === place.chaincode;
  if (prepared.txId !== txId || envelope.txId !== txId) throw bad('its id is not that of its bytes');
  if (!isOwn) throw bad(`it is not one of organisation "${place.organisation}"`);
  if (!isHere) throw bad(`it is not for chaincode "${place.chaincode}" on the Fabric channel "${place.fabricChannel}"`);
  return envelope;
}

/**
 * Checks what the gateway peer made of a proposal, before it is signed: nothing is signed that was not asked for.
 * @param bytes not signed yet
 * @throws UnavailableError `NOT_ENDORSED`
 */
export function requireProposed(bytes: Bytes, txId: string, fabricChannel: string, { chaincode, name, args }: Call): void {
  const prepared = decode(PreparedMessage, bytes, 'prepared transaction');
  const envelope = decodeEnvelope(prepared.envelope);
  const proposed = [name, ...args].map((each) => (typeof each === 'string' ? utf8(each) : each));
  const isSame =
    envelope.txId === txId &&
    prepared.txId === txId &&
    envelope.channel === fabricChannel &&
    envelope.chaincode === chaincode &&
    envelope.args.length === proposed.length &&
    proposed.every((each, place) => equalBytes(each, envelope.args[place] ?? new Uint8Array(0)));
  if (isSame) return;
  throw new UnavailableError<LedgerErrorCode>(
    'NOT_ENDORSED',
    'The gateway peer gave another transaction than was proposed. It is not signed.',
    {
      details: { stage: 'endorse' },
    },
  );
}

/** @throws RejectedError `TRANSACTION_TOO_LARGE` */
export function requireSize(body: Bytes): void {
  if (body.length > MOST_TRANSACTION_BYTES) throw tooLarge(body.length, MOST_TRANSACTION_BYTES);
}

function parse(bytes: Bytes): { readonly txId: string; readonly envelope: FabricEnvelope } {
  try {
    const { txId, envelope } = decodeExact(PreparedMessage, bytes, 'prepared transaction');
    const opened = decodeEnvelope(envelope);
    requireSigned(opened);
    return { txId, envelope: opened };
  } catch (cause) {
    if (!(cause instanceof DcmbError)) throw cause;
    throw bad(cause.message, cause);
  }
}

function bad(why: string, cause?: unknown): RejectedError<LedgerErrorCode> {
  return new RejectedError('BAD_TRANSACTION', `This is no transaction that can be submitted here: ${why}.`.replace('..', '.'), { cause });
}

function tooLarge(length: number, most: number): RejectedError<LedgerErrorCode> {
  return new RejectedError('TRANSACTION_TOO_LARGE', `A transaction may have ${most} bytes, not ${length}.`);
}
