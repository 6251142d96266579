import { type PersonFile, personFileFault } from '../core/index.ts';
import { type AlarmConfig, limitsOutOfOrder } from './alarm-limits.ts';

/*
 * What a configuration must keep to that its schema can't say. Each fault is told with line, place and remedy.
 */

/** What holds for either side. @throws RejectedError `BAD_FILE` */
export function checkRules(file: PersonFile): void {
  requireLedgerKey(file);
  requireDistinctUsers(file);
  requireAlarmOrder(file);
}

interface LedgerKey {
  readonly ledger: { readonly kind: string };
  readonly keys: { readonly ledger?: string };
}

interface UserName {
  readonly thumbprint?: string;
  readonly name?: string;
}

/** Fabric has keys of its own; in the embedded ledger this one tells who sends. */
function requireLedgerKey(file: PersonFile): void {
  const { ledger, keys, channels } = file.value as { readonly channels: readonly Partial<LedgerKey>[] } & LedgerKey;
  const hasOne = (own: Partial<LedgerKey>): boolean =>
    (own.ledger ?? ledger).kind === 'fabric' || (own.keys?.ledger ?? keys.ledger) !== undefined;
  if (hasOne({}) && channels.every(hasOne)) return;
  throw personFileFault(file, ['keys'], 'the key "ledger" is missing', 'Add it: an embedded ledger takes transactions that it signs.');
}

/** A thumbprint or name that stands twice would leave the role to chance. */
function requireDistinctUsers(file: PersonFile): void {
  const visit = (value: unknown, path: (string | number)[]): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      const place = [...path, Array.isArray(value) ? Number(key) : key];
      if (key === 'users' && Array.isArray(item)) checkUsers(file, item as UserName[], place);
      visit(item, place);
    }
  };
  visit(file.value, []);
}

/** Alarms of the second level come after those of the first. */
function requireAlarmOrder(file: PersonFile): void {
  const { channels } = file.value as { readonly channels: readonly { readonly alarms?: AlarmConfig }[] };
  channels.forEach(({ alarms = {} }, index) => {
    const wrong = limitsOutOfOrder(alarms);
    if (wrong === undefined) return;
    throw personFileFault(
      file,
      ['channels', index, 'alarms', wrong],
      'high is not below highHigh',
      'Give the first alarm the lower limit.',
    );
  });
}

function checkUsers(file: PersonFile, users: readonly UserName[], path: readonly (string | number)[]): void {
  const seen = new Set<string>();
  users.forEach((user, index) => {
    const id = user.thumbprint ?? `name ${user.name ?? ''}`;
    if (seen.has(id))
      throw personFileFault(file, [...path, index], 'this user stands twice', 'Keep one entry: a user has exactly one role.');
    seen.add(id);
  });
}

/** What of an owner's configuration tells whether channels share something. Paths are absolute. */
interface Separable {
  readonly keys: { readonly exchange: string };
  readonly pki: string;
  readonly channels: readonly SeparableChannel[];
}

interface SeparableChannel {
  readonly name: string;
  readonly agreement: string;
  readonly policyNonce: string;
  readonly store: string;
  readonly keys?: { readonly exchange?: string };
  readonly pki?: string;
  readonly cleared: { readonly port: number };
}

interface Rule {
  /** In the channel. */
  readonly place: readonly string[];
  readonly of: (own: SeparableChannel, all: Separable) => string | number | undefined;
  readonly remedy: string;
}

/** What two channels must not share. */
const RULES: readonly Rule[] = [
  { place: ['name'], of: ({ name }) => name, remedy: 'Node ids and figures go by it: rename one of them.' },
  { place: ['agreement'], of: ({ agreement }) => agreement, remedy: 'Each channel is an agreement of its own: name that.' },
  {
    place: ['policyNonce'],
    of: ({ policyNonce }) => policyNonce,
    remedy: 'Equal mapping policies would have equal commitments: give each its own nonce.',
  },
  { place: ['store'], of: ({ store }) => store, remedy: 'Give each channel a store of its own.' },
  {
    place: ['keys', 'exchange'],
    of: ({ keys }, all) => keys?.exchange ?? all.keys.exchange,
    remedy: 'It is erased once its channel is open: give each channel its own as "keys": { "exchange": … }.',
  },
  {
    place: ['pki'],
    of: ({ pki }, all) => pki ?? all.pki,
    remedy: 'Whoever one manufacturer comes with must not be let in by the server of another: give each channel its own "pki".',
  },
  {
    place: ['cleared', 'port'],
    of: ({ cleared: { port } }) => (port === 0 ? undefined : port),
    remedy: 'Give each cleared server a port of its own.',
  },
];

/** Each manufacturer's channel stands for itself. @throws RejectedError `BAD_FILE` with line, place and remedy */
export function requireSeparateChannels(file: PersonFile, config: Separable): void {
  for (const { place, of, remedy } of RULES) {
    const seen = new Map<string | number, string>();
    config.channels.forEach((own, index) => {
      const value = of(own, config);
      if (value === undefined) return;
      const other = seen.get(value);
      const what = `the channels "${other}" and "${own.name}" have the same "${place.join('.')}"`;
      if (other !== undefined) throw personFileFault(file, ['channels', index, ...place], what, remedy);
      seen.set(value, own.name);
    });
  }
}
