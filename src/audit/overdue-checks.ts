import { intervalEnd, intervalStart } from '../core/index.ts';
import type { ChannelContext } from './batch-case.ts';
import type { LedgerPlace } from './channel-ledger.ts';
import type { Findings } from './findings.ts';

/**
 * Judges every `overdue` on the ledger. The contract goes by the time that the accuser's own transaction claims; here the
 * time of its block decides, and whether the agreement owed the interval at all.
 */
export function checkOverdue(context: ChannelContext, findings: Findings): void {
  const { ledger } = context;
  const grid = [...ledger.anchors.values()].map(({ header }) => header).filter(({ row }) => row === 0);
  const first = grid.reduce((least, { interval }) => Math.min(least, interval), Number.MAX_SAFE_INTEGER);
  for (const [interval, place] of ledger.overdue) {
    findings.checked('overdue');
    const falsely = falseClaim(context, interval, place);
    if (falsely !== undefined) {
      const party = place.creator === ledger.owner.org ? 'owner' : 'manufacturer';
      findings.add({ code: 'FALSE_OVERDUE', object: `interval ${interval}`, place: place.pointer, message: falsely, party });
    } else if (!grid.some((header) => header.interval <= interval && interval <= header.through)) {
      findings.add(missing(interval, place, interval < first && grid.length > 0));
    }
  }
}

function falseClaim({ agreement, ledger: { params } }: ChannelContext, interval: number, { block }: LedgerPlace): string | undefined {
  const endMs = intervalEnd(params, interval);
  if (intervalStart(params, interval) < agreement.notBeforeMs || endMs > agreement.notAfterMs)
    return 'It was called overdue, and lies outside the time of the agreement.';
  const earlyMs = endMs + params.anchorWithinMs - block.timeMs;
  return earlyMs > 0 ? `It was called overdue ${earlyMs} ms before its deadline, by the time of block ${block.number}.` : undefined;
}

/** Who starts late has nothing to hide that was there before; whether it should have begun earlier, the ledger can't tell. */
function missing(interval: number, { pointer }: LedgerPlace, isBeforeFirst: boolean) {
  const message = isBeforeFirst
    ? 'It was found overdue on the ledger, and lies before the first batch of the channel.'
    : 'It was found overdue on the ledger, and no batch covers it.';
  return {
    code: 'INTERVAL_MISSING',
    object: `interval ${interval}`,
    place: pointer,
    message,
    party: isBeforeFirst ? 'undecided' : 'owner',
  } as const;
}
