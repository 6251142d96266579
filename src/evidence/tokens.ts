import {
  type Bytes,
  canonicalJson,
  type ChannelParams,
  compareBytes,
  equalBytes,
  fromBase64Url,
  keystream,
  labelledHash,
  labelledMac,
  macKey,
  parseShape,
  RESERVED_CODES,
  toBase64Url,
  u32,
} from '../core/index.ts';
import { type AnchorTokens, AnchorTokensShape } from './documents.ts';
import { type EpochKeys, tokenOf } from './epoch-keys.ts';
import { refused } from './errors.ts';
import { depthFor, EMPTY, foldPath, leafHash, siblings, treeLevels } from './merkle.ts';

/**
 * Where no token set is on the ledger, the header is anchored alone. It signs the digest of the tokens that it would have
 * had, so that one header can be anchored either way.
 */
export const NO_TOKENS: AnchorTokens = { tokens: [], positions: '', path: [] };

export function hasNoTokens({ tokens, positions, path }: AnchorTokens): boolean {
  return tokens.length === 0 && positions === '' && path.length === 0;
}

/** All codes that a stream's slot has tokens for: its own and the reserved ones. */
export function slotCodes(codes: readonly number[]): number[] {
  return [...new Set([...codes, ...Object.values(RESERVED_CODES)])];
}

/** Leaf of one token, or of one batch key, in a token set's tree. */
export function tokenLeaf(token: Bytes): Bytes {
  return leafHash(token);
}

/**
 * The tokens of one epoch: per interval a slot for each stream, one for the batch keys, and empty slots up to a power of
 * two; interval-major. Holds the interval roots only; an interval's slots are made again when needed.
 */
export class TokenSet {
  readonly root: Bytes;
  readonly epoch: number;
  readonly #keys: EpochKeys;
  readonly #codesOf: (stream: number) => readonly number[];
  readonly #levels: Bytes[][];

  private constructor(keys: EpochKeys, codesOf: (stream: number) => readonly number[], intervalRoots: readonly Bytes[]) {
    this.epoch = keys.epoch;
    this.#keys = keys;
    this.#codesOf = codesOf;
    this.#levels = treeLevels(intervalRoots, depthFor(keys.params.epochIntervals), empty);
    this.root = this.#levels.at(-1)![0]!;
  }

  /**
   * @param codesOf condition codes of a stream; the reserved ones are added
   * @throws RejectedError `BAD_INPUT` when a stream has more codes than a slot has places
   */
  static build(params: ChannelParams, keys: EpochKeys, codesOf: (stream: number) => readonly number[]): TokenSet {
    const roots: Bytes[] = [];
    for (const root of intervalRoots(params, keys, codesOf)) roots.push(root);
    return new TokenSet(keys, codesOf, roots);
  }

  /** The same with a pause after every interval, for a set of thousands of slots takes longer than an event loop may stand. */
  static async buildInSlices(
    params: ChannelParams,
    keys: EpochKeys,
    codesOf: (stream: number) => readonly number[],
    pause: () => Promise<void>,
  ): Promise<TokenSet> {
    const roots: Bytes[] = [];
    for (const root of intervalRoots(params, keys, codesOf)) {
      roots.push(root);
      await pause();
    }
    return new TokenSet(keys, codesOf, roots);
  }

  /**
   * The tokens of an interval's conditions with their multiproof.
   * @param codes the interval's code of each stream
   * @throws RejectedError `UNKNOWN_CODE`, `OUTSIDE_EPOCH`
   */
  anchorTokens(interval: number, codes: readonly number[]): AnchorTokens {
    const { params } = this.#keys;
    const tokens: Bytes[] = [];
    const positions = new Uint8Array(params.streams);
    const path: Bytes[] = [];
    for (let stream = 0; stream < params.streams; stream++) {
      const token = this.#token(interval, stream, codes[stream]);
      const leaves = slotLeaves(this.#keys, interval, stream, this.#codesOf(stream));
      const position = leaves.findIndex((leaf) => equalBytes(leaf, tokenLeaf(token)));
      tokens.push(token);
      positions[stream] = position;
      path.push(...siblings(treeLevels(leaves, depthFor(params.codesPerSlot), empty), position));
    }
    path.push(slotRoot(params, batchKeyLeaves(this.#keys, interval)), ...siblings(this.#levels, interval % params.epochIntervals));
    return { tokens: tokens.map(toBase64Url), positions: toBase64Url(positions), path: path.map(toBase64Url) };
  }

  /** Proof that a disclosed K_batch is the one committed to for (interval, row). */
  batchKeyProof(interval: number, row: number): string[] {
    const { params } = this.#keys;
    const leaves = batchKeyLeaves(this.#keys, interval);
    const slots = intervalSlots(params, this.#keys, this.#codesOf, interval);
    const path = [
      ...siblings(treeLevels(leaves, depthFor(params.codesPerSlot), empty), row),
      ...siblings(treeLevels(slots, slotsDepth(params), empty), params.streams),
      ...siblings(this.#levels, interval % params.epochIntervals),
    ];
    return path.map(toBase64Url);
  }

  #token(interval: number, stream: number, code: number | undefined): Bytes {
    if (code === undefined || !slotCodes(this.#codesOf(stream)).includes(code)) {
      throw refused('UNKNOWN_CODE', `The token set has no token for the condition of stream ${stream}.`);
    }
    return tokenOf(this.#keys.slotKey(interval, stream), code);
  }
}

/**
 * Algorithm 5 as membership: the tokens' leaves stand in the slots of exactly this interval, one a stream in stream order,
 * in the token set with this root. Whether a slot was used before is for the caller's state to say.
 * @throws RejectedError `BAD_SHAPE`, `BAD_TOKENS`
 */
export function verifyAnchorTokens(params: ChannelParams, root: Bytes, interval: number, tokens: AnchorTokens): void {
  requireTokenForm(params, tokens);
  const positions = fromBase64Url(tokens.positions);
  const path = tokens.path.map(fromBase64Url);
  const inSlot = depthFor(params.codesPerSlot);
  const slots = tokens.tokens.map((token, stream) => {
    const position = positions[stream]!;
    if (position >= params.codesPerSlot) throw refused('BAD_TOKENS', `The token of stream ${stream} names a place beyond its slot.`);
    return foldPath(tokenLeaf(fromBase64Url(token)), position, path.slice(stream * inSlot, (stream + 1) * inSlot));
  });
  slots.push(path[params.streams * inSlot]!);
  const intervalRoot = treeLevels(slots, slotsDepth(params), empty).at(-1)![0]!;
  const found = foldPath(intervalRoot, interval % params.epochIntervals, path.slice(params.streams * inSlot + 1));
  if (!equalBytes(found, root)) throw refused('BAD_TOKENS', 'The tokens do not stand in the slots of this interval.');
}

/** Checks the lengths of tokens, positions and path. @throws RejectedError `BAD_SHAPE`, `BAD_TOKENS` */
export function requireTokenForm(params: ChannelParams, tokens: AnchorTokens): void {
  parseShape(AnchorTokensShape, tokens, 'tokens');
  const fits = tokens.tokens.length === params.streams && fromBase64Url(tokens.positions).length === params.streams;
  if (!fits || tokens.path.length !== multiproofLength(params)) {
    throw refused('BAD_TOKENS', `An anchor of this channel has ${params.streams} token(s) and ${multiproofLength(params)} proof hashes.`);
  }
}

/** Hashes in every anchor's multiproof. */
export function multiproofLength(params: ChannelParams): number {
  return params.streams * depthFor(params.codesPerSlot) + 1 + depthFor(params.epochIntervals);
}

/** A K_batch with the proof that it is the one committed to. */
export interface DisclosedBatchKey {
  readonly interval: number;
  readonly row: number;
  readonly key: Bytes;
  /** As `TokenSet.batchKeyProof` gives it. */
  readonly proof: readonly string[];
}

/**
 * @param root of the epoch's token set
 * @throws RejectedError `WRONG_BATCH_KEY`: the discloser is convicted, for both parties signed the root
 */
export function verifyBatchKey(params: ChannelParams, root: Bytes, { interval, row, key, proof }: DisclosedBatchKey): void {
  const slot = (interval % params.epochIntervals) * 2 ** slotsDepth(params) + params.streams;
  const fits = Number.isInteger(row) && row >= 0 && row <= params.callsPerInterval && proof.length === batchKeyProofLength(params);
  if (!fits || !equalBytes(foldPath(tokenLeaf(key), slot * params.codesPerSlot + row, proof.map(fromBase64Url)), root)) {
    throw refused('WRONG_BATCH_KEY', `The batch key is not the one committed to for interval ${interval}, row ${row}.`);
  }
}

function batchKeyProofLength(params: ChannelParams): number {
  return depthFor(params.codesPerSlot) + slotsDepth(params) + depthFor(params.epochIntervals);
}

/** What a call batch carries in place of tokens: of the same lengths, and known to who knows K_batch. */
export function fillerTokens(params: ChannelParams, kBatch: Bytes): AnchorTokens {
  const hashes = params.streams + multiproofLength(params);
  const stream = keystream(labelledMac(kBatch, 'DCMB/0/filler'), 0, hashes * 32 + params.streams);
  const texts = Array.from({ length: hashes }, (_, i) => toBase64Url(stream.subarray(32 * i, 32 * i + 32)));
  const positions = stream.subarray(hashes * 32).map((byte) => byte % params.codesPerSlot);
  return { tokens: texts.slice(0, params.streams), positions: toBase64Url(positions), path: texts.slice(params.streams) };
}

/** What the header signs of the tokens beside it. */
export function tokensDigest(tokens: AnchorTokens): Bytes {
  return labelledHash('DCMB/0/tokens', canonicalJson(parseShape(AnchorTokensShape, tokens, 'tokens')));
}

/** Algorithm 4's other end: the condition that a token on the ledger stands for, or `undefined` for none of the stream's. */
export function codeOfToken(token: Bytes, slotKey: Bytes, codes: readonly number[]): number | undefined {
  const key = macKey(slotKey);
  return slotCodes(codes).find((code) => equalBytes(tokenOf(key, code), token));
}

/** Empty places are public here: a slot is full, and how many slots an interval has follows from the streams. */
function empty(): Bytes {
  return EMPTY;
}

function slotsDepth(params: ChannelParams): number {
  return depthFor(params.streams + 1);
}

function* intervalRoots(params: ChannelParams, keys: EpochKeys, codesOf: (stream: number) => readonly number[]): Generator<Bytes> {
  const first = keys.epoch * params.epochIntervals;
  for (let i = 0; i < params.epochIntervals; i++) {
    yield treeLevels(intervalSlots(params, keys, codesOf, first + i), slotsDepth(params), empty).at(-1)![0]!;
  }
}

function intervalSlots(params: ChannelParams, keys: EpochKeys, codesOf: (stream: number) => readonly number[], interval: number): Bytes[] {
  const slots = Array.from({ length: params.streams }, (_, stream) =>
    slotRoot(params, slotLeaves(keys, interval, stream, codesOf(stream))),
  );
  return [...slots, slotRoot(params, batchKeyLeaves(keys, interval))];
}

function slotRoot(params: ChannelParams, leaves: readonly Bytes[]): Bytes {
  return treeLevels(leaves, depthFor(params.codesPerSlot), empty).at(-1)![0]!;
}

function slotLeaves(keys: EpochKeys, interval: number, stream: number, codes: readonly number[]): Bytes[] {
  const slotKey = macKey(keys.slotKey(interval, stream));
  const leaves = slotCodes(codes).map((code) => tokenLeaf(tokenOf(slotKey, code)));
  if (leaves.length > keys.params.codesPerSlot)
    throw refused('BAD_INPUT', `Stream ${stream} has more condition codes than a slot has places.`);
  while (leaves.length < keys.params.codesPerSlot) leaves.push(labelledMac(slotKey, 'DCMB/0/token-dummy', u32(leaves.length)));
  return leaves.sort(compareBytes);
}

/** Commitments to K_batch of each row in row order, then dummies. */
function batchKeyLeaves(keys: EpochKeys, interval: number): Bytes[] {
  const { callsPerInterval, codesPerSlot, streams } = keys.params;
  const dummyKey = macKey(keys.slotKey(interval, streams));
  return Array.from({ length: codesPerSlot }, (_, place) =>
    place <= callsPerInterval ? tokenLeaf(keys.batchKey(interval, place)) : labelledMac(dummyKey, 'DCMB/0/token-dummy', u32(place)),
  );
}
