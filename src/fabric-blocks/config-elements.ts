import { type Bytes, equalBytes } from '../core/index.ts';
import type { ConfigGroup } from './config-group.ts';

/** One group, value or policy of a configuration, by itself. */
export interface ConfigElement {
  readonly version: bigint;
  readonly modPolicy: string;
  /** Groups from the root on: of a group up to itself, of a value or a policy up to the group that holds it. */
  readonly groups: readonly string[];
  /** What it says; of a group nothing. */
  readonly content: Bytes;
  /** Type of a policy; else 0. */
  readonly type: number;
  /** Paths of the elements directly within a group. */
  readonly members: ReadonlySet<string>;
}

export type ConfigElements = ReadonlyMap<string, ConfigElement>;

export const ROOT = 'group';
const NOTHING = new Uint8Array(0);

/** All elements of a configuration by their paths, which no two elements share. */
export function elementsOf(root: ConfigGroup): ConfigElements {
  const elements = new Map<string, ConfigElement>();
  addGroup(elements, root, []);
  return elements;
}

/** A name of an element has no line feed, or Fabric would not take it. */
function pathOf(kind: 'group' | 'value' | 'policy', groups: readonly string[]): string {
  return [kind, ...groups].join('\n');
}

function addGroup(elements: Map<string, ConfigElement>, group: ConfigGroup, groups: readonly string[]): string {
  const path = pathOf('group', groups);
  const members = new Set<string>();
  const add = (kind: 'value' | 'policy', name: string, element: Omit<ConfigElement, 'groups' | 'members'>) => {
    const own = pathOf(kind, [...groups, name]);
    elements.set(own, { ...element, groups, members: new Set() });
    members.add(own);
  };
  for (const [name, { version, modPolicy, value }] of group.values) add('value', name, { version, modPolicy, content: value, type: 0 });
  for (const [name, { version, modPolicy, policy }] of group.policies)
    add('policy', name, { version, modPolicy, content: policy?.value ?? NOTHING, type: policy?.type ?? -1 });
  for (const [name, below] of group.groups) members.add(addGroup(elements, below, [...groups, name]));
  elements.set(path, { version: group.version, modPolicy: group.modPolicy, groups, content: NOTHING, type: 0, members });
  return path;
}

/** What Fabric puts where a very old configuration has none. */
const DEFAULT_MOD_POLICY = 'Admins';

export function isSameElement(a: ConfigElement, b: ConfigElement): boolean {
  const policy = ({ modPolicy }: ConfigElement) => (modPolicy === '' ? DEFAULT_MOD_POLICY : modPolicy);
  return (
    a.version === b.version &&
    policy(a) === policy(b) &&
    a.type === b.type &&
    equalBytes(a.content, b.content) &&
    a.members.size === b.members.size &&
    [...a.members].every((member) => b.members.has(member))
  );
}
