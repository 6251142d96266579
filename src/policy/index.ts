export { Clearing, type RawReading } from './clearing.ts';
export { compilePolicy, policyCommitment } from './compile.ts';
export { type ComputeInputs, type ComputeModule, computeModulesOf, requireComputeForm } from './compute.ts';
export type { PolicyErrorCode } from './errors.ts';
export { leakageReport, type LeakageReport, type StreamLeakage } from './leakage.ts';
export { codeFor, type Mapping, type Sample } from './mapping.ts';
export { policySchema, readPolicyFile } from './policy-file.ts';
export type {
  Aggregate,
  ConditionTerm,
  LinearModel,
  LocalizedText,
  MappingPolicy,
  ModuleCompute,
  PolicyTag,
  QualityRule,
  StreamPolicy,
  TimestampPolicy,
} from './policy-types.ts';
export { type Quality, qualityOf, statusCodeOf, withoutFlags } from './status-codes.ts';
