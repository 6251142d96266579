import type { PolicyTag } from '../policy/index.ts';
import type { IngestTag } from '../server/index.ts';
import type { IngestTagConfig } from './config.ts';

type Settings = Readonly<Record<string, IngestTagConfig>>;

/**
 * The tags of mapping policies as the ingest server takes them, each with what the configuration says of it. The elements of
 * an array become one tag again.
 */
export function ingestTags(tags: readonly PolicyTag[], settings: Settings = {}): IngestTag[] {
  const nodes = tags.filter(({ array }) => array === undefined || array.index === 0);
  return nodes.map((tag) => {
    const { array, ...own } = tag;
    const length = array === undefined ? {} : { name: array.name, length: array.length };
    return { ...own, ...length, ...readersOf(settings[nodeNameOf(tag)] ?? {}) };
  });
}

/** The name by which the configuration speaks of a tag: of an element of an array, the array's. */
export function nodeNameOf({ name, array }: PolicyTag): string {
  return array?.name ?? name;
}

/** Names of the tags whose writers are told Good before the value is on the disk. */
export function unwrittenTags(tags: readonly PolicyTag[], settings: Settings = {}): ReadonlySet<string> {
  return new Set(tags.filter((tag) => settings[nodeNameOf(tag)]?.durability === 'interval').map(({ name }) => name));
}

function readersOf({ readableBy = [], readAfterWrite = false }: IngestTagConfig): Pick<IngestTag, 'readableBy'> {
  return { readableBy: readAfterWrite ? [...readableBy, 'Plc'] : readableBy };
}
