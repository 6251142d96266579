import type { AlarmLevel, LimitName, Limits } from '../server/index.ts';

interface Words {
  /** What the figure is. */
  readonly what: string;
  readonly remedy: string;
}

const WORDS: Readonly<Record<LimitName, Words>> = {
  cacheFill: {
    what: 'The cache for the manufacturer is filled to',
    remedy: "Get the manufacturer's module to fetch and confirm, or give the cache more room.",
  },
  unsentAge: {
    what: 'The oldest batch without a receipt has waited for',
    remedy: "See whether the manufacturer's module runs, reaches this one and verifies.",
  },
  receiverSilence: { what: "The manufacturer's module has not called for", remedy: 'See whether it runs, and the network between both.' },
  ledgerLag: { what: 'The oldest batch that is not on the ledger has waited for', remedy: 'See whether the ledger answers.' },
};

/** What an alarm says: the figure, its limit, and what to do. */
export function alarmText(name: LimitName, level: AlarmLevel, value: number, { high, highHigh }: Limits): string {
  const { what, remedy } = WORDS[name];
  const unit = (figure: number): string => (name === 'cacheFill' ? `${figure} %` : spanText(figure));
  if (level === 'normal') return `${what} ${unit(value)}, which is below the limit of ${unit(high)}.`;
  return `${what} ${unit(value)}, the limit being ${unit(level === 'high' ? high : highHigh)}. ${remedy}`;
}

/** A span of time in a unit that a person can picture. */
function spanText(ms: number): string {
  const { length, name } = UNITS.find((unit) => ms >= 2 * unit.length) ?? SECONDS;
  return `${Math.round((ms / length) * 10) / 10} ${name}`;
}

const SECONDS = { length: 1000, name: 's' };
const UNITS = [
  { length: 86_400_000, name: 'days' },
  { length: 3_600_000, name: 'h' },
  { length: 60_000, name: 'min' },
];
