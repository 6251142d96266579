import type { StateReader } from '../../../contract/index.ts';
import { type Bytes, canonicalJson, type Json, parseCanonical } from '../../../core/index.ts';
import { refuse } from './errors.ts';
import type { Stub } from './stub.ts';

/** The contract joins the parts of a key by `~`, which no part contains; Fabric has a form of its own for such keys. */
export function compositeKey(stub: Pick<Stub, 'createCompositeKey'>, key: string): string {
  const [kind = '', ...parts] = key.split('~');
  return stub.createCompositeKey(kind, parts);
}

/** The committed state that a chaincode of this transaction sees. Every read stands in the transaction's read set. */
export class StubState implements StateReader {
  readonly #stub: Stub;
  /** Name of the certification chaincode; `undefined` before there is a genesis that names it. */
  readonly #certification: string | undefined;

  constructor(stub: Stub, certification?: string) {
    this.#stub = stub;
    this.#certification = certification;
  }

  async get(key: string): Promise<Json | undefined> {
    return jsonOf(await this.#stub.getState(compositeKey(this.#stub, key)));
  }

  /**
   * Reads in the same simulation as this chaincode's own reads, so that the certification's key and its version stand in
   * this transaction's read set: a change that is ordered earlier makes it invalid.
   */
  async foreign(contract: 'certification', key: string): Promise<Json | undefined> {
    if (this.#certification === undefined) throw new Error(`The ${contract} chaincode is not named by a genesis.`);
    const answer = await this.#stub.invokeChaincode(this.#certification, ['get', key], '').catch(() => undefined);
    if (answer?.status !== 200) {
      refuse('CERTIFICATION_UNAVAILABLE', `The chaincode "${this.#certification}" gives no answer. See that its service runs.`);
    }
    return jsonOf(answer.payload ?? new Uint8Array(0));
  }
}

/** Writes what a transaction leaves. */
export async function putAll(stub: Stub, writes: Iterable<readonly [string, Json]>): Promise<void> {
  for (const [key, value] of writes) await stub.putState(compositeKey(stub, key), canonicalJson(value));
}

function jsonOf(bytes: Bytes): Json | undefined {
  return bytes.length === 0 ? undefined : parseCanonical(new Uint8Array(bytes));
}
