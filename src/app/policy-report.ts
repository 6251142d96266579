import { channelParamsOf } from '../agreement/index.ts';
import { systemClock } from '../platform/index.ts';
import { type LeakageReport, leakageReport, type MappingPolicy } from '../policy/index.ts';
import { plantTerms, type TermsSource } from './plant-terms.ts';
import { loadPolicy } from './policy-source.ts';

export interface PolicyReport {
  readonly policy: MappingPolicy;
  /** The most that the policy's conditions can tell at the cadence of the terms. */
  readonly leakage: LeakageReport;
}

/**
 * Checks a mapping policy as a new plant would, and says what it can tell the manufacturer at a cadence.
 * @throws RejectedError in one sentence with file, place and remedy
 */
export async function reportPolicy(policyFile: string, cadence: TermsSource): Promise<PolicyReport> {
  const { policy } = await loadPolicy(policyFile);
  const { terms } = plantTerms(cadence, systemClock.now());
  return { policy, leakage: leakageReport(policy, channelParamsOf(terms, policy.streams, policy.tags.length)) };
}
