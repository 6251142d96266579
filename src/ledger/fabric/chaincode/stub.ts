import type { Bytes } from '../../../core/index.ts';

/**
 * What the chaincodes use of the shim's `ChaincodeStub` (fabric-shim 2.5). Two members are missing in the shim's own types:
 * `getBufferArgs`, for text arguments have lost what is no UTF-8, and `proposal`, whose header is read by the decoder that
 * verifies blocks, so that endorsers and verifiers can never read it differently.
 */
export interface Stub {
  /** Empty where the peer gave no proposal, which it always does. */
  readonly proposal?: { getHeader_asU8(): Bytes };
  getTxID(): string;
  getChannelID(): string;
  getBufferArgs(): readonly Bytes[];
  /** No bytes where the key is absent. */
  getState(key: string): Promise<Bytes>;
  putState(key: string, value: Bytes): Promise<void>;
  createCompositeKey(objectType: string, attributes: string[]): string;
  invokeChaincode(chaincode: string, args: string[], channel: string): Promise<Answer>;
  setEvent(name: string, payload: Bytes): void;
}

/** A chaincode's response: 200 with a payload, or 500 with a message. */
export interface Answer {
  readonly status: number;
  readonly message?: string;
  readonly payload?: Bytes;
}
