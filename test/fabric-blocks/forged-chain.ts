import { readFileSync } from 'node:fs';
import {
  type ContractEvent,
  execute,
  type FabricGenesis,
  type Genesis,
  genesisWrites,
  ledgerIdOf,
  MemoryState,
  parseFabricGenesis,
  type StateReader,
  type TransactionKind,
  TransactionState,
} from '../../src/contract/index.ts';
import { type Bytes, canonicalJson, concat, fromBase64Url, fromUtf8, type Json, sha256, toBase64Url } from '../../src/core/index.ts';
import { fabricBlockHash, headerBytes } from '../../src/fabric-blocks/block.ts';
import { compositeKey, decodeEnvelope } from '../../src/fabric-blocks/index.ts';
import { type OrganisationName, testBytes } from '../support/ledger-network.ts';
import { identityOf, type Person, signed } from './forged-keys.ts';
import { answered, type Forged, forgedTransaction, type ForgedTransaction, type WrittenAt } from './forged-transaction.ts';
import { bytesOf, numberOf } from './protobuf-writer.ts';

/** What real peers and a real orderer have made, with the keys of all of them: test/vectors/fabric/README.md. */
export interface Vector {
  readonly blocks: readonly FabricBlockJson[];
  readonly genesis: Genesis;
  readonly people: Readonly<Record<string, Person>>;
}

export interface FabricBlockJson {
  readonly v: 0;
  readonly number: number;
  readonly prev: string;
  readonly data: readonly string[];
  readonly codes: readonly number[];
  readonly signatures: string;
}

export function readVector(): Vector {
  const file = new URL('../vectors/fabric/chain.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Vector;
}

/** Blocks that come before the genesis: configuration and definitions of the chaincodes. */
export function beforeGenesis(blocks: readonly FabricBlockJson[]): FabricBlockJson[] {
  const at = blocks.findIndex(({ data }) => data.some((envelope) => isGenesis(decodeEnvelope(fromBase64Url(envelope)).args)));
  return blocks.slice(0, at < 0 ? blocks.length : at);
}

function isGenesis([name]: readonly Bytes[]): boolean {
  return name !== undefined && fromUtf8(name) === 'genesis';
}

export interface ForgedBlock {
  readonly envelopes: readonly Bytes[];
  readonly codes: readonly number[];
  readonly signers?: readonly Person[];
  readonly lastConfig?: number;
}

/**
 * A chain of the test network that grows without the network: blocks put together here and signed with its keys. Begins with
 * the real blocks up to the definitions, so that its times can be any.
 */
export class ForgedChain {
  readonly genesis: FabricGenesis;
  readonly ledgerId: string;
  readonly blocks: FabricBlockJson[];
  readonly people: Vector['people'];
  readonly #state = new MemoryState();
  readonly #versions = new Map<string, WrittenAt>();
  #count = 0;

  /** @param changes to the genesis document */
  constructor(changes: Partial<Genesis> = {}, vector: Vector = readVector()) {
    this.genesis = parseFabricGenesis({ ...vector.genesis, ...changes });
    this.ledgerId = ledgerIdOf(this.genesis);
    this.blocks = beforeGenesis(vector.blocks);
    this.people = vector.people;
  }

  /** The last block, as a document names it that was signed now. */
  get last(): { number: number; hash: string } {
    const block = this.blocks.at(-1)!;
    return { number: block.number, hash: hashOf(block) };
  }

  person(name: string): Person {
    return this.people[name]!;
  }

  /** Sends the genesis. */
  begin(timeMs: number, more: Partial<ForgedTransaction> = {}): void {
    const writes = new Map(genesisWrites(this.genesis));
    const payload = canonicalJson({ ledger: this.ledgerId });
    const plan = this.#plan('owner', ['genesis', canonicalJson(this.genesis)], timeMs, { reads: ['genesis'], writes });
    this.add({ envelopes: [forgedTransaction({ ...plan, response: { status: 200, payload }, ...more }).envelope], codes: [0] });
    this.#applied(writes);
  }

  /** One honest transaction in a block of its own. */
  async commit(creator: OrganisationName, kind: TransactionKind, body: unknown, timeMs: number): Promise<void> {
    const { plan, writes } = await this.planned(creator, kind, body, timeMs);
    this.add({ envelopes: [forgedTransaction(plan).envelope], codes: [0] });
    this.#applied(writes);
  }

  /** What an honest client and honest peers would make of a call, before anything is signed. */
  async planned(
    creator: OrganisationName,
    kind: TransactionKind,
    body: unknown,
    timeMs: number,
  ): Promise<{ plan: ForgedTransaction; writes: ReadonlyMap<string, Json>; event: ContractEvent }> {
    const reader = new Noting(this.#state);
    const state = new TransactionState(reader);
    const event = await execute(state, { creator, timeMs, nowMs: timeMs, ledgerId: this.ledgerId }, { kind, body: body as Json });
    const touched = { reads: [...reader.keys], writes: state.writes };
    const plan = { ...this.#plan(creator, ['execute', kind, canonicalJson(body)], timeMs, touched), ...answered(event as unknown as Json) };
    return { plan, writes: state.writes, event };
  }

  add({ envelopes, codes, signers = [this.person('orderer')], lastConfig = 0 }: ForgedBlock): void {
    const prev = fromBase64Url(this.last.hash);
    const block = { number: this.blocks.length, prev, data: envelopes };
    const signatures = toBase64Url(signaturesOf(block, signers, lastConfig));
    this.blocks.push({ v: 0, number: block.number, prev: this.last.hash, data: envelopes.map(toBase64Url), codes, signatures });
  }

  #plan(
    creator: OrganisationName,
    args: readonly (string | Bytes)[],
    timeMs: number,
    { reads, writes }: { readonly reads: readonly string[]; readonly writes: ReadonlyMap<string, Json> },
  ): ForgedTransaction {
    this.#count += 1;
    return {
      channel: this.genesis.fabric.channel,
      creator: this.person(`${creator} client`),
      nonce: testBytes(`Fabric nonce ${this.#count}`).slice(0, 24),
      timeMs,
      chaincode: this.genesis.fabric.evidence,
      args,
      accesses: [
        {
          namespace: this.genesis.fabric.evidence,
          reads: reads.map((key) => ({ key: compositeKey(key), version: this.#versions.get(key) })),
          writes: [...writes].map(([key, value]) => ({ key: compositeKey(key), value: canonicalJson(value) })),
        },
      ],
      endorsers: [this.person('owner peer'), this.person('manufacturer peer')],
    };
  }

  #applied(writes: ReadonlyMap<string, Json>): void {
    this.#state.apply(writes);
    for (const key of writes.keys()) this.#versions.set(key, { block: this.blocks.length - 1, tx: 0 });
  }
}

/** Notes what is read. */
class Noting implements StateReader {
  readonly keys = new Set<string>();
  readonly #state: MemoryState;

  constructor(state: MemoryState) {
    this.#state = state;
  }

  get(key: string): Promise<Json | undefined> {
    this.keys.add(key);
    return this.#state.get(key);
  }

  foreign(contract: 'certification', key: string): Promise<Json | undefined> {
    return this.#state.foreign(contract, key);
  }
}

export function hashOf({ number, prev, data }: FabricBlockJson): string {
  return toBase64Url(fabricBlockHash({ number, prev: fromBase64Url(prev), data: data.map(fromBase64Url) }));
}

/** The metadata entry with orderers' signatures. */
export function signaturesOf(
  block: { readonly number: number; readonly prev: Bytes; readonly data: readonly Bytes[] },
  signers: readonly Person[],
  lastConfig: number,
): Bytes {
  const value = bytesOf(1, numberOf(1, lastConfig));
  const signatures = signers.map((signer) => {
    const header = concat(bytesOf(1, identityOf(signer)), bytesOf(2, sha256(headerBytes(block)).slice(0, 24)));
    return bytesOf(2, concat(bytesOf(1, header), bytesOf(2, signed(signer, concat(value, header, headerBytes(block))))));
  });
  return concat(bytesOf(1, value), ...signatures);
}

/** Blocks that fit together again: what somebody can do who has the orderer's key. */
export function reordered(blocks: readonly FabricBlockJson[], orderer: Person, from: number): FabricBlockJson[] {
  const chain: FabricBlockJson[] = [];
  for (const block of blocks) {
    const before = chain.at(-1);
    if (before === undefined || chain.length < from) {
      chain.push(block);
      continue;
    }
    const prev = hashOf(before);
    const raw = { number: chain.length, prev: fromBase64Url(prev), data: block.data.map(fromBase64Url) };
    chain.push({ ...block, number: chain.length, prev, signatures: toBase64Url(signaturesOf(raw, [orderer], 0)) });
  }
  return chain;
}

export function textOf(bytes: Bytes): string {
  return fromUtf8(bytes);
}

export type { Forged };
