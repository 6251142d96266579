import { type Bytes } from '../core/index.ts';
import { ConfigGroupMessage, ConfigPolicyMessage, ConfigValueMessage } from './config-messages.ts';
import { refuse } from './errors.ts';
import { decode, type Decoded } from './message.ts';

export interface ConfigGroup {
  readonly version: bigint;
  readonly modPolicy: string;
  readonly groups: ReadonlyMap<string, ConfigGroup>;
  readonly values: ReadonlyMap<string, Decoded<typeof ConfigValueMessage>>;
  readonly policies: ReadonlyMap<string, Decoded<typeof ConfigPolicyMessage>>;
}

const DEEPEST = 16;
const NAME = /^[A-Za-z0-9._-]+$/;

/** Reads a `ConfigGroup` with all groups below it. @throws RejectedError `BAD_ENCODING`, `BAD_CONFIG` */
export function readConfigGroup(bytes: Bytes, depth = 0): ConfigGroup {
  if (depth > DEEPEST) refuse('BAD_CONFIG', 'The configuration is nested too deep.');
  const { version, modPolicy, groups, values, policies } = decode(ConfigGroupMessage, bytes, 'configuration group');
  return {
    version,
    modPolicy,
    groups: mapped(groups, (group) => readConfigGroup(group, depth + 1)),
    values: mapped(values, (value) => decode(ConfigValueMessage, value, 'configuration value')),
    policies: mapped(policies, (policy) => decode(ConfigPolicyMessage, policy, 'configuration policy')),
  };
}

function mapped<T>(entries: ReadonlyMap<string, Bytes>, read: (bytes: Bytes) => T): ReadonlyMap<string, T> {
  return new Map(
    [...entries].map(([name, bytes]) => {
      if (!NAME.test(name)) refuse('BAD_CONFIG', 'An element of the configuration has a name that Fabric does not take.');
      return [name, read(bytes)];
    }),
  );
}

/** The group of this path below another one. */
export function groupAt(root: ConfigGroup, ...path: readonly string[]): ConfigGroup | undefined {
  return path.reduce<ConfigGroup | undefined>((group, name) => group?.groups.get(name), root);
}
