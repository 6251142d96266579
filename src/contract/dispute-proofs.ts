import * as v from 'valibot';
import {
  base64Url,
  type Bytes,
  type Envelope,
  envelopeHashText,
  EnvelopeShape,
  epochOf,
  fromBase64Url,
  Hash,
  type Json,
  parseShape,
  RejectedError,
  toBase64Url,
  unverifiedContent,
} from '../core/index.ts';
import {
  AnchorTokensShape,
  type BatchHeader,
  BatchHeaderShape,
  type ConditionOpening,
  conditionOpeningHash,
  type Delivery,
  headerHash,
  openDelivery,
  openDeposit,
  openHeader,
  RecordOpeningShape,
  tokenOf,
  tokensDigest,
  verifyBatchKey,
  verifyConditionOpening,
  verifyHeaderForm,
  verifyRecordOpening,
  verifySuccession,
} from '../evidence/index.ts';
import { boxHash } from './deposit.ts';
import { claimedNumber } from './documents.ts';
import { refuse } from './errors.ts';
import { everUsedKey } from './key-log.ts';
import { anchoredBatch, type OpenChannel, read } from './records.ts';
import type { StateReader } from './state.ts';

/** Any restricted JSON: what an accused party made need not have the form that it should have. */
const Anything = v.custom<Json>((value) => value !== undefined);

const ForkShape = v.strictObject({ kind: v.literal('fork'), header: EnvelopeShape, other: EnvelopeShape });
const DeliveryDisputeShape = v.strictObject({
  kind: v.literal('delivery'),
  delivery: EnvelopeShape,
  /** The anchored header and the opening; none where the delivery already names another header. */
  opening: v.pipe(v.array(v.strictObject({ header: EnvelopeShape, conditions: Anything })), v.maxLength(1)),
});
const TokenDisputeShape = v.strictObject({
  kind: v.literal('token'),
  header: EnvelopeShape,
  tokens: AnchorTokensShape,
  /** The condition record of one stream: it publishes that slot's code. */
  opening: RecordOpeningShape,
});
const DepositDisputeShape = v.strictObject({
  kind: v.literal('deposit'),
  header: EnvelopeShape,
  box: base64Url(),
  /** K_batch, and its place in the co-signed token set: it opens this box and nothing else. */
  batchKey: Hash,
  proof: v.pipe(v.array(Hash), v.maxLength(64)),
});
const ChainDisputeShape = v.strictObject({
  kind: v.literal('chain'),
  header: EnvelopeShape,
  /** The header of the number before; none where the header is wrong by itself. */
  before: v.pipe(v.array(EnvelopeShape), v.maxLength(1)),
});
const DisputeShape = v.variant('kind', [ForkShape, DeliveryDisputeShape, TokenDisputeShape, DepositDisputeShape, ChainDisputeShape]);

export type Dispute = v.InferOutput<typeof DisputeShape>;
type DisputeOf<Kind extends Dispute['kind']> = Extract<Dispute, { kind: Kind }>;
export type DisputeKind = Dispute['kind'];
export const DISPUTE_KINDS: readonly DisputeKind[] = ['fork', 'delivery', 'token', 'deposit', 'chain'];

/** @throws RejectedError `BAD_SHAPE` */
export function parseDispute(body: unknown): Dispute {
  return parseShape(DisputeShape, body, 'dispute');
}

/** Gives the number of the batch whose evidence the proof breaks. @throws RejectedError where it does not hold */
export function requireProof(state: StateReader, channel: OpenChannel, proof: Dispute): Promise<number> {
  switch (proof.kind) {
    case 'fork':
      return requireFork(state, channel, proof);
    case 'delivery':
      return requireBadDelivery(state, channel, proof);
    case 'token':
      return requireBadToken(state, channel, proof);
    case 'deposit':
      return requireJunkDeposit(state, channel, proof);
    case 'chain':
      return requireBrokenChain(state, channel, proof);
  }
}

/** Two headers with different payloads for one number, both signed by keys of the owner's. */
async function requireFork(state: StateReader, channel: OpenChannel, proof: DisputeOf<'fork'>): Promise<number> {
  const first = await signedHeader(state, channel, proof.header);
  const second = await signedHeader(state, channel, proof.other);
  if (second.channel !== channel.id || first.n !== second.n) holdsNot('the headers are not for one number of one channel');
  if (envelopeHashText(proof.header) === envelopeHashText(proof.other)) holdsNot('both envelopes hold the same header');
  return first.n;
}

/** A signed header off the channel's grid, or one that does not follow the signed header of the number before it. */
async function requireBrokenChain(state: StateReader, channel: OpenChannel, proof: DisputeOf<'chain'>): Promise<number> {
  const header = await signedHeader(state, channel, proof.header);
  const [before] = proof.before;
  if (before === undefined) {
    if (faultOf(() => verifyHeaderForm(channel.params, channel.id, header)) === undefined)
      holdsNot('the header is on the grid of the channel');
    return header.n;
  }
  const previous = await signedHeader(state, channel, before);
  if (previous.channel !== channel.id || previous.n + 1 !== header.n)
    holdsNot('the headers are not for two numbers in a row of one channel');
  const fault = faultOf(() => verifySuccession({ header: previous, hash: headerHash(previous) }, header));
  if (fault === undefined) holdsNot('the header follows the one before it');
  return header.n;
}

/** A signed delivery that names another header than the anchored one, or an opening that its root does not have. */
async function requireBadDelivery(state: StateReader, channel: OpenChannel, proof: DisputeOf<'delivery'>): Promise<number> {
  const delivery = await signedDelivery(state, channel, proof.delivery);
  const batch = await anchoredBatch(state, channel.id, delivery.n);
  if (delivery.header !== batch.header) return delivery.n;
  const shown = proof.opening[0] ?? holdsNot('the delivery names the anchored header, and no opening is shown');
  const header = anchoredHeader(shown.header, batch.header);
  // Claimed to be an opening: whether it has the form of one is part of what is judged.
  const opening = shown.conditions as unknown as ConditionOpening;
  if (toBase64Url(conditionOpeningHash(opening)) !== delivery.conditions) holdsNot('the opening is not the one that the delivery signs');
  const fault = faultOf(() => verifyConditionOpening(channel.params, delivery.n, fromBase64Url(header.root), opening));
  if (fault === undefined) holdsNot('the opening leads to the root of the header');
  return delivery.n;
}

/** The token that the header signs for a slot is not that of the condition record's code under its own slot key. */
async function requireBadToken(state: StateReader, channel: OpenChannel, proof: DisputeOf<'token'>): Promise<number> {
  const { params } = channel;
  const n = claimedNumber(proof.header);
  const header = anchoredHeader(proof.header, (await anchoredBatch(state, channel.id, n)).header);
  if (header.row !== 0) holdsNot('a batch that was called for has filler tokens');
  if (toBase64Url(tokensDigest(proof.tokens)) !== header.tokensDigest) holdsNot('the tokens are not those that the header signs');
  const record = orHoldsNot(() => verifyRecordOpening(params, n, fromBase64Url(header.root), proof.opening));
  if (record.kind !== 'condition' || record.publication !== params.publications - 1) {
    holdsNot('the opening is not the condition record of the end of the interval');
  }
  const token = toBase64Url(tokenOf(fromBase64Url(record.slotKey), record.code));
  if (proof.tokens.tokens[record.stream] === token) holdsNot('the token is that of the record');
  return n;
}

/** The committed K_batch does not open the deposited box to the delivery of the anchored header. */
async function requireJunkDeposit(state: StateReader, channel: OpenChannel, proof: DisputeOf<'deposit'>): Promise<number> {
  const n = claimedNumber(proof.header);
  const batch = await anchoredBatch(state, channel.id, n);
  const header = anchoredHeader(proof.header, batch.header);
  const deposited = await read(state, 'dp', channel.id, n);
  if (deposited?.box !== boxHash(proof.box)) holdsNot('this is not the box that was deposited for the batch');
  const set = await read(state, 'ts', channel.id, epochOf(channel.params, header.interval), header.agreement);
  if (set === undefined) holdsNot('no token set commits to the key');
  const batchKey = fromBase64Url(proof.batchKey);
  const disclosed = { interval: header.interval, row: header.row, key: batchKey, proof: proof.proof };
  orHoldsNot(() => verifyBatchKey(channel.params, fromBase64Url(set.root), disclosed));
  if (await isSound(state, channel, header, batchKey, proof.box)) holdsNot('the box opens to the delivery of the batch');
  return n;
}

/** Whether the box holds what the receiver of this batch must get. */
async function isSound(state: StateReader, channel: OpenChannel, header: BatchHeader, batchKey: Bytes, box: string): Promise<boolean> {
  try {
    const content = openDeposit(channel.params, batchKey, fromBase64Url(box));
    const delivery = await signedDelivery(state, channel, content.delivery);
    if (delivery.channel !== channel.id || delivery.n !== header.n || delivery.header !== toBase64Url(headerHash(header))) return false;
    if (toBase64Url(conditionOpeningHash(content.conditions)) !== delivery.conditions) return false;
    verifyConditionOpening(channel.params, header.n, fromBase64Url(header.root), content.conditions);
    return true;
  } catch (error) {
    if (error instanceof RejectedError) return false;
    throw error;
  }
}

async function signedHeader(state: StateReader, channel: OpenChannel, envelope: Envelope): Promise<BatchHeader> {
  return openHeader(envelope, await everUsedKey(state, channel, 'owner', envelope)).value;
}

async function signedDelivery(state: StateReader, channel: OpenChannel, envelope: Envelope): Promise<Delivery> {
  return openDelivery(envelope, await everUsedKey(state, channel, 'owner', envelope)).value;
}

/** The header whose hash is anchored: its signature was checked then. @throws RejectedError `HEADER_MISMATCH` */
function anchoredHeader(envelope: Envelope, anchored: string): BatchHeader {
  if (envelopeHashText(envelope) !== anchored) refuse('HEADER_MISMATCH', 'The header shown is not the one that is anchored.');
  return unverifiedContent(envelope, BatchHeaderShape, 'header');
}

function faultOf(check: () => unknown): RejectedError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof RejectedError) return error;
    throw error;
  }
}

function orHoldsNot<T>(check: () => T): T {
  try {
    return check();
  } catch (cause) {
    if (!(cause instanceof RejectedError)) throw cause;
    return holdsNot(`what it shows is refused (${cause.code})`, cause);
  }
}

function holdsNot(why: string, cause?: RejectedError): never {
  return refuse('PROOF_DOES_NOT_HOLD', `The proof does not hold: ${why}.`, { cause });
}
