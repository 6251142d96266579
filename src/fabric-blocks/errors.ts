import { type ErrorDetails, RejectedError } from '../core/index.ts';

export type FabricBlockErrorCode =
  /** Bytes are not the protobuf message, DER value or certificate that they should be. */
  | 'BAD_ENCODING'
  /** A block contradicts itself, the one before it, or the rules of the channel. */
  | 'BAD_BLOCK'
  /** The chain is of another ledger than the expected one. */
  | 'OTHER_LEDGER'
  /** The channel's configuration is of a kind that this verifier does not know. */
  | 'BAD_CONFIG';

export function refuse(code: FabricBlockErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}): never {
  throw new RejectedError<FabricBlockErrorCode>(code, message, options);
}
