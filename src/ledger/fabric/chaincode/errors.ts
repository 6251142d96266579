import { RejectedError } from '../../../core/index.ts';

/** What the chaincodes refuse beside the contract's own refusals. */
export type ChaincodeErrorCode =
  /** The chaincode has no such function, or the function takes another number of arguments. */
  | 'BAD_CALL'
  /** Another chaincode called this one: its events would be lost. */
  | 'NOT_CALLED_DIRECTLY'
  /** The ledger has no genesis yet. */
  | 'NO_GENESIS'
  | 'GENESIS_EXISTS'
  /** The genesis is for another Fabric channel or chaincode. */
  | 'OTHER_LEDGER'
  /** The creator's MSP is none of the genesis. */
  | 'NOT_A_MEMBER'
  | 'TRANSACTION_TOO_LARGE'
  /** A fault, not a refusal: the certification chaincode, which an anchor reads, gives no answer to this peer. */
  | 'CERTIFICATION_UNAVAILABLE'
  /** A fault, not a refusal: another peer, or another try, may do. */
  | 'INTERNAL';

export function refuse(code: ChaincodeErrorCode, message: string): never {
  throw new RejectedError<ChaincodeErrorCode>(code, message);
}
