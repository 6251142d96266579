import {
  type ChainBlock,
  type ChainEvent,
  type ContractEvent,
  execute,
  type FabricGenesis,
  genesisWrites,
  isMember,
  ledgerIdOf,
  MemoryState,
  MOST_TRANSACTION_BYTES,
  parseFabricGenesis,
  type TransactionKind,
  TransactionState,
} from '../contract/index.ts';
import { type Bytes, canonicalJson, equalBytes, fromUtf8, type Json, parseCanonical } from '../core/index.ts';
import type { ValidTransaction } from './block-validation.ts';
import type { ChannelConfig } from './channel-config.ts';
import { compositeKey } from './composite-key.ts';
import { readCreator } from './envelope.ts';
import { refuse } from './errors.ts';
import { decode } from './message.ts';
import { SignatureHeaderMessage } from './messages.ts';
import type { Identity } from './msp.ts';
import { type Access, isWriting } from './rw-set.ts';
import { readArguments, readEvent } from './transaction.ts';

const EVENT_NAME = 'dcmb';
const OK = 200;

/** The evidence chaincode executed again, transaction by transaction. */
export class EvidenceReplay {
  readonly genesis: FabricGenesis;
  readonly ledgerId: string;
  readonly state = new MemoryState();
  readonly events: ChainEvent[] = [];
  #hasBegun = false;

  constructor(genesis: FabricGenesis) {
    this.genesis = genesis;
    this.ledgerId = ledgerIdOf(genesis);
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether what happens in a namespace can change the ledger: its two chaincodes, and who decides on their definitions. */
  concerns(namespace: string): boolean {
    const { evidence, certification } = this.genesis.fabric;
    return namespace === evidence || namespace === certification || namespace === '_lifecycle';
  }

  /**
   * Takes a valid transaction. One that writes no public entry of the ledger's chaincodes is none of the ledger: it may be valid
   * by the word of a single organisation, which may write into a private collection of its own. Of all others nothing may differ
   * from what the contract gives: creator, time, writes, event and answer; and enough members must have endorsed them.
   * @returns the transaction's own time where it counts for its block's, ms since 1970 UTC
   * @throws RejectedError `BAD_BLOCK`, and those of the contract
   */
  async take(valid: ValidTransaction, config: ChannelConfig, block: ChainBlock): Promise<number | undefined> {
    const { transaction, accesses, index } = valid;
    const { evidence, certification } = this.genesis.fabric;
    const written = accesses.filter(isWriting);
    const own = written.find(({ namespace, collection }) => collection === '' && (namespace === evidence || namespace === certification));
    if (own === undefined) return undefined;
    if (transaction.chaincode !== evidence)
      refuse('BAD_BLOCK', `Transaction ${index} writes into "${own.namespace}", which only that chaincode's own functions may.`);
    this.#requireOnlyOwn(written, index);
    const args = readArguments(transaction.proposalPayload);
    const name = args[0] === undefined ? '' : fromUtf8(args[0]);
    if (name !== 'genesis' && name !== 'execute') refuse('BAD_BLOCK', `Transaction ${index} writes by a function that only reads.`);
    const timeMs = this.#requireSent(valid);
    this.#requireEndorsed(valid, config);
    if (name === 'genesis') this.#begin(valid, args);
    else await this.#execute(valid, args, block);
    return timeMs;
  }

  #requireOnlyOwn(written: readonly Access[], index: number): void {
    const { evidence } = this.genesis.fabric;
    const foreign = written.find(
      ({ namespace, collection, metadataWrites }) => namespace !== evidence || collection !== '' || metadataWrites.length > 0,
    );
    if (foreign !== undefined) refuse('BAD_BLOCK', `Transaction ${index} writes into "${foreign.namespace}", which the contract does not.`);
  }

  /** By a member whose envelope and proposal name the same organisation, at a time. */
  #requireSent({ transaction, creator, index }: ValidTransaction): number {
    const proposer = readCreator(decode(SignatureHeaderMessage, transaction.actionHeader, 'signature header').creator).mspId;
    if (proposer !== creator.mspId)
      refuse('BAD_BLOCK', `Transaction ${index} is proposed by "${proposer}" and signed by "${creator.mspId}".`);
    if (!isMember(this.genesis, proposer)) refuse('BAD_BLOCK', `Transaction ${index} is sent by "${proposer}", who is no member.`);
    return transaction.header.timeMs ?? refuse('BAD_BLOCK', `Transaction ${index} has no time.`);
  }

  #requireEndorsed({ endorsers, index }: ValidTransaction, config: ChannelConfig): void {
    const peers = endorsers.filter((endorser) => isPeer(config, endorser));
    const members = new Set(peers.map(({ mspId }) => mspId).filter((mspId) => isMember(this.genesis, mspId)));
    const { endorsements } = this.genesis.fabric;
    if (members.size < endorsements)
      refuse('BAD_BLOCK', `Transaction ${index} is endorsed by ${members.size} members; the genesis asks for ${endorsements}.`);
  }

  #begin(valid: ValidTransaction, args: readonly Bytes[]): void {
    if (this.#hasBegun) refuse('BAD_BLOCK', `Transaction ${valid.index} is a second genesis.`);
    const genesis = parseFabricGenesis(parseCanonical(only(args, 1)[0]!));
    const ledgerId = ledgerIdOf(genesis);
    if (ledgerId !== this.ledgerId) refuse('OTHER_LEDGER', `The chaincode holds ledger ${ledgerId}, expected ledger ${this.ledgerId}.`);
    requireWrites(valid, new Map(genesisWrites(genesis)));
    requireAnswer(valid, { ledger: ledgerId });
    if (valid.transaction.action.events !== undefined) refuse('BAD_BLOCK', 'The genesis has an event.');
    this.state.apply(genesisWrites(genesis));
    this.#hasBegun = true;
  }

  async #execute(valid: ValidTransaction, args: readonly Bytes[], block: ChainBlock): Promise<void> {
    const { transaction, creator, index } = valid;
    if (!this.#hasBegun) refuse('BAD_BLOCK', `Transaction ${index} comes before the genesis.`);
    const [kind, bytes] = only(args, 2);
    if (bytes!.length > MOST_TRANSACTION_BYTES) refuse('BAD_BLOCK', `Transaction ${index} is larger than the chaincode takes.`);
    const body = parseCanonical(bytes!);
    const timeMs = transaction.header.timeMs ?? 0;
    const writes = new TransactionState(this.state);
    const context = { creator: creator.mspId, timeMs, nowMs: timeMs, ledgerId: this.ledgerId };
    const event = await execute(writes, context, { kind: fromUtf8(kind!) as TransactionKind, body });
    requireWrites(valid, writes.writes);
    requireAnswer(valid, event as unknown as Json);
    requireEvent(valid, event);
    this.state.apply(writes.writes);
    this.events.push({
      block,
      pointer: `/${block.number}/data/${index}`,
      txId: transaction.header.txId,
      creator: creator.mspId,
      body,
      event,
    });
  }
}

/** Of an application organisation, in its role where its provider tells roles. */
function isPeer(config: ChannelConfig, identity: Identity): boolean {
  const msp = config.applications.get(identity.mspId)?.msp;
  return msp !== undefined && (!msp.tellsRoles || identity.hasRole('peer'));
}

function only(args: readonly Bytes[], count: number): readonly Bytes[] {
  if (args.length !== count + 1) refuse('BAD_BLOCK', `A call has ${args.length} arguments, expected ${count + 1}.`);
  return args.slice(1);
}

/** Exactly these entries, each once. */
function requireWrites({ accesses, index }: ValidTransaction, expected: ReadonlyMap<string, Json>): void {
  const written = accesses.flatMap(({ writes }) => writes);
  const byKey = new Map(written.map(({ key, value }) => [key, value]));
  const isSame = ([key, value]: [string, Json]) => {
    const found = byKey.get(compositeKey(key));
    return found !== undefined && equalBytes(found, canonicalJson(value));
  };
  if (written.length !== expected.size || byKey.size !== expected.size || ![...expected].every(isSame))
    refuse('BAD_BLOCK', `Transaction ${index} writes something else than the contract.`);
}

function requireAnswer({ transaction, index }: ValidTransaction, expected: Json): void {
  const { response } = transaction.action;
  if (response?.status !== OK || !equalBytes(response.payload, canonicalJson(expected)))
    refuse('BAD_BLOCK', `Transaction ${index} answers something else than the contract.`);
}

function requireEvent({ transaction, index }: ValidTransaction, expected: ContractEvent): void {
  const { events } = transaction.action;
  const event = events === undefined ? undefined : readEvent(events);
  const isSame =
    event?.eventName === EVENT_NAME && event.txId === transaction.header.txId && equalBytes(event.payload, canonicalJson(expected));
  if (!isSame) refuse('BAD_BLOCK', `Transaction ${index} has another event than the contract gives.`);
}
