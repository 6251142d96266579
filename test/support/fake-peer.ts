import { type Bytes, concat, type Json, parseCanonical, utf8 } from '../../src/core/index.ts';
import type { Answer, Stub } from '../../src/ledger/fabric/chaincode/stub.ts';

/** Who calls which chaincode when, as a proposal's header says it. */
export interface FakeProposal {
  readonly creator: string;
  readonly timeMs: number;
  readonly chaincode: string;
  /** Nanoseconds beside the whole ms; also more than a second has. */
  readonly nanos?: number;
}

/** What simulating a transaction gave. */
export interface Simulation {
  readonly answer: Answer;
  /** Keys in the order in which they were first read, those of other chaincodes behind their name. */
  readonly reads: readonly string[];
  readonly writes: ReadonlyMap<string, Bytes>;
  readonly events: readonly { readonly name: string; readonly payload: Bytes }[];
}

/** A peer's side of the shim in memory: committed state of one chaincode, simulation, commit. It checks no signature. */
export class FakePeer {
  readonly state = new Map<string, Bytes>();
  /** Committed state of the certification chaincode, by the key that `get` is asked for. */
  readonly certification = new Map<string, Bytes>();
  /** What the certification chaincode answers with; 0: its service is away. */
  certificationStatus = 200;
  channel = 'dcmb';
  /** Thrown by every read, once it is set. */
  fault: Error | undefined;
  /** How long a read takes. */
  readMs: () => number = () => 0;
  readonly #invoke: (stub: Stub) => Promise<Answer>;

  constructor(invoke: (stub: Stub) => Promise<Answer>) {
    this.#invoke = invoke;
  }

  /** Executes without committing. Arguments are text, or bytes where they are none. */
  async simulate(proposal: FakeProposal, ...args: readonly (string | Bytes)[]): Promise<Simulation> {
    const stub = new FakeStub(
      this,
      headerOf(proposal),
      args.map((argument) => (typeof argument === 'string' ? utf8(argument) : argument)),
    );
    const answer = await this.#invoke(stub);
    return { answer, reads: [...stub.reads], writes: stub.writes, events: stub.events };
  }

  commit({ writes }: Simulation): void {
    for (const [key, value] of writes) this.state.set(key, value);
  }

  /** Simulates, and commits where the chaincode took it. */
  async submit(proposal: FakeProposal, ...args: readonly (string | Bytes)[]): Promise<Simulation> {
    const simulation = await this.simulate(proposal, ...args);
    if (simulation.answer.status === 200) this.commit(simulation);
    return simulation;
  }
}

class FakeStub implements Stub {
  readonly reads = new Set<string>();
  readonly writes = new Map<string, Bytes>();
  readonly events: { name: string; payload: Bytes }[] = [];
  readonly proposal: { getHeader_asU8(): Bytes };
  readonly #peer: FakePeer;
  readonly #args: readonly Bytes[];

  constructor(peer: FakePeer, header: Bytes, args: readonly Bytes[]) {
    this.#peer = peer;
    this.#args = args;
    this.proposal = { getHeader_asU8: () => header };
  }

  getTxID(): string {
    return 'tx';
  }

  getChannelID(): string {
    return this.#peer.channel;
  }

  getBufferArgs(): readonly Bytes[] {
    return this.#args.map((argument) => Buffer.from(argument));
  }

  async getState(key: string): Promise<Bytes> {
    await this.#reading();
    this.reads.add(key);
    return Buffer.from(this.#peer.state.get(key) ?? []);
  }

  async putState(key: string, value: Bytes): Promise<void> {
    await Promise.resolve();
    this.writes.set(key, value);
  }

  /** As the shim does it. */
  createCompositeKey(objectType: string, attributes: string[]): string {
    const parts = [objectType, ...attributes];
    if (parts.some((part) => part === '')) throw new Error('object type or attribute not a non-zero length string');
    return `\0${parts.map((part) => `${part}\0`).join('')}`;
  }

  async invokeChaincode(chaincode: string, args: string[], channel: string): Promise<Answer> {
    await this.#reading();
    const [name, key = ''] = args;
    if (chaincode !== 'certification' || channel !== '' || name !== 'get') throw new Error('no such chaincode');
    this.reads.add(`${chaincode}/${key}`);
    if (this.#peer.certificationStatus === 0) throw new Error('could not launch chaincode');
    return { status: this.#peer.certificationStatus, payload: Buffer.from(this.#peer.certification.get(key) ?? []) };
  }

  setEvent(name: string, payload: Bytes): void {
    this.events.push({ name, payload });
  }

  async #reading(): Promise<void> {
    if (this.#peer.fault !== undefined) throw this.#peer.fault;
    const ms = this.#peer.readMs();
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

/** The answer's payload as JSON; `undefined` where it is empty. */
export function payloadOf({ answer: { payload } }: Simulation): Json | undefined {
  return payload === undefined || payload.length === 0 ? undefined : parseCanonical(new Uint8Array(payload));
}

/** Code of a refusal, or `ok`. */
export function codeOf({ answer: { status, message } }: Simulation): string {
  return status === 200 ? 'ok' : (JSON.parse(message ?? '{}') as { code: string }).code;
}

/** A `common.Header` in protobuf, of the fields that matter. */
export function headerOf({ creator, timeMs, chaincode, nanos = 0 }: FakeProposal): Bytes {
  const timestamp = concat(
    integerField(1, BigInt(Math.floor(timeMs / 1000))),
    integerField(2, BigInt((((timeMs % 1000) + 1000) % 1000) * 1_000_000 + nanos)),
  );
  const extension = bytesField(2, bytesField(2, utf8(chaincode)));
  const channelHeader = concat(integerField(1, 3n), bytesField(3, timestamp), bytesField(4, utf8('dcmb')), bytesField(7, extension));
  const signatureHeader = concat(bytesField(1, bytesField(1, utf8(creator))), bytesField(2, new Uint8Array(24)));
  return concat(bytesField(1, channelHeader), bytesField(2, signatureHeader));
}

export function bytesField(number: number, value: Bytes): Bytes {
  return concat(varint(BigInt(number * 8 + 2)), varint(BigInt(value.length)), value);
}

export function integerField(number: number, value: bigint): Bytes {
  return concat(varint(BigInt(number * 8)), varint(BigInt.asUintN(64, value)));
}

function varint(value: bigint): Bytes {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return new Uint8Array([...bytes, Number(rest)]);
}
