export { type ConnectionProfile, type FabricPeer, loadConnectionProfile } from './connection-profile.ts';
export type { FabricLedgerOptions } from './fabric-ledger.ts';
export type { AboutChaincode, FabricAccess, FabricNetwork } from './fabric-network.ts';
export { type FabricIdentity, type IdentityFiles, loadFabricIdentity, readCertificate } from './identity.ts';
export * from './open-fabric.ts';
export type { FabricPatience } from './patience.ts';
export type { FabricSigner, Pkcs11Options } from './signer.ts';
export * from './network/index.ts';
