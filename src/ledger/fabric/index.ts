export { type ConnectionProfile, type FabricPeer, loadConnectionProfile } from './connection-profile.ts';
export { type FabricIdentity, type IdentityFiles, loadFabricIdentity, readCertificate } from './identity.ts';
export type { FabricSigner, Pkcs11Options } from './signer.ts';
export * from './network/index.ts';
