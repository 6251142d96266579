import { type Bytes, concat, sha256, toHex } from '../../src/core/index.ts';
import { timestampOf } from './forged-transaction.ts';
import { identityOf, type Person, signed } from './forged-keys.ts';
import { bytesOf, filled, numberOf } from './protobuf-writer.ts';

/** A configuration group to be written. */
export interface GroupPlan {
  readonly version?: number;
  readonly groups?: Readonly<Record<string, GroupPlan>>;
  readonly values?: Readonly<Record<string, { readonly version: number; readonly value: Bytes; readonly modPolicy: string }>>;
  readonly policies?: Readonly<
    Record<string, { readonly version: number; readonly type: number; readonly value: Bytes; readonly modPolicy: string }>
  >;
  readonly modPolicy?: string;
}

export function groupBytes({ version = 0, groups = {}, values = {}, policies = {}, modPolicy = '' }: GroupPlan): Bytes {
  const entry = (number: number, key: string, value: Bytes) => bytesOf(number, concat(bytesOf(1, key), bytesOf(2, value)));
  return concat(
    numberOf(1, version),
    ...Object.entries(groups).map(([name, group]) => entry(2, name, groupBytes(group))),
    ...Object.entries(values).map(([name, value]) =>
      entry(3, name, concat(numberOf(1, value.version), bytesOf(2, value.value), bytesOf(3, value.modPolicy))),
    ),
    ...Object.entries(policies).map(([name, policy]) =>
      entry(
        4,
        name,
        concat(
          numberOf(1, policy.version),
          bytesOf(2, concat(numberOf(1, policy.type), bytesOf(2, policy.value))),
          bytesOf(3, policy.modPolicy),
        ),
      ),
    ),
    filled(5, modPolicy),
  );
}

/** A `ConfigUpdate`. */
export function updateBytes(channel: string, read: GroupPlan, written: GroupPlan): Bytes {
  return concat(bytesOf(1, channel), bytesOf(2, groupBytes(read)), bytesOf(3, groupBytes(written)));
}

export function headerOf(type: number, channel: string, sender: Person, nonce: Bytes, timeMs: number): Bytes {
  const txId = toHex(sha256(nonce, identityOf(sender)));
  const channelHeader = concat(numberOf(1, type), bytesOf(3, timestampOf(timeMs)), bytesOf(4, channel), bytesOf(5, txId));
  return concat(bytesOf(1, channelHeader), bytesOf(2, concat(bytesOf(1, identityOf(sender)), bytesOf(2, nonce))));
}

/** The envelope of a `ConfigUpdateEnvelope`, as `peer channel update` takes it; what `signers` are not there may be added by it. */
export function updateEnvelope(channel: string, update: Bytes, sender: Person, signers: readonly Person[]): Bytes {
  const nonce = sha256(update);
  const signatures = signers.map((signer) => {
    const header = concat(bytesOf(1, identityOf(signer)), bytesOf(2, nonce));
    return bytesOf(2, concat(bytesOf(1, header), bytesOf(2, signed(signer, concat(header, update)))));
  });
  const payload = concat(bytesOf(1, headerOf(2, channel, sender, nonce, 0)), bytesOf(2, concat(bytesOf(1, update), ...signatures)));
  return concat(bytesOf(1, payload), bytesOf(2, signed(sender, payload)));
}
