import type { OwnerChannelConfig } from './config.ts';

/** Room for 8190 readings in a part of a tag's tree; more go on in a next part. */
const DEFAULT_TAG_DEPTH = 13;

/** Depth of each part of a tag's tree. It must stay as it is while batches of the channel are to be opened. */
export function tagDepthOf(own: OwnerChannelConfig): number {
  return own.tagDepth ?? DEFAULT_TAG_DEPTH;
}
