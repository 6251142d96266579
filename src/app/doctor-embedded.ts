import type { Clock } from '../core/index.ts';
import { MOST_CLOCK_SKEW_MS } from '../contract/index.ts';
import type { EmbeddedLedgerConfig, ManufacturerConfig, OwnerConfig } from './config.ts';
import { type Checks, Wrong } from './doctor-report.ts';
import { openOwnLedger } from './ledger-access.ts';

/** An embedded ledger opens only where file, id, membership and ledger key fit together, so opening it tells all of them. */
export async function checkEmbedded(
  checks: Checks,
  own: OwnerConfig | ManufacturerConfig,
  { file }: EmbeddedLedgerConfig,
  clock: Clock,
): Promise<void> {
  const last = await checks.run('ledger', '', async () => {
    const ledger = await openOwnLedger(own, clock);
    try {
      const block = await ledger.lastBlock();
      return [`${file} has the id ${ledger.id}, and ${own.organisation} is a member with this key; ${block.number + 1} blocks.`, block];
    } finally {
      await ledger.close();
    }
  });
  if (last === undefined) checks.skip('clock');
  else await checkClock(checks, clock.now(), last.timeMs);
}

async function checkClock(checks: Checks, nowMs: number, lastMs: number): Promise<void> {
  await checks.run('clock', '', () => {
    if (nowMs < lastMs - MOST_CLOCK_SKEW_MS) {
      throw new Wrong(
        `This clock is ${Math.round((lastMs - nowMs) / 1000)} s behind the ledger's last block.`,
        "Set this machine's clock.",
      );
    }
    return Promise.resolve(["not behind the ledger's last block.", true]);
  });
}
