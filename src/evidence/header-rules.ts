import {
  type Bytes,
  type ChannelParams,
  equalBytes,
  fromBase64Url,
  intervalEnd,
  intervalStart,
  sha256,
  toBase64Url,
} from '../core/index.ts';
import { batchSalt } from './cleared-tuple.ts';
import type { BatchHeader } from './documents.ts';
import { refused } from './errors.ts';

/** `prev` of the first batch's header. */
export function firstPrev(channel: string): string {
  return toBase64Url(sha256(fromBase64Url(channel)));
}

/**
 * What a header must be by itself: of this channel, on its grid, with the salt and profile that nobody chooses.
 * @throws RejectedError `WRONG_CHANNEL`, `WRONG_BOUNDS`, `WRONG_SALT`, `WRONG_PROFILE`, `BROKEN_CHAIN`
 */
export function verifyHeaderForm(params: ChannelParams, channel: string, header: BatchHeader): void {
  if (header.channel !== channel) throw refused('WRONG_CHANNEL', `The header of batch ${header.n} is of another channel.`);
  requireBounds(params, header);
  if (!equalBytes(fromBase64Url(header.salt), batchSalt(channel, header.n)))
    throw refused('WRONG_SALT', `The salt of batch ${header.n} is not the prescribed one.`);
  if (header.argon2 !== params.argon2Profile)
    throw refused('WRONG_PROFILE', `Batch ${header.n} uses another Argon2 profile than the channel.`);
  if (header.n === 0 && header.prev !== firstPrev(channel))
    throw refused('BROKEN_CHAIN', 'The first header does not begin the chain with the channel id.');
}

/**
 * What a header must be after the one before it: next number, previous hash, no time left out and none twice.
 * @throws RejectedError `BROKEN_CHAIN`
 */
export function verifySuccession(previous: { readonly header: BatchHeader; readonly hash: Bytes }, next: BatchHeader): void {
  const before = previous.header;
  const refuse = (why: string): never => {
    throw refused('BROKEN_CHAIN', `Batch ${next.n} does not follow batch ${before.n}: ${why}.`);
  };
  if (next.n !== before.n + 1) refuse('its number is not the next');
  if (next.prev !== toBase64Url(previous.hash)) refuse('it names another previous header');
  if (next.fromMs !== before.toMs) refuse('its readings do not begin where the previous ones end');
  if (next.agreement < before.agreement) refuse('it goes back to an earlier agreement version');
  const sameInterval = before.row > 0;
  if (next.interval !== (sameInterval ? before.interval : before.through + 1)) refuse('it belongs to another interval');
  if (next.row !== 0 && next.row !== (sameInterval ? before.row + 1 : 1)) refuse('its row is not the next');
}

function requireBounds(params: ChannelParams, header: BatchHeader): void {
  const fault = spanFault(params, header) ?? edgeFault(params, header) ?? beginFault(params, header);
  if (fault !== undefined) throw refused('WRONG_BOUNDS', `The bounds of batch ${header.n} do not fit the channel's grid: ${fault}.`);
}

function spanFault(params: ChannelParams, { interval, through, row }: BatchHeader): string | undefined {
  if (row > params.callsPerInterval) return 'more rows than calls';
  if (through < interval || through - interval >= params.epochIntervals) return 'it covers no interval, or more than an epoch';
  return row > 0 && through !== interval ? 'a call covers a part of one interval' : undefined;
}

function edgeFault(params: ChannelParams, { interval, through, row, fromMs, toMs }: BatchHeader): string | undefined {
  const start = intervalStart(params, interval);
  const end = intervalEnd(params, interval);
  const inside = (timeMs: number) => timeMs < end && (timeMs - start) % params.callGridMs === 0;
  if (fromMs < start || !inside(fromMs)) return 'it begins outside its interval or off the call grid';
  const ends = row === 0 ? toMs === intervalEnd(params, through) : toMs > fromMs && inside(toMs);
  return ends ? undefined : 'it ends off its grid point';
}

function beginFault(params: ChannelParams, { interval, row, fromMs }: BatchHeader): string | undefined {
  const late = fromMs !== intervalStart(params, interval);
  if (row === 1 && late) return 'the first call begins with its interval';
  if (row > 1 && !late) return 'a later call begins after the one before it';
  return params.callsPerInterval === 0 && late ? 'without calls a batch begins with its interval' : undefined;
}
