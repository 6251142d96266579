import { readFileSync, realpathSync, statSync } from 'node:fs';
import { findNodeAtLocation, parse, parseTree } from 'jsonc-parser';
import { writeFileAtomic } from '../platform/index.ts';
import { readText } from './config.ts';
import { badTagList, type ListedTag } from './tag-list.ts';
import { readTagCsv } from './tag-list-csv.ts';
import { readTagNodeset } from './tag-list-nodeset.ts';

export interface TagImport {
  /** For `tags` of a mapping policy. */
  readonly tags: readonly Omit<ListedTag, 'nodeId'>[];
  /** For `nodes` of `ingest.plc`, as far as the list tells them; not of arrays, whose elements need a node each there. */
  readonly nodes: Readonly<Record<string, string>>;
  /** Arrays whose node the list tells. */
  readonly arrays: readonly string[];
  /** Variables that no tag can be made of, and why. */
  readonly left: readonly string[];
}

/** Reads a list of tags: a UANodeSet document, or CSV. @throws RejectedError `BAD_TAG_LIST`, `BAD_XML`, `NOT_A_NODESET`, `BAD_CONFIG` */
export function importTags(file: string): TagImport {
  const isXml = file.toLowerCase().endsWith('.xml');
  const { tags, left } = isXml ? readTagNodeset(file, readText(file)) : { tags: readTagCsv(file, bytesOf(file)), left: [] };
  const placed = tags.flatMap(({ name, length, nodeId }) =>
    nodeId === undefined ? [] : [{ name, nodeId, isArray: length !== undefined }],
  );
  return {
    tags: tags.map(({ nodeId: _, ...tag }) => tag),
    nodes: Object.fromEntries(placed.filter(({ isArray }) => !isArray).map(({ name, nodeId }) => [name, nodeId])),
    arrays: placed.filter(({ isArray }) => isArray).map(({ name }) => name),
    left,
  };
}

function bytesOf(file: string): Uint8Array {
  readText(file);
  return readFileSync(file);
}

export interface PolicyAddition {
  readonly added: readonly string[];
  /** Stood in the policy already, with the same type. */
  readonly kept: readonly string[];
}

interface PolicyTags {
  readonly tags?: readonly { readonly name: string; readonly type: string; readonly length?: number }[];
}

/**
 * Adds to a mapping policy the tags that it lacks, a line each; its comments and what it has stay as they are.
 * @throws RejectedError `BAD_TAG_LIST` for a policy without `tags`, or where a tag stands with another type: then nothing is written
 */
export async function addTagsToPolicy(policyFile: string, tags: TagImport['tags']): Promise<PolicyAddition> {
  const text = readText(policyFile);
  const present = new Map(((parse(text) as PolicyTags | undefined)?.tags ?? []).map((tag) => [tag.name, tag]));
  const other = tags.find((tag) => present.has(tag.name) && !isSameType(tag, present.get(tag.name)));
  if (other !== undefined) {
    throw badTagList(policyFile, `the tag "${other.name}" stands there with another type`, 'Change one of the two; nothing was written.');
  }
  const added = tags.filter(({ name }) => !present.has(name));
  if (added.length > 0) await rewrite(policyFile, withTags(policyFile, text, added));
  return { added: added.map(({ name }) => name), kept: tags.filter(({ name }) => present.has(name)).map(({ name }) => name) };
}

/** The new text or the old, never a part; who may read the file stays as it is. */
async function rewrite(file: string, text: string): Promise<void> {
  await writeFileAtomic(realpathSync(file), text, { mode: statSync(file).mode & 0o777 });
}

/** The text with lines inserted after the last tag: formatting the file anew would change what a person wrote. */
function withTags(policyFile: string, text: string, added: TagImport['tags']): string {
  const root = parseTree(text, [], { allowTrailingComma: true });
  const list = root === undefined ? undefined : findNodeAtLocation(root, ['tags']);
  if (list?.type !== 'array') throw badTagList(policyFile, 'it has no list "tags"', 'Add "tags": [] to it.');
  const last = list.children?.at(-1);
  const at = last === undefined ? list.offset + 1 : last.offset + last.length;
  const lines = added.map((tag) => `\n    ${oneLine(tag)}`).join(',');
  return `${text.slice(0, at)}${last === undefined ? '' : ','}${lines}${last === undefined ? '\n  ' : ''}${text.slice(at)}`;
}

function oneLine(tag: TagImport['tags'][number]): string {
  return `{ ${Object.entries(tag)
    .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(', ')} }`;
}

function isSameType(tag: TagImport['tags'][number], present: NonNullable<PolicyTags['tags']>[number] | undefined): boolean {
  return tag.type === present?.type && tag.length === present.length;
}
