import { systemClock } from '../platform/index.ts';
import { type LoadedAgreement, loadAgreement } from './agreement-file.ts';
import { readChannel } from './channel-view.ts';
import type { ManufacturerConfig, OwnerConfig } from './config.ts';
import { checkEmbedded } from './doctor-embedded.ts';
import { checkFabric } from './doctor-fabric.ts';
import { Checks, type DoctorReport, Wrong } from './doctor-report.ts';
import { requireSameLedger } from './ledger-access.ts';
import { hasStarted, loadKeys } from './module-keys.ts';

/**
 * Looks at everything that stands between a module and its ledger, and says of each part whether it is well. Changes nothing,
 * and works beside a running module.
 * @param config path of either side's configuration
 * @param channel its name; may be absent where the configuration has one only
 * @throws RejectedError where the configuration itself can't be read
 */
export async function doctor(config: string, channel?: string): Promise<DoctorReport> {
  const own = readChannel(config, channel);
  const checks = new Checks();
  const loaded = await checkAgreement(checks, own);
  if (loaded === undefined) checks.skip('keys');
  else await checkKeys(checks, own, loaded);
  if (own.ledger.kind === 'fabric') await checkFabric({ checks, config: own.ledger, organisation: own.organisation, clock: systemClock });
  else await checkEmbedded(checks, own, own.ledger, systemClock);
  return checks.report(own.ledger.kind);
}

function checkAgreement(checks: Checks, own: OwnerConfig | ManufacturerConfig): Promise<LoadedAgreement | undefined> {
  return checks.run('agreement', '', () => {
    const [{ agreement: path }] = own.channels;
    const loaded = loadAgreement(path);
    requireSameLedger(loaded.agreement, own.ledger, path);
    const party = loaded.agreement[own.role];
    if (party.org !== own.organisation) {
      throw new Wrong(
        `${path} names ${party.org} as ${own.role}, the configuration says "organisation": ${own.organisation}.`,
        'Correct "organisation" in the configuration.',
      );
    }
    return Promise.resolve([`both have signed it, for this ledger and ${party.org}.`, loaded]);
  });
}

async function checkKeys(checks: Checks, own: OwnerConfig | ManufacturerConfig, loaded: LoadedAgreement): Promise<void> {
  await checks.run('keys', '', async () => {
    await loadKeys(own, loaded.agreement[own.role]);
    const exchange = hasStarted(own.keys) ? 'the exchange key was used and erased' : 'the exchange key waits for the first start';
    return [`the evidence key is that of the agreement, the store's key is there, nobody else may read them; ${exchange}.`, true];
  });
}
