import { RejectedError } from '../core/index.ts';
import type { PolicyTag } from '../policy/index.ts';
import type { ConfigErrorCode } from './config.ts';

/** The tags of one channel's mapping policy. */
export interface TagsOfChannel {
  /** Name of the channel. */
  readonly channel: string;
  /** File of its mapping policy. */
  readonly file: string;
  readonly tags: readonly PolicyTag[];
}

/** What is told of a tag that several channels take need not be equal; what is accepted as a value of it must be. */
const NOT_COMPARED: ReadonlySet<string> = new Set<keyof PolicyTag>(['description', 'staleAfterMs']);

/**
 * The tags of all channels, each once: a PLC writes a value once, whoever gets something of it.
 * @throws RejectedError `BAD_CONFIG` where two mapping policies take different values for one tag
 */
export function unionOfTags(channels: readonly TagsOfChannel[]): PolicyTag[] {
  const known = new Map<string, { readonly tag: PolicyTag; readonly of: TagsOfChannel }>();
  for (const of of channels) {
    for (const tag of of.tags) {
      const first = known.get(tag.name);
      const difference = first === undefined ? undefined : differenceOf(first.tag, tag);
      if (first !== undefined && difference !== undefined) throw unlike(tag.name, difference, first.of, of);
      if (first === undefined) known.set(tag.name, { tag, of });
    }
  }
  return [...known.values()].map(({ tag }) => tag);
}

/** Name of what is not the same in both. */
function differenceOf(one: PolicyTag, other: PolicyTag): string | undefined {
  const [first, second] = [comparable(one), comparable(other)];
  return Object.keys({ ...one, ...other }).find((key) => first.get(key) !== second.get(key));
}

function comparable(tag: PolicyTag): ReadonlyMap<string, string> {
  const text = (value: unknown): string => JSON.stringify(value instanceof Map ? [...(value as Map<unknown, unknown>)].sort() : value);
  return new Map(
    Object.entries(tag)
      .filter(([key, value]) => !NOT_COMPARED.has(key) && value !== undefined)
      .map(([key, value]) => [key, text(value)]),
  );
}

function unlike(tag: string, difference: string, one: TagsOfChannel, other: TagsOfChannel): RejectedError<ConfigErrorCode> {
  return new RejectedError(
    'BAD_CONFIG',
    `The tag "${tag}" has another "${difference}" in ${one.file} (channel "${one.channel}") than in ${other.file} (channel "${other.channel}"): a value of it could not be for both. Make it the same, or give one of them another name.`,
  );
}
