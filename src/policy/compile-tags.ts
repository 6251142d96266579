import { integerRange } from '../core/index.ts';
import { type Refuse, type TagTerm, within } from './policy-file.ts';
import type { PolicyTag, TimestampPolicy } from './tag.ts';
import { rangeFault } from './tag-range.ts';

/** Paths in a batch's tree: one for each tag, and one for the conditions. */
const MOST_TAGS = 4095;

/** Checks what the schema cannot say about the tags. An array gives one tag for each of its elements. */
export function compileTags(terms: readonly TagTerm[], refuse: Refuse): PolicyTag[] {
  const names = new Set<string>();
  const tags = terms.flatMap((term, index) => {
    const refuseTag = within(refuse, index);
    requireRange(term, refuseTag);
    const compiled = elementsOf(compileTag(term, refuseTag), term.length);
    for (const name of new Set([term.name, ...compiled.map((tag) => tag.name)])) {
      if (names.has(name)) {
        const whose = name === term.name ? 'this name' : `the name "${name}" of one of its elements`;
        refuseTag('POLICY_INCONSISTENT', ['name'], `two tags have ${whose}`, 'Give each tag a name of its own.');
      }
      names.add(name);
    }
    return compiled;
  });
  if (tags.length > MOST_TAGS) {
    refuse('POLICY_INCONSISTENT', [], `${tags.length} values, each element of an array counted`, `A policy has ${MOST_TAGS} at most.`);
  }
  return tags;
}

/** The name of an element of an array tag. */
export function elementName(array: string, index: number): string {
  return `${array}[${index}]`;
}

function elementsOf(tag: PolicyTag, length: number | undefined): PolicyTag[] {
  if (length === undefined) return [tag];
  return Array.from({ length }, (_, index) => ({
    ...tag,
    name: elementName(tag.name, index),
    array: { name: tag.name, index, length },
  }));
}

function compileTag(term: TagTerm, refuse: Refuse): PolicyTag {
  return {
    name: term.name,
    description: term.description ?? '',
    type: term.type,
    minimum: term.minimum,
    maximum: term.maximum,
    enumeration: enumerationOf(term, refuse),
    timestamps: timestampsOf(term, refuse),
    staleAfterMs: term.staleAfterMs,
  };
}

function requireRange(term: TagTerm, refuse: Refuse): void {
  const keys = ['minimum', 'maximum'] as const;
  const bounded = keys.find((key) => term[key] !== undefined);
  if (bounded !== undefined && term.enumeration !== undefined) {
    refuse('POLICY_INCONSISTENT', [bounded], 'an enumeration has no range', 'Remove it.');
  }
  const fault = rangeFault(term);
  if (fault !== undefined) refuse('POLICY_INCONSISTENT', [fault.key], fault.what, fault.remedy);
}

function enumerationOf(term: TagTerm, refuse: Refuse): ReadonlyMap<number, string> | undefined {
  if (term.enumeration === undefined) return undefined;
  const range = integerRange(term.type);
  if (range === undefined || term.type === 'DateTime') {
    return refuse(
      'POLICY_INCONSISTENT',
      ['enumeration'],
      `a tag of type ${term.type} is no enumeration`,
      'Remove it, or give the tag an integer type.',
    );
  }
  const names = new Map<number, string>();
  term.enumeration.forEach(({ value, name }, index) => {
    const inconsistent = (what: string, remedy: string) => refuse('POLICY_INCONSISTENT', ['enumeration', index], what, remedy);
    if (!Number.isSafeInteger(value) || BigInt(value) < range[0] || BigInt(value) > range[1]) {
      inconsistent(`${term.type} cannot hold ${value}`, 'Write a value that the type can hold.');
    }
    if (names.has(value)) inconsistent(`the value ${value} stands twice`, 'Remove one.');
    if ([...names.values()].includes(name)) inconsistent(`the name "${name}" stands twice`, 'Remove one.');
    names.set(value, name);
  });
  return names;
}

function timestampsOf(term: TagTerm, refuse: Refuse): TimestampPolicy {
  const { use, maxAgeMs, maxFutureMs } = term.timestamps ?? { use: 'server' };
  if (use === 'server') {
    if (maxAgeMs === undefined && maxFutureMs === undefined) return { use };
    return refuse(
      'POLICY_INCONSISTENT',
      ['timestamps'],
      'limits of age and future are given, but "server" time has none',
      'Remove them, or use "source".',
    );
  }
  if (maxAgeMs !== undefined && maxFutureMs !== undefined) return { use, maxAgeMs, maxFutureMs };
  return refuse(
    'POLICY_INCONSISTENT',
    ['timestamps'],
    '"source" time without both its limits',
    'Add "maxAgeMs" and "maxFutureMs", in milliseconds.',
  );
}
