export { blockJson, jsonBlockHash } from './block.ts';
export {
  counts,
  decodeBlock,
  decodeEnvelope,
  type FabricBlock,
  type FabricEnvelope,
  type FabricTransaction,
  ownTimeMs,
  requireSigned,
} from './committed-block.ts';
export type { FabricBlockErrorCode } from './errors.ts';
export { bool, bytesField, decode, decodeExact, int32, message, repeatedBytes, repeatedMessage, text, uint64 } from './message.ts';
export { type ProposalHeader, readProposalHeader } from './proposal-header.ts';
export { channelMembers, type ChannelMembers, endorsementRule, type EndorsementRule } from './endorsement-rule.ts';
export { ordererEndpoints, type OrdererEndpoint } from './orderer-endpoints.ts';
export { compositeKey } from './composite-key.ts';
export { eventPayloads, findGenesis } from './unverified.ts';
export { verifyFabricChain } from './verify-fabric-chain.ts';
