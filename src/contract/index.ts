export { type Dispute, type DisputeKind, DISPUTE_KINDS, parseDispute, requireProof } from './dispute-proofs.ts';
export * from './embedded-block.ts';
export * from './errors.ts';
export { execute } from './execute.ts';
export * from './genesis.ts';
export {
  type ChannelDocument,
  CHANNEL_TYPE,
  ChannelDocumentShape,
  channelIdOf,
  openChannelDocument,
  signChannelDocument,
} from './open-channel.ts';
export { everUsedKey } from './key-log.ts';
export { type OfflineDocuments, offlineState } from './offline-state.ts';
export { query, QUERY_NAMES, type QueryName } from './query.ts';
export type * from './records.ts';
export * from './state.ts';
export * from './transaction-time.ts';
export * from './verify-chain.ts';
