import { type Bytes, sha256, toHex } from '../core/index.ts';
import { refuse } from './errors.ts';
import { decode, type Decoded } from './message.ts';
import {
  ChannelHeaderMessage,
  EnvelopeMessage,
  type HeaderMessage,
  PayloadMessage,
  SerializedIdentityMessage,
  SignatureHeaderMessage,
  type TimestampMessage,
} from './messages.ts';
import { visitFields } from './wire.ts';

/** `HeaderType` of common/common.proto, as far as blocks have them. */
export const CONFIG = 1;
export const CONFIG_UPDATE = 2;
export const ENDORSER_TRANSACTION = 3;

export interface Envelope {
  readonly payload: Bytes;
  /** Empty in block 0 alone. */
  readonly signature: Bytes;
}

/** Tag of a field of number 1 that holds bytes. */
const PAYLOAD_TAG = 0x0a;

/**
 * Splits an envelope as it stands in a block. A block's hash covers the envelopes one after another, without their lengths, so
 * the form has to say where each begins: payload first, then the signature, each once; what nobody knows may follow. Orderers
 * write envelopes in this form whatever a client sends.
 * @throws RejectedError `BAD_ENCODING`
 */
export function splitEnvelope(bytes: Bytes): Envelope {
  const known: number[] = [];
  let isMinimal = true;
  visitFields(bytes, ({ number, wire, minimal }) => {
    if (wire !== 2 || (number !== 1 && number !== 2)) return;
    if (known.length < 3) known.push(number);
    isMinimal &&= minimal;
  });
  const isInOrder = known[0] === 1 && (known.length === 1 || (known.length === 2 && known[1] === 2));
  if (bytes[0] !== PAYLOAD_TAG || !isInOrder || !isMinimal)
    refuse('BAD_ENCODING', 'The bytes are no envelope: payload, signature, each once and in this order.');
  return decode(EnvelopeMessage, bytes, 'envelope');
}

export interface Creator {
  readonly mspId: string;
  /** PEM text, as bytes. */
  readonly certificate: Bytes;
}

/** Who says what, on which channel: the two headers of a payload. */
export interface EnvelopeHeader {
  readonly type: number;
  readonly channel: string;
  readonly txId: string;
  /** The channel header's timestamp in whole ms since 1970 UTC, rounded down; `undefined` where there is none in range. */
  readonly timeMs: number | undefined;
  readonly epoch: bigint;
  readonly extension: Bytes;
  readonly creatorBytes: Bytes;
  readonly nonce: Bytes;
  readonly channelHeaderBytes: Bytes;
  readonly signatureHeaderBytes: Bytes;
}

/** @throws RejectedError `BAD_ENCODING` */
export function readPayload(payload: Bytes): { readonly header: EnvelopeHeader; readonly data: Bytes } {
  const { header, data } = decode(PayloadMessage, payload, 'payload');
  if (header === undefined) refuse('BAD_ENCODING', 'The payload has no header.');
  return { data, header: readHeader(header) };
}

/** @throws RejectedError `BAD_ENCODING` */
export function readHeader({ channelHeader, signatureHeader }: Decoded<typeof HeaderMessage>): EnvelopeHeader {
  const channel = decode(ChannelHeaderMessage, channelHeader, 'channel header');
  const signer = decode(SignatureHeaderMessage, signatureHeader, 'signature header');
  return {
    type: channel.type,
    channel: channel.channelId,
    txId: channel.txId,
    timeMs: millisecondsOf(channel.timestamp),
    epoch: channel.epoch,
    extension: channel.extension,
    creatorBytes: signer.creator,
    nonce: signer.nonce,
    channelHeaderBytes: channelHeader,
    signatureHeaderBytes: signatureHeader,
  };
}

/** A time before 1970, after the year 9999, or with more nanoseconds than a second has, is none. */
function millisecondsOf(timestamp: Decoded<typeof TimestampMessage> | undefined): number | undefined {
  if (timestamp === undefined) return undefined;
  const { seconds, nanos } = timestamp;
  if (seconds < 0n || seconds > 253_402_300_799n || nanos < 0 || nanos > 999_999_999) return undefined;
  return Number(seconds) * 1000 + Math.floor(nanos / 1_000_000);
}

/** @throws RejectedError `BAD_ENCODING` */
export function readCreator(bytes: Bytes): Creator {
  const { mspId, idBytes } = decode(SerializedIdentityMessage, bytes, 'identity');
  return { mspId, certificate: idBytes };
}

/** A transaction's id: SHA-256 over nonce and creator, 64 lower-case hexadecimal digits. */
export function transactionIdOf({ nonce, creatorBytes }: Pick<EnvelopeHeader, 'nonce' | 'creatorBytes'>): string {
  return toHex(sha256(nonce, creatorBytes));
}

/** The hash by which endorsers name the proposal. */
export function proposalHash(channelHeader: Bytes, signatureHeader: Bytes, proposalPayload: Bytes): Bytes {
  return sha256(channelHeader, signatureHeader, proposalPayload);
}
