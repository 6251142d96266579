import {
  type Argon2,
  type Bytes,
  canonicalJson,
  type ChannelParams,
  equalBytes,
  fromBase64Url,
  labelledHash,
  parseShape,
  RESERVED_CODES,
  toBase64Url,
} from '../core/index.ts';
import { verifyH } from './cleared-tuple.ts';
import { type BatchStatement, verifyConditionOpening } from './condition-tree.ts';
import {
  type AnchorTokens,
  type BatchHeader,
  type ConditionOpening,
  type Delivery,
  type DeliveryPackage,
  DeliveryPackageShape,
} from './documents.ts';
import { type EpochKeys, NO_SLOT_KEY, tokenOf } from './epoch-keys.ts';
import { refused } from './errors.ts';
import { verifyHeaderForm, verifySuccession } from './header-rules.ts';
import { type RawRelease, rawOpeningHash, type RawTag, verifyRawTag } from './raw-openings.ts';
import { type Opened, openDelivery, openHeader } from './signed-documents.ts';
import { fillerTokens, hasNoTokens, requireTokenForm, slotCodes, tokensDigest, verifyAnchorTokens } from './tokens.ts';

/** What the agreement in force lets the receiver expect. */
export interface AgreementFacts {
  /** Version of the agreement. */
  readonly version: number;
  /** Commitment to the mapping policy, base64url. */
  readonly policy: string;
  /** Module digest, base64url. */
  readonly module: string;
  /** In the agreement's order. */
  readonly rawReleased: readonly RawRelease[];
}

export interface DeliveryCheck {
  readonly params: ChannelParams;
  /** Channel id, base64url. */
  readonly channel: string;
  /** Condition codes of each stream's catalogue; the reserved ones are added. */
  readonly codes: readonly (readonly number[])[];
  readonly agreement: AgreementFacts;
  /** Own keys of the epoch; `undefined` for who has none (an auditor), whose verdict says less. */
  readonly epochKeys: EpochKeys | undefined;
  readonly argon2: Argon2;
  readonly package: DeliveryPackage;
  /** The owner's evidence key in force. */
  readonly ownerKey: Bytes;
  /** Key id of the receiver's key. */
  readonly recipientKeyId: string;
  /** The header before this one, where it is known. */
  readonly previous: Opened<BatchHeader> | undefined;
  /** Root of the epoch's token set, where it is on the ledger. Then tokens are required, and their multiproof is checked. */
  readonly tokenRoot: Bytes | undefined;
  /** Set by who has no raw openings (an auditor's export): the delivery's hashes of them stay unchecked. */
  readonly rawWithheld?: true;
}

export interface VerifiedBatch {
  readonly header: BatchHeader;
  readonly headerHash: Bytes;
  readonly delivery: Delivery;
  readonly deliveryHash: Bytes;
  readonly statement: BatchStatement;
  /** The interval's condition code of each stream. */
  readonly codes: readonly number[];
  readonly raw: readonly RawTag[];
  /** The header was anchored alone. */
  readonly noTokens: boolean;
}

/** What the delivery signs of the condition opening. */
export function conditionOpeningHash(opening: ConditionOpening): Bytes {
  return labelledHash('DCMB/0/condition-opening', canonicalJson(opening));
}

/**
 * Everything that a receiver checks of one batch before it countersigns. Gives what the batch says, or throws at the first
 * check that fails, each with a code of its own.
 * @throws RejectedError with an `EvidenceErrorCode` or one of core's codes for form, encoding and signature
 */
export async function verifyDelivery(check: DeliveryCheck): Promise<VerifiedBatch> {
  const { params, channel } = check;
  const parsed = parseShape(DeliveryPackageShape, check.package, 'delivery package');
  const header = openHeader(parsed.header, check.ownerKey);
  const delivery = openDelivery(parsed.delivery, check.ownerKey);
  verifyHeaderForm(params, channel, header.value);
  requireAgreement(check.agreement, header.value);
  if (check.previous !== undefined) verifySuccession({ header: check.previous.value, hash: check.previous.hash }, header.value);
  requireDelivery(check, parsed, header, delivery.value);
  const root = fromBase64Url(header.value.root);
  const statement = verifyConditionOpening(params, header.value.n, root, parsed.conditions);
  const codes = intervalCodes(params, statement);
  requireCodes(check, header.value, statement);
  requireKeys(check, header.value, statement);
  requireTokens(check, header.value, parsed.tokens, statement, codes);
  const raw = check.rawWithheld
    ? []
    : check.agreement.rawReleased.map((release, i) => verifyRawTag(params, header.value.n, root, release, parsed.raw[i]!));
  await verifyH(check.argon2, header.value, codes, fromBase64Url(statement.batchKey.key));
  return {
    header: header.value,
    headerHash: header.hash,
    delivery: delivery.value,
    deliveryHash: delivery.hash,
    statement,
    codes,
    raw,
    noTokens: hasNoTokens(parsed.tokens),
  };
}

/** The interval's code of each stream: that of its last publication, which falls on the grid point. */
export function intervalCodes(params: ChannelParams, statement: BatchStatement): number[] {
  return statement.conditions.filter((record) => record.publication === params.publications - 1).map((record) => record.code);
}

function requireAgreement(agreement: AgreementFacts, header: BatchHeader): void {
  if (header.agreement !== agreement.version)
    throw refused('WRONG_AGREEMENT', `Batch ${header.n} is under agreement version ${header.agreement}, not ${agreement.version}.`);
  if (header.policy !== agreement.policy)
    throw refused('WRONG_POLICY', `Batch ${header.n} was cleared by another mapping policy than the agreed one.`);
  if (header.module !== agreement.module) throw refused('WRONG_MODULE', `Batch ${header.n} names another module than the agreed one.`);
}

function requireDelivery(check: DeliveryCheck, parsed: DeliveryPackage, header: Opened<BatchHeader>, delivery: Delivery): void {
  if (delivery.channel !== check.channel) throw refused('WRONG_CHANNEL', 'The delivery is of another channel.');
  if (delivery.n !== header.value.n)
    throw refused('WRONG_NUMBER', `The delivery of batch ${delivery.n} stands beside the header of batch ${header.value.n}.`);
  if (delivery.header !== toBase64Url(header.hash))
    throw refused('WRONG_HEADER', `The delivery of batch ${delivery.n} was made for another header.`);
  if (delivery.recipient !== check.recipientKeyId)
    throw refused('WRONG_RECIPIENT', `The delivery of batch ${delivery.n} was made for another recipient.`);
  if (delivery.conditions !== toBase64Url(conditionOpeningHash(parsed.conditions))) {
    throw refused('WRONG_OPENING', `The condition opening of batch ${delivery.n} is not the one that the delivery signs.`);
  }
  requireRawHashes(check, parsed, delivery);
}

function requireRawHashes(check: DeliveryCheck, parsed: DeliveryPackage, delivery: Delivery): void {
  const released = check.agreement.rawReleased.length;
  if (delivery.raw.length !== released || parsed.raw.length !== (check.rawWithheld ? 0 : released)) {
    throw refused('WRONG_RAW_TAGS', `The agreement releases ${released} tag(s) raw; the delivery has another number.`);
  }
  parsed.raw.forEach((openings, i) => {
    if (delivery.raw[i] !== toBase64Url(rawOpeningHash(openings)))
      throw refused('WRONG_OPENING', `The openings of raw tag ${i} are not those that the delivery signs.`);
  });
}

function requireCodes(check: DeliveryCheck, header: BatchHeader, statement: BatchStatement): void {
  for (const { stream, code } of statement.conditions) {
    if (!slotCodes(check.codes[stream] ?? []).includes(code))
      throw refused('UNKNOWN_CODE', `Batch ${header.n} has a condition for stream ${stream} that its catalogue has not.`);
    if (header.row > 0 && code !== RESERVED_CODES.NONE)
      throw refused('WRONG_CODE', `Batch ${header.n} was called for and shows a condition.`);
    if (header.through > header.interval && code !== RESERVED_CODES.MISSED)
      throw refused('WRONG_CODE', `Batch ${header.n} covers several intervals and shows another condition than MISSED.`);
  }
}

/** A call's records carry no slot key; a grid point's carry those that both parties derive. */
function requireKeys(check: DeliveryCheck, header: BatchHeader, statement: BatchStatement): void {
  const { epochKeys, params } = check;
  for (const { stream, slotKey } of statement.conditions) {
    // Without own keys, all publications of a stream must at least name the same one.
    const claimed = fromBase64Url(statement.conditions[stream * params.publications]!.slotKey);
    const expected = header.row > 0 ? NO_SLOT_KEY : (epochKeys?.slotKey(header.interval, stream) ?? claimed);
    if (slotKey !== toBase64Url(expected))
      throw refused('WRONG_SLOT_KEY', `Batch ${header.n} carries another slot key for stream ${stream} than the channel's.`);
  }
  if (epochKeys !== undefined && statement.batchKey.key !== toBase64Url(epochKeys.batchKey(header.interval, header.row))) {
    throw refused('WRONG_BATCH_KEY', `Batch ${header.n} carries another batch key than the channel's.`);
  }
}

function requireTokens(
  check: DeliveryCheck,
  header: BatchHeader,
  tokens: AnchorTokens,
  statement: BatchStatement,
  codes: readonly number[],
): void {
  const { params, tokenRoot } = check;
  if (hasNoTokens(tokens)) {
    // The header signs the tokens that the batch would have had, which only the owner can tell: nothing to compare.
    if (tokenRoot !== undefined || header.row > 0) throw refused('TOKENS_ABSENT', `Batch ${header.n} has no tokens although it must have.`);
    return;
  }
  if (header.tokensDigest !== toBase64Url(tokensDigest(tokens)))
    throw refused('WRONG_TOKENS_DIGEST', `The tokens of batch ${header.n} are not those that its header signs.`);
  requireTokenForm(params, tokens);
  if (header.row > 0) return requireFiller(params, header, tokens, statement);
  requireTokenCodes(header, tokens, statement, codes);
  if (tokenRoot !== undefined) verifyAnchorTokens(params, tokenRoot, header.interval, tokens);
}

function requireFiller(params: ChannelParams, header: BatchHeader, tokens: AnchorTokens, statement: BatchStatement): void {
  const expected = fillerTokens(params, fromBase64Url(statement.batchKey.key));
  if (!equalBytes(tokensDigest(tokens), tokensDigest(expected)))
    throw refused('WRONG_FILLER', `The filler tokens of batch ${header.n} are not those of its batch key.`);
}

function requireTokenCodes(header: BatchHeader, tokens: AnchorTokens, statement: BatchStatement, codes: readonly number[]): void {
  codes.forEach((code, stream) => {
    const { slotKey } = statement.conditions.find((record) => record.stream === stream)!;
    if (!equalBytes(tokenOf(fromBase64Url(slotKey), code), fromBase64Url(tokens.tokens[stream]!))) {
      throw refused('TOKEN_MISMATCH', `The token of stream ${stream} in batch ${header.n} is not that of the condition in its record.`);
    }
  });
}
