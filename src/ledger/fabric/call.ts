import type { Bytes } from '../../core/index.ts';

/** A function of a chaincode with its arguments. */
export interface Call {
  readonly chaincode: string;
  readonly name: string;
  readonly args: readonly (string | Bytes)[];
}
