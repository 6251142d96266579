import type { PolicyTag } from '../policy/index.ts';
import type { IngestTag } from '../server/index.ts';
import type { IngestTagConfig } from './config.ts';

/** The tags of mapping policies as the ingest server takes them, each with what the configuration says of it. */
export function ingestTags(tags: readonly PolicyTag[], settings: Readonly<Record<string, IngestTagConfig>> = {}): IngestTag[] {
  return tags.map((tag) => ({ ...tag, ...readersOf(settings[tag.name] ?? {}) }));
}

function readersOf({ readableBy = [], readAfterWrite = false }: IngestTagConfig): Pick<IngestTag, 'readableBy'> {
  return { readableBy: readAfterWrite ? [...readableBy, 'Plc'] : readableBy };
}
