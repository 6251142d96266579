import { bool, bytesField, int32, int64, mapOfMessages, message, repeatedBytes, repeatedMessage, text, uint64 } from './message.ts';

/*
 * Fabric's messages, as far as a verifier needs them: names and numbers of hyperledger/fabric-protos (common, peer, msp,
 * ledger/rwset, gateway). Fields left out have no meaning for a transaction's outcome.
 */

// common/common.proto
export const BlockMessage = {
  header: message(1, { number: uint64(1), previousHash: bytesField(2), dataHash: bytesField(3) }),
  data: message(2, { data: repeatedBytes(1) }),
  metadata: message(3, { metadata: repeatedBytes(1) }),
};
export const EnvelopeMessage = { payload: bytesField(1), signature: bytesField(2) };
export const HeaderMessage = { channelHeader: bytesField(1), signatureHeader: bytesField(2) };
export const PayloadMessage = { header: message(1, HeaderMessage), data: bytesField(2) };
export const TimestampMessage = { seconds: int64(1), nanos: int32(2) };
export const ChannelHeaderMessage = {
  type: int32(1),
  version: int32(2),
  timestamp: message(3, TimestampMessage),
  channelId: text(4),
  txId: text(5),
  epoch: uint64(6),
  extension: bytesField(7),
};
export const SignatureHeaderMessage = { creator: bytesField(1), nonce: bytesField(2) };
export const MetadataMessage = {
  value: bytesField(1),
  signatures: repeatedMessage(2, { signatureHeader: bytesField(1), signature: bytesField(2) }),
};
export const OrdererBlockMetadataMessage = { lastConfig: message(1, { index: uint64(1) }), consenterMetadata: bytesField(2) };

// msp/identities.proto
export const SerializedIdentityMessage = { mspId: text(1), idBytes: bytesField(2) };

// peer/transaction.proto, proposal.proto, proposal_response.proto, chaincode.proto, chaincode_event.proto
export const TransactionMessage = { actions: repeatedMessage(1, { header: bytesField(1), payload: bytesField(2) }) };
export const ChaincodeActionPayloadMessage = {
  proposalPayload: bytesField(1),
  action: message(2, {
    responsePayload: bytesField(1),
    endorsements: repeatedMessage(2, { endorser: bytesField(1), signature: bytesField(2) }),
  }),
};
export const ProposalResponsePayloadMessage = { proposalHash: bytesField(1), extension: bytesField(2) };
export const ChaincodeIdMessage = { path: text(1), name: text(2), version: text(3) };
export const ChaincodeHeaderExtensionMessage = { chaincodeId: message(2, ChaincodeIdMessage) };
export const ChaincodeActionMessage = {
  results: bytesField(1),
  events: bytesField(2),
  response: message(3, { status: int32(1), message: text(2), payload: bytesField(3) }),
  chaincodeId: message(4, ChaincodeIdMessage),
};
export const ChaincodeEventMessage = { chaincodeId: text(1), txId: text(2), eventName: text(3), payload: bytesField(4) };
export const ChaincodeProposalPayloadMessage = { input: bytesField(1), transient: mapOfMessages(2) };
export const ChaincodeInvocationSpecMessage = {
  spec: message(1, {
    type: int32(1),
    chaincodeId: message(2, ChaincodeIdMessage),
    input: message(3, { args: repeatedBytes(1), decorations: mapOfMessages(2), isInit: bool(3) }),
  }),
};

// ledger/rwset/rwset.proto, kvrwset/kv_rwset.proto
export const TxReadWriteSetMessage = {
  dataModel: int32(1),
  namespaces: repeatedMessage(2, {
    namespace: text(1),
    rwset: bytesField(2),
    collections: repeatedMessage(3, { name: text(1), hashedRwset: bytesField(2) }),
  }),
};
const VersionMessage = { block: uint64(1), tx: uint64(2) };
const ReadMessage = { key: text(1), version: message(2, VersionMessage) };
const MetadataEntryMessage = { name: text(1), value: bytesField(2) };
export const KvRwSetMessage = {
  reads: repeatedMessage(1, ReadMessage),
  rangeQueries: repeatedMessage(2, {
    startKey: text(1),
    endKey: text(2),
    rawReads: message(4, { reads: repeatedMessage(1, ReadMessage) }),
    merkleHashes: message(5, { hashes: repeatedBytes(3) }),
  }),
  writes: repeatedMessage(3, { key: text(1), isDelete: bool(2), value: bytesField(3) }),
  metadataWrites: repeatedMessage(4, { key: text(1), entries: repeatedMessage(2, MetadataEntryMessage) }),
};
export const HashedRwSetMessage = {
  reads: repeatedMessage(1, { keyHash: bytesField(1), version: message(2, VersionMessage) }),
  writes: repeatedMessage(2, { keyHash: bytesField(1), isDelete: bool(2), valueHash: bytesField(3), isPurge: bool(4) }),
  metadataWrites: repeatedMessage(3, { keyHash: bytesField(1), entries: repeatedMessage(2, MetadataEntryMessage) }),
};
