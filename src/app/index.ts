export { type ActionEntry, listActions, repeatActions } from './action-letters.ts';
export { type AgreementFile, loadAgreement, type LoadedAgreement } from './agreement-file.ts';
export { accuse } from './audit-accuse.ts';
export { exportAudit } from './audit-export.ts';
export { rebut } from './audit-rebut.ts';
export * from './config.ts';
export { checkConformance, type ConformanceReport } from './conformance.ts';
export { doctor } from './doctor.ts';
export type { DoctorCheck, DoctorReport } from './doctor-report.ts';
export type { ConditionSeen, ModuleEvent, ModuleListener } from './events.ts';
export { type FabricLedger, type FabricLedgerTerms, type FabricPlace, findFabricLedger, makeFabricLedger } from './fabric-genesis.ts';
export type { FabricMember } from './fabric-member.ts';
export { initPlant, type OtherManufacturer, type Plant, type PlantChannel, type PlantOptions } from './plant.ts';
export type { FabricPlantLedger } from './plant-fabric.ts';
export type { PlantLedgerOptions } from './plant-ledger.ts';
export { type ApplicationName, pkiFolder } from './plant-identities.ts';
export type { PlantPorts } from './plant-files.ts';
export { exportNodeset, type NodesetChoice } from './nodeset-export.ts';
export { type PolicyReport, reportPolicy } from './policy-report.ts';
export { loadPolicy } from './policy-source.ts';
export { ReceiverModule } from './receiver-module.ts';
export { replay, type ReplayOptions, type ReplayProgress } from './replay.ts';
export type { ModuleAdapters, ModuleOptions } from './module-options.ts';
export { type ModuleStatus, type Reason, REASONS, type ReceiverStatus, type SenderStatus } from './module-status.ts';
export { SenderModule } from './sender-module.ts';
export { checkStore } from './store-check.ts';
export type { StoreCheck, StoreFault } from './store-faults.ts';
export { backUpStoreOf, compactStoreOf, type Restored, restoreStoreOf, sizesOfStore } from './store-tools.ts';
export { addTagsToPolicy, importTags, type PolicyAddition, type TagImport } from './tag-import.ts';
export type { BatchTransition, Trace, TraceEvent } from './trace.ts';

export {
  type AuditExport,
  type AuditOptions,
  type AuditReport,
  formatProofReport,
  formatReport,
  type LedgerClaim,
  parseExport,
  parseProof,
  type Proof,
  type ProofReport,
  requireReadableSize,
  verifyExport,
  verifyProof,
  writeProof,
} from '../audit/index.ts';
export { type DcmbError, FatalError, RejectedError, type UaType, type UaValue, UnavailableError } from '../core/index.ts';
export {
  buildFabric,
  defaultBinaries,
  defaultNetworkFolder,
  DEFAULT_FIRST_PORT,
  DevNetwork,
  organisationsWith,
  portCount,
  type PartStatus,
  type Progress,
} from '../ledger/index.ts';
export { systemArgon2 } from '../platform/index.ts';
export { leakageReport } from '../policy/index.ts';
export type { StoreSizes } from '../store/index.ts';
export { type AuthorityEntry, type CertificateFacts, hashPassword, isRefusal, type TrustEntry, TrustList } from '../server/index.ts';
export { dialledNames } from './dialled-names.ts';
export { makeNextCertificate, useNextCertificate } from './next-certificate.ts';
