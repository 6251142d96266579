import * as v from 'valibot';
import {
  type Bytes,
  type Envelope,
  fromBase64Url,
  Hash,
  integer,
  keyIdOf,
  type Json,
  parseShape,
  requireStrictKey,
} from '../core/index.ts';
import { refuse } from './errors.ts';
import { channelOf, type OpenChannel, type PartyRole, read, requireParty, write } from './records.ts';
import type { ContractContext, ContractEvent, ContractState, StateReader } from './state.ts';

/*
 * The evidence-key log: which organisation has which signing key, from which module, and which key a party of a channel
 * signs with, from which batch number on. A key belongs to the organisation that logged it; another organisation that
 * logs the same key gains nothing, for a signature is looked up under the organisation that must have made it.
 */

const RegisterKeyShape = v.strictObject({
  /** Raw Ed25519 key. */
  key: Hash,
  /** Digest of the module that holds the key, as its operator claims it while attestation is `none`. */
  module: Hash,
  attestation: v.literal('none'),
});
const RevokeKeyShape = v.strictObject({ key: Hash });
const UseKeyShape = v.strictObject({ channel: Hash, key: Hash, from: integer(1) });

/** Logs a key of the creator's. @throws RejectedError `BAD_SHAPE`, `BAD_KEY`, `KEY_EXISTS` */
export async function registerKey(state: ContractState, { creator }: ContractContext, body: Json): Promise<ContractEvent> {
  const entry = parseShape(RegisterKeyShape, body, 'registerKey');
  const raw = fromBase64Url(entry.key);
  requireStrictKey(raw);
  const keyId = keyIdOf(raw);
  if ((await read(state, 'key', creator, keyId)) !== undefined) refuse('KEY_EXISTS', 'The organisation has logged this key already.');
  write(state, 'key', [creator, keyId], { ...entry, revoked: false });
  return { kind: 'registerKey', channel: '', body: { organisation: creator, keyId, ...entry } };
}

/** From its block on nothing signed by the key is taken any more; what is there stays. @throws `KEY_NOT_LOGGED`, `KEY_REVOKED` */
export async function revokeKey(state: ContractState, { creator }: ContractContext, body: Json): Promise<ContractEvent> {
  const keyId = keyIdOf(fromBase64Url(parseShape(RevokeKeyShape, body, 'revokeKey').key));
  const entry = await read(state, 'key', creator, keyId);
  if (entry === undefined) refuse('KEY_NOT_LOGGED', 'The organisation has not logged this key.');
  if (entry.revoked) refuse('KEY_REVOKED', 'The key is revoked already.');
  write(state, 'key', [creator, keyId], { ...entry, revoked: true });
  return { kind: 'revokeKey', channel: '', body: { organisation: creator, keyId } };
}

/**
 * From batch number `from` on the creator signs with another logged key.
 * @throws RejectedError `NO_CHANNEL`, `WRONG_CREATOR`, `KEY_NOT_LOGGED`, `KEY_REVOKED`, `USE_NOT_LATER`
 */
export async function useKey(state: ContractState, { creator }: ContractContext, body: Json): Promise<ContractEvent> {
  const { channel, key, from } = parseShape(UseKeyShape, body, 'useKey');
  const entry = await channelOf(state, channel);
  const role = requireParty(entry, creator, 'owner', 'manufacturer');
  await requireLogged(state, creator, fromBase64Url(key));
  const uses = (await read(state, 'uses', channel, role)) ?? [];
  const last = uses.at(-1);
  if (last !== undefined && from <= last.from) {
    refuse('USE_NOT_LATER', `The key in use serves from batch ${last.from} on; the next must begin later.`);
  }
  write(state, 'uses', [channel, role], [...uses, { key, from }]);
  return { kind: 'useKey', channel, body: { role, keyId: keyIdOf(fromBase64Url(key)), from } };
}

/** @throws RejectedError `KEY_NOT_LOGGED`, `KEY_REVOKED` */
export async function requireLogged(state: StateReader, organisation: string, key: Bytes): Promise<void> {
  const entry = await read(state, 'key', organisation, keyIdOf(key));
  if (entry === undefined) refuse('KEY_NOT_LOGGED', `Organisation "${organisation}" has not logged this key.`);
  if (entry.revoked) refuse('KEY_REVOKED', `Organisation "${organisation}" has revoked this key.`);
}

/** The party's key at a batch number: headers must be signed by exactly this one. @throws RejectedError `KEY_NOT_IN_USE`, `KEY_REVOKED` */
export async function keyAt(state: StateReader, channel: OpenChannel, role: PartyRole, n: number): Promise<Bytes> {
  const uses = (await read(state, 'uses', channel.id, role)) ?? [];
  const use = uses.findLast(({ from }) => from <= n) ?? refuse('KEY_NOT_IN_USE', `The ${role} has no key in use at batch ${n}.`);
  const key = fromBase64Url(use.key);
  await requireLogged(state, channel[role], key);
  return key;
}

export interface NamedKeyOptions {
  /** Place of the signature in the envelope. */
  readonly signature?: number;
  /** Batch number that the document is about: keys whose use ended before it do not count. */
  readonly n?: number;
}

/**
 * The key of a party's that an envelope's signature names: any that is in use for the channel at the document's batch
 * number or later, for a document may be signed long after the batch that it is about.
 * @throws RejectedError `KEY_NOT_IN_USE`, `KEY_REVOKED`
 */
export async function namedKey(
  state: StateReader,
  channel: OpenChannel,
  role: PartyRole,
  envelope: Envelope,
  { signature = 0, n = 0 }: NamedKeyOptions = {},
): Promise<Bytes> {
  const key = await everUsedKey(state, channel, role, envelope, { signature, n });
  await requireLogged(state, channel[role], key);
  return key;
}

/** As {@link namedKey}, but revoked keys count: revoking a key after the deed does not undo what it signed. */
export async function everUsedKey(
  state: StateReader,
  channel: OpenChannel,
  role: PartyRole,
  envelope: Envelope,
  { signature = 0, n = 0 }: NamedKeyOptions = {},
): Promise<Bytes> {
  const keyId = envelope.signatures[signature]?.keyid;
  const uses = (await read(state, 'uses', channel.id, role)) ?? [];
  const first = uses.findLastIndex(({ from }) => from <= n);
  const keys = uses.slice(Math.max(first, 0)).map(({ key }) => fromBase64Url(key));
  return (
    keys.find((key) => keyIdOf(key) === keyId) ?? refuse('KEY_NOT_IN_USE', `The signing key is none that the ${role} uses in this channel.`)
  );
}
