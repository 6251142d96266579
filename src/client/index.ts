export type { ClientErrorCode } from './errors.ts';
export type { ApplicationIdentity, CertificateVerdict, PeerTrust, UserCredentials } from './identity.ts';
export type { LinkState } from './link.ts';
export type { LinkOptions } from './link-options.ts';
export * from './module-connection.ts';
export type { Deadband } from './monitoring.ts';
export { resolveNodeId } from './namespaces.ts';
export * from './plc-subscription.ts';
export * from './tag-writer.ts';
