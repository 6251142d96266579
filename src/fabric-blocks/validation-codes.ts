/** `TxValidationCode` of peer/transaction.proto, as far as transactions of chaincodes get them. */
export const VALID = 0;
export const BAD_PAYLOAD = 2;
export const BAD_COMMON_HEADER = 3;
export const BAD_CREATOR_SIGNATURE = 4;
export const INVALID_ENDORSER_TRANSACTION = 5;
export const UNSUPPORTED_TX_PAYLOAD = 7;
export const BAD_PROPOSAL_TXID = 8;
export const DUPLICATE_TXID = 9;
export const ENDORSEMENT_POLICY_FAILURE = 10;
export const MVCC_READ_CONFLICT = 11;
export const PHANTOM_READ_CONFLICT = 12;
export const BAD_HEADER_EXTENSION = 19;
export const BAD_RESPONSE_PAYLOAD = 21;
export const BAD_RWSET = 22;
export const ILLEGAL_WRITESET = 23;
export const INVALID_CHAINCODE = 25;
export const INVALID_OTHER_REASON = 255;
