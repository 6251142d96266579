import {
  execute,
  type FabricGenesis,
  genesisWrites,
  isMember,
  ledgerIdOf,
  MOST_TRANSACTION_BYTES,
  parseFabricGenesis,
  query,
  requireTime,
  type TransactionKind,
  TransactionState,
} from '../../../contract/index.ts';
import { type Bytes, canonicalJson, type Clock, fromUtf8, type Json, parseCanonical } from '../../../core/index.ts';
import manifest from '../../../../package.json' with { type: 'json' };
import { call, type ChaincodeFunction, type Log } from './call.ts';
import { refuse } from './errors.ts';
import { type Proposal, readProposal } from './proposal.ts';
import { putAll, StubState } from './state.ts';
import type { Answer, Stub } from './stub.ts';

/** Name of the one event of a transaction; its payload is the contract's event in canonical JSON. */
export const EVENT_NAME = 'dcmb';

const NOTHING: Bytes = new Uint8Array(0);

export interface EvidenceOptions {
  /** The endorser's clock: it decides whether a transaction's own time is taken, and nothing else. */
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The evidence chaincode: `src/contract` behind four functions. `genesis` [genesis] begins the ledger, `execute` [kind, body]
 * is a transaction, `query` [name, argument] reads, `about` [] tells version, ledger id and clock. All arguments are UTF-8 text,
 * JSON in canonical form. Refusals are `{code, message}` with status 500.
 *
 * Two endorsers give the same result to the byte or none: events and values are canonical JSON, reads and writes are a
 * function of arguments, proposal and state, and the clock only refuses. `about` is for one peer's answer: no two agree on it.
 */
export class EvidenceChaincode {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #functions: ReadonlyMap<string, ChaincodeFunction>;

  constructor({ clock, log }: EvidenceOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#functions = new Map<string, ChaincodeFunction>([
      ['genesis', { takes: 1, run: (stub, [genesis = NOTHING]) => this.#genesis(stub, genesis) }],
      ['execute', { takes: 2, run: (stub, [kind = NOTHING, body = NOTHING]) => this.#execute(stub, fromUtf8(kind), body) }],
      ['query', { takes: 2, run: (stub, [name = NOTHING, argument = NOTHING]) => readQuery(stub, fromUtf8(name), argument) }],
      ['about', { takes: 0, run: (stub) => about(stub, this.#clock) }],
    ]);
  }

  invoke(stub: Stub): Promise<Answer> {
    return call(this.#functions, stub, this.#log);
  }

  async #genesis(stub: Stub, bytes: Bytes): Promise<Json> {
    const proposal = this.#proposal(stub);
    const genesis = parseFabricGenesis(parseArgument(bytes));
    requirePlace(stub, proposal, genesis);
    requireMember(proposal, genesis);
    if ((await genesisOf(stub)) !== undefined) refuse('GENESIS_EXISTS', 'The ledger has its genesis already.');
    await putAll(stub, genesisWrites(genesis));
    return { ledger: ledgerIdOf(genesis) };
  }

  async #execute(stub: Stub, kind: string, bytes: Bytes): Promise<Json> {
    const proposal = this.#proposal(stub);
    const body = parseArgument(bytes);
    const genesis = (await genesisOf(stub)) ?? refuse('NO_GENESIS', 'The ledger has no genesis yet.');
    requirePlace(stub, proposal, genesis);
    requireMember(proposal, genesis);
    const state = new TransactionState(new StubState(stub, genesis.fabric.certification));
    const context = { ...proposal, nowMs: this.#clock.now(), ledgerId: ledgerIdOf(genesis) };
    const event = await execute(state, context, { kind: kind as TransactionKind, body });
    await putAll(stub, state.writes);
    stub.setEvent(EVENT_NAME, canonicalJson(event));
    this.#log(`execute ${event.kind}`);
    return event as unknown as Json;
  }

  #proposal(stub: Stub): Proposal {
    const proposal = readProposal(stub);
    requireTime({ ...proposal, nowMs: this.#clock.now(), ledgerId: '' });
    return proposal;
  }
}

async function readQuery(stub: Stub, name: string, argument: Bytes): Promise<Json | undefined> {
  return query(new StubState(stub), name, parseArgument(argument));
}

async function about(stub: Stub, clock: Clock): Promise<Json> {
  const genesis = await genesisOf(stub);
  return { contract: manifest.version, ledger: genesis === undefined ? '' : ledgerIdOf(genesis), timeMs: clock.now() };
}

function parseArgument(bytes: Bytes): Json {
  if (bytes.length > MOST_TRANSACTION_BYTES) {
    refuse('TRANSACTION_TOO_LARGE', `An argument may have ${MOST_TRANSACTION_BYTES} bytes, not ${bytes.length}.`);
  }
  return parseCanonical(new Uint8Array(bytes));
}

async function genesisOf(stub: Stub): Promise<FabricGenesis | undefined> {
  const stored = await new StubState(stub).get('genesis');
  return stored === undefined ? undefined : parseFabricGenesis(stored);
}

/** The event of a chaincode that another one called is not in the block, so nobody would learn of the transaction. */
function requirePlace(stub: Stub, { chaincode }: Proposal, { fabric }: FabricGenesis): void {
  const channel = stub.getChannelID();
  if (channel !== fabric.channel) {
    refuse('OTHER_LEDGER', `The genesis is for the Fabric channel "${fabric.channel}", this is "${channel}".`);
  }
  if (chaincode !== fabric.evidence) {
    refuse('NOT_CALLED_DIRECTLY', `The genesis is for the chaincode "${fabric.evidence}", the proposal calls "${chaincode}".`);
  }
}

function requireMember({ creator }: Proposal, genesis: FabricGenesis): void {
  if (!isMember(genesis, creator)) refuse('NOT_A_MEMBER', `Organisation "${creator}" is no member of this ledger.`);
}
