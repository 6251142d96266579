export { buildFabric, isBuilt, type OnProgress, type Progress } from './build.ts';
export { DevNetwork, type PartStatus, type UpOptions } from './dev-network.ts';
export type { FabricNetworkErrorCode } from './errors.ts';
export type { Part } from './layout.ts';
export { defaultBinaries, defaultNetworkFolder } from './places.ts';
export { DEFAULT_FIRST_PORT, DEFAULT_ORGANISATIONS, organisationsWith, portCount } from './settings.ts';
