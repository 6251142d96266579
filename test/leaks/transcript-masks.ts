import { shapeOf } from '../support/shape-of.ts';
import { type Leaf, leavesOf } from './decoded.ts';

/*
 * What of a server's messages differs between two runs though nothing that was written to the other side does. Each kind has
 * a name; docs/non-interference.md lists them. Whatever is not named here has to be the same to the byte.
 */

export const MASKS = {
  CLOCK: 'clock time of the answer',
  GRID: 'grid time',
  START: 'time before the first grid point that is compared',
  SUBSCRIPTION: 'id of a subscription or monitored item',
  SESSION: 'id, token, nonce and signature of the connection',
  EVENT_ID: 'id of an event',
  HASH: 'hash, commitment or transaction id',
  EVIDENCE: 'content of an evidence document',
} as const;
export type MaskName = keyof typeof MASKS;

/** How the times of one run are told from those of another. */
export interface Masking {
  /** Grid point from which on the runs are compared, ms since 1970. */
  readonly originMs: number;
  /** Grid point of the run's first batch: times before it are those at which the process started, wherever they happen to fall. */
  readonly firstMs: number;
  readonly intervalMs: number;
  /** From a grid point to its publication, as agreed. */
  readonly publishDelayMs: number;
  /** Called for each use of a mask. */
  readonly used: (mask: MaskName) => void;
}

/** Fields in which the protocol itself tells the time of the answer (OPC UA Part 4). */
const CLOCK_PATHS = [/^responseHeader\.timestamp$/, /erverTimestamp$/, /erverPicoseconds$/, /\.publishTime$/, /securityToken\.createdAt$/];
const SUBSCRIPTION_PATHS = [/^subscriptionId$/, /\.monitoredItemId$/];
/** Said by the client itself, and counted on by its own retries. */
const ECHO = /^responseHeader\.requestHandle$/;
const SESSION_PATHS = [/^sessionId/, /^authenticationToken/, /^serverNonce/, /^serverSignature/, /^securityToken\.tokenId/];
/** Places of EventId and ReceiveTime among the selected fields of an event; see the client that selects them. */
export const EVENT_ID_FIELD = 0;
export const RECEIVE_TIME_FIELD = 1;
const eventField = (index: number): RegExp => new RegExp(`\\.events\\.\\d+\\.eventFields\\.${index}\\.value`);
const HASH = /^(?:[A-Za-z0-9_-]{43}|[0-9a-f]{64})$/;

/** A message as text lines, one a leaf, with the masks in place of what they stand for. */
export function masked(message: object, masking: Masking): string[] {
  const leaves = leavesOf(message).filter(({ path }) => !ECHO.test(path));
  const lines: string[] = [];
  for (const leaf of leaves) {
    // A time that is masked takes its picoseconds along; those of a grid time have to be zero.
    const isPartOfStart = leaf.path.endsWith('.sourcePicoseconds') && (lines.at(-1) ?? '').endsWith(`<${MASKS.START}>`);
    lines.push(`${leaf.path} = ${isPartOfStart ? `<${MASKS.START}>` : textOf(leaf, masking)}`);
  }
  return lines;
}

function textOf({ path, value }: Leaf, masking: Masking): string {
  const mask = (name: MaskName, rest = ''): string => {
    masking.used(name);
    return `<${MASKS[name]}${rest}>`;
  };
  const isIn = (paths: readonly RegExp[]): boolean => paths.some((each) => each.test(path));
  if (isIn(CLOCK_PATHS) || eventField(RECEIVE_TIME_FIELD).test(path)) return mask('CLOCK');
  if (isIn(SUBSCRIPTION_PATHS)) return mask('SUBSCRIPTION');
  if (isIn(SESSION_PATHS)) return mask('SESSION', sizeOf(value));
  if (eventField(EVENT_ID_FIELD).test(path)) return mask('EVENT_ID', sizeOf(value));
  if (value instanceof Date) return timeText(value.getTime(), masking, mask);
  if (typeof value === 'string' && HASH.test(value)) return mask('HASH', sizeOf(value));
  if (typeof value === 'string' && value.startsWith('{')) return mask('EVIDENCE', ` ${JSON.stringify(shapeOf(JSON.parse(value)))}`);
  if (Buffer.isBuffer(value)) return `bytes ${value.toString('hex')}`;
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
}

/** Grid points are told by their distance: the same in both runs. Any other time in the run would tell when something happened. */
function timeText(
  timeMs: number,
  { originMs, firstMs, intervalMs, publishDelayMs }: Masking,
  mask: (name: MaskName, rest: string) => string,
): string {
  if (timeMs < firstMs && timeMs > originMs - 1000 * intervalMs) return mask('START', '');
  const away = (timeMs - originMs) / intervalMs;
  if (Number.isInteger(away) && Math.abs(away) < 1000) return mask('GRID', ` ${away}`);
  const shownAway = (timeMs - publishDelayMs - originMs) / intervalMs;
  if (Number.isInteger(shownAway) && Math.abs(shownAway) < 1000) return mask('GRID', ` ${shownAway} and the agreed delay`);
  if (away < 0 && away > -1000) return mask('START', '');
  return new Date(timeMs).toISOString();
}

/** A DateTime counts 100 ns; what is left over stands beside it. */
const PICOSECONDS_A_TICK = 100_000;

/** Bytes of a message that its clock times take at random: picoseconds stand there where they are not zero (OPC UA Part 6, clause 5.2.2.17). */
export function bytesOfPicoseconds(message: object): number {
  const takesBytes = ({ path, value }: Leaf): boolean => path.endsWith('Picoseconds') && Number(value) % PICOSECONDS_A_TICK !== 0;
  return 2 * leavesOf(message).filter(takesBytes).length;
}

function sizeOf(value: Leaf['value']): string {
  return typeof value === 'string' || Buffer.isBuffer(value) ? ` of ${value.length}` : '';
}
