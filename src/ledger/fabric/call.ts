import type { Bytes } from '../../core/index.ts';

/** A function of a chaincode with its arguments. */
export interface Call {
  readonly chaincode: string;
  readonly name: string;
  readonly args: readonly (string | Bytes)[];
  /** MSP id of the organisation whose peers execute it; the own one where absent. Heeded by reads alone. */
  readonly at?: string;
}
