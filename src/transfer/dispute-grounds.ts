import {
  type Bytes,
  type ChannelParams,
  type Envelope,
  equalBytes,
  fromBase64Url,
  type Json,
  RejectedError,
  toBase64Url,
} from '../core/index.ts';
import type { Dispute } from '../contract/index.ts';
import {
  type BatchHeader,
  conditionOpeningHash,
  type DeliveryPackage,
  type Opened,
  openDelivery,
  openHeader,
  singleOut,
  tokenOf,
  tokensDigest,
  verifyConditionOpening,
  verifyHeaderForm,
  verifySuccession,
} from '../evidence/index.ts';
import type { AnchoredBatch } from './anchor-view.ts';

/** What a dispute rests on. */
export interface DisputeCase {
  readonly params: ChannelParams;
  /** Channel id, base64url. */
  readonly channel: string;
  readonly ownerKey: Bytes;
  readonly n: number;
  /** What was delivered under the number, of whatever form. */
  readonly delivered: Json;
  /** What the ledger has, where it has it and answers. */
  readonly anchored: AnchoredBatch | undefined;
  /** Signed header of the number before, where it is held. */
  readonly before: Envelope | undefined;
}

/** A dispute's transaction, and the headers beside it that a proof without a ledger needs. */
export interface Grounds {
  readonly body: Dispute;
  readonly headers: readonly Envelope[];
}

/**
 * The disputes that a delivery gives ground for: each rests on the owner's own signatures, and on nothing that this side
 * could have made. A delivery that is merely unusable gives none.
 */
export function disputeGrounds(facts: DisputeCase): Grounds[] {
  return [forkOf, chainOf, wrongDelivery, wrongToken].flatMap((ground) => {
    const found = orNothing(() => ground(facts));
    return found === undefined ? [] : [found];
  });
}

/** Two headers of one number. The ledger's may also contradict one that was delivered and taken before. */
export function forkOf({ channel, ownerKey, n, delivered, anchored }: DisputeCase): Grounds | undefined {
  if (anchored === undefined) return undefined;
  const shown = partsOf(delivered).header;
  const header = openHeader(shown, ownerKey);
  const first = openHeader(anchored.header, ownerKey);
  const isOfNumber = header.value.channel === channel && header.value.n === n && first.value.n === n;
  if (!isOfNumber || equalBytes(header.hash, first.hash)) return undefined;
  return { body: { kind: 'fork', header: anchored.header, other: shown }, headers: [] };
}

/** A header off the channel's grid, or one that does not follow the signed one before it. */
function chainOf({ params, channel, ownerKey, n, delivered, before }: DisputeCase): Grounds | undefined {
  const shown = partsOf(delivered).header;
  const { value } = openHeader(shown, ownerKey);
  if (value.channel !== channel || value.n !== n) return undefined;
  if (isRefused(() => verifyHeaderForm(params, channel, value))) return { body: { kind: 'chain', header: shown, before: [] }, headers: [] };
  if (before === undefined) return undefined;
  const previous = openHeader(before, ownerKey);
  if (!isRefused(() => verifySuccession({ header: previous.value, hash: previous.hash }, value))) return undefined;
  return { body: { kind: 'chain', header: shown, before: [before] }, headers: [] };
}

/** A signed delivery for another header than the anchored one, or one whose opening does not lead to its root. */
function wrongDelivery({ params, channel, ownerKey, n, delivered, anchored }: DisputeCase): Grounds | undefined {
  if (anchored === undefined) return undefined;
  const { delivery: shown, conditions } = partsOf(delivered);
  const { value } = openDelivery(shown, ownerKey);
  if (value.channel !== channel || value.n !== n) return undefined;
  const header = openHeader(anchored.header, ownerKey);
  if (value.header !== toBase64Url(header.hash))
    return { body: { kind: 'delivery', delivery: shown, opening: [] }, headers: [anchored.header] };
  if (toBase64Url(conditionOpeningHash(conditions)) !== value.conditions) return undefined;
  if (!isRefused(() => verifyConditionOpening(params, n, fromBase64Url(header.value.root), conditions))) return undefined;
  const opening = [{ header: anchored.header, conditions: conditions as unknown as Json }];
  return { body: { kind: 'delivery', delivery: shown, opening }, headers: [] };
}

/** A token that the anchored header signs, of another condition than the record beside it. It publishes that slot's code. */
function wrongToken({ params, ownerKey, n, delivered, anchored }: DisputeCase): Grounds | undefined {
  if (anchored === undefined) return undefined;
  const { tokens, conditions } = partsOf(delivered);
  const header: Opened<BatchHeader> = openHeader(anchored.header, ownerKey);
  if (header.value.row !== 0 || header.value.tokensDigest !== toBase64Url(tokensDigest(tokens))) return undefined;
  const statement = verifyConditionOpening(params, n, fromBase64Url(header.value.root), conditions);
  const wrong = statement.conditions.find(
    ({ stream, publication, slotKey, code }) =>
      publication === params.publications - 1 && toBase64Url(tokenOf(fromBase64Url(slotKey), code)) !== tokens.tokens[stream],
  );
  if (wrong === undefined) return undefined;
  const opening = singleOut(params, conditions, wrong.stream * params.publications + wrong.publication);
  return { body: { kind: 'token', header: anchored.header, tokens, opening }, headers: [] };
}

/** Taken for what it should be; whatever is not of that form is refused where it is read, and gives no ground. */
function partsOf(delivered: Json): DeliveryPackage {
  return (delivered ?? {}) as unknown as DeliveryPackage;
}

function isRefused(check: () => unknown): boolean {
  try {
    check();
    return false;
  } catch (error) {
    if (error instanceof RejectedError) return true;
    throw error;
  }
}

function orNothing<Result>(work: () => Result | undefined): Result | undefined {
  try {
    return work();
  } catch (error) {
    // What has not even the form of a proof proves nothing.
    if (error instanceof RejectedError || error instanceof TypeError) return undefined;
    throw error;
  }
}
