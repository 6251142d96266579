export { type AgreementFile, loadAgreement, type LoadedAgreement } from './agreement-file.ts';
export * from './config.ts';
export type { ConditionSeen, ModuleEvent, ModuleListener } from './events.ts';
export { initPlant, type Plant, type PlantOptions } from './plant.ts';
export { ReceiverModule } from './receiver-module.ts';
export { type ModuleOptions, SenderModule } from './sender-module.ts';
