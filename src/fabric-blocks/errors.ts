import { type ErrorDetails, RejectedError } from '../core/index.ts';

export type FabricBlockErrorCode =
  /** Bytes are not the protobuf message, DER value or certificate that they should be. */
  | 'BAD_ENCODING'
  /** A block contradicts itself, the one before it, or the rules of the channel. */
  | 'BAD_BLOCK'
  /** A validation code beside a block is not the one that follows from it; no orderer signs these codes. */
  | 'WRONG_CODE'
  /** The chain is of another ledger than the expected one. */
  | 'OTHER_LEDGER'
  /** The channel's configuration is of a kind that this verifier does not know. */
  | 'BAD_CONFIG';

export function refuse(code: FabricBlockErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}): never {
  throw new RejectedError<FabricBlockErrorCode>(code, message, options);
}
