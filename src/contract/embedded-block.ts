import * as v from 'valibot';
import {
  base64Url,
  type Bytes,
  canonicalJson,
  type Envelope,
  envelopeHashText,
  EnvelopeShape,
  equalBytes,
  fromBase64Url,
  Hash,
  integer,
  type Json,
  labelledHash,
  openEnvelope,
  parseCanonical,
  parseShape,
  signEnvelope,
  type Signer,
  toBase64Url,
  unverifiedContent,
} from '../core/index.ts';
import { refuse } from './errors.ts';
import { type Genesis, GenesisShape, OrganisationId, parseEmbeddedGenesis } from './genesis.ts';
import { TRANSACTION_KINDS, type TransactionKind } from './state.ts';

/*
 * The block format of the embedded ledger: what its file holds, what an audit export carries, and what a stranger can
 * check from docs/ledger.md alone.
 */

export const TRANSACTION_TYPE = 'application/vnd.dcmb.transaction.v0+json';

/** Bytes of a prepared transaction, so that one member can't fill the file of all. */
export const MOST_TRANSACTION_BYTES = 1_048_576;

const Body = v.custom<Json>((value) => value !== undefined, 'JSON');

/** Signed by the sending organisation's ledger key. */
export const TransactionShape = v.strictObject({
  v: v.literal(0),
  ledger: Hash,
  /** Organisation whose ledger key signs; it makes the id differ for each sender. */
  creator: OrganisationId,
  /** 16 random bytes: the same body sent twice on purpose is two transactions. */
  nonce: base64Url(16),
  timeMs: integer(0),
  kind: v.picklist(TRANSACTION_KINDS),
  body: Body,
});
export type SignedTransaction = Readonly<v.InferOutput<typeof TransactionShape>>;

const EventShape = v.strictObject({
  kind: v.picklist(TRANSACTION_KINDS),
  channel: v.string(),
  body: v.custom<{ readonly [key: string]: Json }>((value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
});

const BlockTransactionShape = v.strictObject({ txId: Hash, envelope: EnvelopeShape, event: EventShape });
export type BlockTransaction = v.InferOutput<typeof BlockTransactionShape>;

export const BlockShape = v.strictObject({
  v: v.literal(0),
  number: integer(1),
  /** Hash of the block before. */
  prev: Hash,
  /** The writer's clock, never before the previous block's. */
  timeMs: integer(0),
  transactions: v.pipe(v.array(BlockTransactionShape), v.minLength(1), v.maxLength(1000)),
});
export type EmbeddedBlock = Readonly<v.InferOutput<typeof BlockShape>>;

/** Block 0 follows from the genesis alone, so the ledger id fixes its hash. */
export const GenesisBlockShape = v.strictObject({ v: v.literal(0), number: v.literal(0), genesis: GenesisShape });
export type GenesisBlock = Readonly<v.InferOutput<typeof GenesisBlockShape>>;

export function genesisBlock(genesis: Genesis): GenesisBlock {
  return { v: 0, number: 0, genesis };
}

/** 43 characters. */
export function blockHash(block: EmbeddedBlock | GenesisBlock): string {
  return toBase64Url(labelledHash('DCMB/0/block', canonicalJson(block)));
}

export interface TransactionContent {
  readonly ledger: string;
  readonly creator: string;
  /** 16 random bytes. */
  readonly nonce: Bytes;
  readonly timeMs: number;
  readonly kind: TransactionKind;
  readonly body: Json;
}

export interface PreparedBytes {
  readonly txId: string;
  /** The signed envelope in canonical JSON. */
  readonly bytes: Bytes;
}

/** Signs a transaction. */
export async function prepareTransaction(content: TransactionContent, signer: Signer): Promise<PreparedBytes> {
  const envelope = await signEnvelope(TRANSACTION_TYPE, { v: 0, ...content, nonce: toBase64Url(content.nonce) }, signer);
  return { txId: transactionId(envelope), bytes: canonicalJson(envelope) };
}

/** A transaction's id: the hash of what is signed, whoever signed it. */
export function transactionId(envelope: Envelope): string {
  return envelopeHashText(envelope);
}

/** Reads what {@link prepareTransaction} gave. @throws RejectedError `BAD_BLOCK`, `BAD_SHAPE`, `NOT_CANONICAL` */
export function parsePrepared(bytes: Bytes): Envelope {
  if (bytes.length > MOST_TRANSACTION_BYTES)
    refuse('BAD_BLOCK', `A transaction may have ${MOST_TRANSACTION_BYTES} bytes, this one has ${bytes.length}.`);
  return parseShape(EnvelopeShape, parseCanonical(bytes), 'transaction envelope');
}

/**
 * Verifies a transaction of a ledger: signed by the ledger key of the organisation that it names.
 * @throws RejectedError `BAD_BLOCK`, `OTHER_LEDGER`, and those of form and signature
 */
export function verifyTransaction(genesis: Genesis, ledgerId: string, envelope: Envelope): SignedTransaction {
  const claimed = unverifiedContent(envelope, TransactionShape, 'transaction');
  if (claimed.ledger !== ledgerId) refuse('OTHER_LEDGER', `The transaction is for ledger ${claimed.ledger}, this is ledger ${ledgerId}.`);
  const organisation = genesis.organisations.find(({ id }) => id === claimed.creator);
  if (organisation === undefined) refuse('BAD_BLOCK', `Organisation "${claimed.creator}" is no member of this ledger.`);
  if (organisation.ledgerKey === undefined) refuse('BAD_BLOCK', `Organisation "${claimed.creator}" has no ledger key.`);
  return openEnvelope(envelope, TRANSACTION_TYPE, TransactionShape, fromBase64Url(organisation.ledgerKey));
}

/** @throws RejectedError `BAD_BLOCK`, `BAD_SHAPE`, `BAD_GENESIS`, `BAD_KEY` */
export function parseGenesisBlock(value: unknown): Genesis {
  return parseEmbeddedGenesis(parseShape(GenesisBlockShape, value, 'block 0').genesis);
}

/** A block by its stored bytes. @throws RejectedError `NOT_CANONICAL`, `BAD_SHAPE` */
export function parseBlock(value: unknown): EmbeddedBlock {
  return parseShape(BlockShape, value, 'block');
}

/** @throws RejectedError `BAD_BLOCK` unless both events are the same to the byte */
export function requireSameEvent(number: number, recorded: unknown, replayed: unknown): void {
  if (!equalBytes(canonicalJson(recorded), canonicalJson(replayed))) {
    refuse('BAD_BLOCK', `Block ${number} records another event than the contract gives.`);
  }
}
