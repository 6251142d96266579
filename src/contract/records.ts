import type { ChannelParams, Json } from '../core/index.ts';
import { refuse } from './errors.ts';
import type { Genesis } from './genesis.ts';
import type { StateReader } from './state.ts';

/*
 * What stands in the state, under which key. Parts of a key are joined by `~`, which no part contains. Every fact has a
 * key of its own, written once: there is no counter and no head that all transactions would have to touch.
 */

/** `key~<org>~<key id>`: an organisation's entry in the evidence-key log. */
export interface KeyEntry {
  readonly key: string;
  readonly module: string;
  readonly attestation: 'none';
  readonly revoked: boolean;
}

/** `uses~<channel>~<party>`: which key a party signs with, from which batch number on. Ascending in `from`. */
export type KeyUses = readonly { readonly key: string; readonly from: number }[];

export type PartyRole = 'owner' | 'manufacturer';

/** `ch~<channel>` */
export interface ChannelEntry {
  readonly params: ChannelParams;
  readonly owner: string;
  readonly manufacturer: string;
  /** Version of the agreement in force. */
  readonly agreement: number;
  readonly commitment: string;
}

export type Mark = 'NO_TOKENS' | 'UNCERTIFIED' | 'LATE';

/** `b~<channel>~<n>` */
export interface BatchEntry {
  readonly header: string;
  readonly interval: number;
  readonly through: number;
  readonly row: number;
  readonly agreement: number;
  readonly tokensDigest: string;
  readonly marks: readonly Mark[];
}

/** `rc~<channel>~<n>` */
export interface ReceiptEntry {
  readonly receipt: string;
  readonly header: string;
  readonly delivery: string;
}

/** `ts~<channel>~<epoch>~<agreement>` */
export interface TokenSetEntry {
  readonly root: string;
  readonly k: number;
}

/** `er~<channel>~<k>` */
export interface EpochRecordEntry {
  readonly record: string;
}

/** `cr~<channel>`: the latest cumulative receipt; written once an epoch record, read by deposits. */
export interface CumulativeEntry {
  readonly k: number;
  readonly through: number;
  readonly exceptions: readonly number[];
}

/** `seed~<channel>~<epoch>` */
export interface SeedEntry {
  readonly root: string;
}

/** `dp~<channel>~<n>`: the deposited box by its hash; its bytes stand in the transaction. */
export interface DepositEntry {
  readonly box: string;
}

/** `ds~<channel>~<n>~<kind>` */
export interface DisputeEntry {
  readonly kind: string;
  /** Organisation that the proof convicts. */
  readonly against: string;
  readonly evidence: string;
}

interface Entries {
  genesis: Genesis;
  key: KeyEntry;
  uses: KeyUses;
  ch: ChannelEntry;
  b: BatchEntry;
  /** Number of the batch that covers an interval and row. */
  iv: number;
  rc: ReceiptEntry;
  ts: TokenSetEntry;
  er: EpochRecordEntry;
  cr: CumulativeEntry;
  seed: SeedEntry;
  dp: DepositEntry;
  ds: DisputeEntry;
  /** `od~<channel>~<interval>`: time of the transaction that found the interval overdue. */
  od: number;
  /** `ep~<channel>~<k>~<hash>`: time of the transaction that showed the proposal. */
  ep: number;
  /** `eo~<channel>~<k>~<hash>`: time of the transaction that objects to it. */
  eo: number;
}

export function stateKey(kind: keyof Entries, ...parts: readonly (string | number)[]): string {
  return [kind, ...parts].join('~');
}

export async function read<Kind extends keyof Entries>(
  state: StateReader,
  kind: Kind,
  ...parts: readonly (string | number)[]
): Promise<Entries[Kind] | undefined> {
  return (await state.get(stateKey(kind, ...parts))) as Entries[Kind] | undefined;
}

export function write<Kind extends keyof Entries>(
  state: { put(key: string, value: Json): void },
  kind: Kind,
  parts: readonly (string | number)[],
  value: Entries[Kind],
): void {
  state.put(stateKey(kind, ...parts), value as Json);
}

/** A channel's entry with its id. */
export type OpenChannel = ChannelEntry & { readonly id: string };

/** @throws RejectedError `NO_CHANNEL` */
export async function channelOf(state: StateReader, id: string): Promise<OpenChannel> {
  const entry = (await read(state, 'ch', id)) ?? refuse('NO_CHANNEL', 'No channel of this id is open on this ledger.');
  return { ...entry, id };
}

/** @throws RejectedError `WRONG_CREATOR` unless the creator has one of these roles in the channel; gives its role */
export function requireParty(channel: ChannelEntry, creator: string, ...roles: readonly PartyRole[]): PartyRole {
  const role = roles.find((candidate) => channel[candidate] === creator);
  return (
    role ??
    refuse('WRONG_CREATOR', `Organisation "${creator}" may not send this transaction: it is for the channel's ${roles.join(' or ')}.`)
  );
}

export async function anchoredBatch(state: StateReader, channel: string, n: number): Promise<BatchEntry> {
  return (await read(state, 'b', channel, n)) ?? refuse('NOT_ANCHORED', `Batch ${n} of the channel is not anchored.`);
}
