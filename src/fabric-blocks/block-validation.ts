import type { StoredBlock } from './block.ts';
import type { ChannelConfig } from './channel-config.ts';
import { ENDORSER_TRANSACTION, type EnvelopeHeader, readPayload, splitEnvelope } from './envelope.ts';
import { endorsementCode, endorsersOf } from './endorsement.ts';
import { refuse } from './errors.ts';
import type { Identity } from './msp.ts';
import { type Access, isWriting, readAccesses } from './rw-set.ts';
import { type EndorserTransaction, readCalledChaincode, readEndorsed, readEvent } from './transaction.ts';
import { attempt, checkForm } from './transaction-form.ts';
import * as codes from './validation-codes.ts';
import type { WorldState } from './world-state.ts';

/** A transaction of a chaincode, found valid. */
export interface ValidTransaction {
  readonly index: number;
  readonly creator: Identity;
  readonly transaction: EndorserTransaction;
  readonly endorsers: readonly Identity[];
  readonly accesses: readonly Access[];
}

/** One envelope on its way through the checks. */
interface Candidate {
  readonly index: number;
  readonly header: EnvelopeHeader | undefined;
  readonly txId: string;
  readonly creator: Identity | undefined;
  readonly transaction: EndorserTransaction | undefined;
  readonly endorsers: readonly Identity[];
  readonly accesses: readonly Access[];
  /** True where it neither calls nor touches a chaincode of the ledger's. */
  readonly isForeign: boolean;
  code: number;
}

export interface Scene {
  readonly config: ChannelConfig;
  readonly state: WorldState;
  /** Ids of all transactions in earlier blocks, valid or not. */
  readonly txIds: Set<string>;
  /** Chaincodes whose transactions are checked in full; the others are none of the ledger's business. */
  readonly concerns: (namespace: string) => boolean;
}

/**
 * Finds out anew which transactions of a block are valid, by the rules and in the order of a Fabric peer, and compares that with
 * the codes that stand beside the block. Calls `take` for each valid one, in order, after what came before it has been applied
 * to the state and before it is.
 * @throws RejectedError `WRONG_CODE` where a code is not the one that follows, and what `take` throws
 */
export async function validateBlock(block: StoredBlock, scene: Scene, take: (valid: ValidTransaction) => Promise<void>): Promise<void> {
  scene.state.beginBlock();
  const candidates = block.data.map((envelope, index) => examined(envelope, index, scene));
  markDuplicates(candidates, block.codes);
  for (const candidate of candidates) {
    const recorded = block.codes[candidate.index]!;
    if (candidate.code === codes.VALID && candidate.transaction !== undefined) candidate.code = readCode(candidate.accesses, scene.state);
    if (!fits(candidate, recorded, scene)) refuse('WRONG_CODE', wrongCode(candidate, recorded));
    if (recorded !== codes.VALID || candidate.transaction === undefined || candidate.creator === undefined) continue;
    const { index, creator, transaction, endorsers, accesses } = candidate;
    await take({ index, creator, transaction, endorsers, accesses });
    for (const access of accesses) scene.state.apply(access, { block: BigInt(block.number), tx: BigInt(index) });
  }
  for (const { txId } of candidates) if (txId !== '') scene.txIds.add(txId);
}

function examined(envelope: Uint8Array, index: number, scene: Scene): Candidate {
  const split = splitEnvelope(envelope);
  const { code, header, txId, creator } = checkForm(split, scene.config);
  const isForeign = attempt(() => isAboutOthers(split.payload, scene)) === true;
  const none = { index, header, txId, creator, isForeign, transaction: undefined, endorsers: [], accesses: [] };
  if (code !== codes.VALID || header?.type !== ENDORSER_TRANSACTION) return { ...none, code };
  if (scene.txIds.has(header.txId)) return { ...none, code: codes.DUPLICATE_TXID };
  return { ...none, ...dispatched(split.payload, scene) };
}

/** Looks at nothing but names, so that whom it concerns is told also where the rest has a form that is not known here. */
function isAboutOthers(payload: Uint8Array, { concerns }: Scene): boolean {
  const { header, data } = readPayload(payload);
  const called = readCalledChaincode(header).chaincodeId?.name;
  const { action } = readEndorsed(data);
  if (header.type !== ENDORSER_TRANSACTION || called === undefined || action === undefined) return false;
  return !concerns(called) && !readAccesses(action.results).some(({ namespace }) => concerns(namespace));
}

type Found = Pick<Candidate, 'code' | 'transaction' | 'endorsers' | 'accesses'>;

/** What a peer looks at before it asks for endorsements, in its order. */
function dispatched(payload: Uint8Array, scene: Scene): Found {
  const bad = (code: number): Found => ({ code, transaction: undefined, endorsers: [], accesses: [] });
  const { header, data } = readPayload(payload);
  const named = attempt(() => readCalledChaincode(header));
  if (named === undefined) return bad(codes.BAD_HEADER_EXTENSION);
  const endorsed = attempt(() => readEndorsed(data));
  if (endorsed?.action === undefined) return bad(codes.BAD_RESPONSE_PAYLOAD);
  const { action } = endorsed;
  const accesses = attempt(() => readAccesses(action.results));
  if (accesses === undefined) return bad(codes.BAD_RWSET);
  const called = named.chaincodeId;
  if (called === undefined || action.executed === undefined) return bad(codes.INVALID_OTHER_REASON);
  if (called.name === '' || action.executed.name !== called.name || action.executed.version === '') return bad(codes.INVALID_CHAINCODE);
  if (action.events !== undefined && attempt(() => readEvent(action.events!))?.chaincodeId !== called.name)
    return bad(codes.INVALID_OTHER_REASON);
  if (hasNamespaceTwice(accesses)) return bad(codes.ILLEGAL_WRITESET);
  const transaction = { ...endorsed, action, header, chaincode: called.name };
  const endorsers = endorsersOf(transaction, scene.config);
  const code = endorsementCode({ transaction, endorsers, accesses }, scene.config, scene.state);
  return { code, transaction, endorsers, accesses };
}

function hasNamespaceTwice(accesses: readonly Access[]): boolean {
  const namespaces = accesses.filter(({ collection }) => collection === '').map(({ namespace }) => namespace);
  return new Set(namespaces).size < namespaces.length;
}

/**
 * Of several valid transactions of one id in a block the first one counts. Whether others' transactions are valid is taken as it
 * is recorded; a conflict is found only after this.
 */
function markDuplicates(candidates: readonly Candidate[], recorded: readonly number[]): void {
  const seen = new Set<string>();
  for (const candidate of candidates) {
    if (candidate.header?.type !== ENDORSER_TRANSACTION) continue;
    const isValid = candidate.isForeign ? VALID_SO_FAR.has(recorded[candidate.index]!) : candidate.code === codes.VALID;
    if (!isValid) continue;
    if (seen.has(candidate.txId)) candidate.code = codes.DUPLICATE_TXID;
    seen.add(candidate.txId);
  }
}

const VALID_SO_FAR: ReadonlySet<number> = new Set([codes.VALID, codes.MVCC_READ_CONFLICT, codes.PHANTOM_READ_CONFLICT]);

function readCode(accesses: readonly Access[], state: WorldState): number {
  return accesses.every((access) => state.isCurrent(access)) ? codes.VALID : codes.MVCC_READ_CONFLICT;
}

/**
 * Whether the code beside the block is one that fits. Why something invalid is invalid makes no difference, and depends on the
 * release of the peer. What neither calls nor touches a chaincode of the ledger's can change nothing in it, so its code is left to
 * those whom it concerns. A search over keys is not repeated here; who searches must not write public entries.
 */
function fits({ code, accesses, isForeign }: Candidate, recorded: number, { concerns }: Scene): boolean {
  if (isForeign) return true;
  if ((code === codes.VALID) === (recorded === codes.VALID)) return code !== codes.VALID || !isSearchThatWrites(accesses, concerns);
  return recorded === codes.PHANTOM_READ_CONFLICT && accesses.some(({ hasRangeQueries }) => hasRangeQueries);
}

function isSearchThatWrites(accesses: readonly Access[], concerns: Scene['concerns']): boolean {
  if (!accesses.some(({ hasRangeQueries }) => hasRangeQueries)) return false;
  return accesses.some((access) => concerns(access.namespace) && access.collection === '' && isWriting(access));
}

function wrongCode({ index, code, creator }: Candidate, recorded: number): string {
  const sender = creator === undefined ? '' : ` of organisation "${creator.mspId}"`;
  return `Transaction ${index}${sender} is marked with code ${recorded}, but its code is ${code}.`;
}
