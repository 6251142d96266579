import { type NodesetNode, readNodeset } from '../nodeset/index.ts';
import { badTagList, type ListedTag, requireUsable, tagTypeNamed } from './tag-list.ts';

const PROPERTY_TYPE = 'i=68';
const HAS_TYPE_DEFINITION = 'i=40';
const HAS_MODELLING_RULE = 'i=37';

/** Numeric ids of the built-in types and of the number types derived from them, in namespace 0 (OPC UA Part 6, clause 5.1.2). */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  'i=1': 'Boolean',
  'i=2': 'SByte',
  'i=3': 'Byte',
  'i=4': 'Int16',
  'i=5': 'UInt16',
  'i=6': 'Int32',
  'i=7': 'UInt32',
  'i=8': 'Int64',
  'i=9': 'UInt64',
  'i=10': 'Float',
  'i=11': 'Double',
  'i=12': 'String',
  'i=13': 'DateTime',
  'i=15': 'ByteString',
  'i=290': 'Double',
  'i=294': 'DateTime',
};

/** The writing of a node id that stands for itself in a configuration. */
const LASTING = /^nsu=[^;]+;[si]=/;

export interface NodesetTags {
  readonly tags: readonly ListedTag[];
  /** Variables that no tag can be made of, and why. */
  readonly left: readonly string[];
}

/**
 * Reads the variables of an exported address space (UANodeSet, OPC UA Part 6, Annex F) as tags, by their BrowseNames, or,
 * where two have the same, by the text of their NodeIds. Properties and the variables of OPC UA itself are no tags.
 * @throws RejectedError `BAD_XML`, `NOT_A_NODESET`, `BAD_TAG_LIST`
 */
export function readTagNodeset(file: string, xml: string): NodesetTags {
  const variables = readNodeset(file, xml).nodes.filter((node) => node.nodeClass === 'Variable' && LASTING.test(node.id) && !isNoTag(node));
  const times = new Map<string, number>();
  for (const { browseName } of variables) times.set(browseName, (times.get(browseName) ?? 0) + 1);
  const tags: ListedTag[] = [];
  const left: string[] = [];
  for (const node of variables) {
    const name = times.get(node.browseName) === 1 ? node.browseName : node.id.replace(LASTING, '');
    const type = typeOf(node);
    if (type === undefined) left.push(`${name}: its type or shape is none that a tag can have`);
    else tags.push({ name, ...type, ...(node.description === '' ? {} : { description: node.description }), nodeId: node.id });
  }
  if (tags.length === 0 && left.length > 0) throw badTagList(file, 'none of its variables can be a tag', `The first: ${left[0] ?? ''}.`);
  return { tags: requireUsable(file, tags), left };
}

/** True for properties, and for the variables of a type, of which each instance has its own. */
function isNoTag({ references }: NodesetNode): boolean {
  return references.some(
    ({ type, target, isForward }) =>
      isForward && (type === HAS_MODELLING_RULE || (type === HAS_TYPE_DEFINITION && target === PROPERTY_TYPE)),
  );
}

/** A single value (ValueRank -1, the default), or an array of one dimension with a length. */
function typeOf({ dataType, element }: NodesetNode): ReturnType<typeof tagTypeNamed> {
  const name = TYPE_NAMES[dataType ?? ''];
  if (name === undefined) return undefined;
  const rank = Number(element.attributes.get('ValueRank') ?? -1);
  if (rank === -1) return tagTypeNamed(name);
  const length = Number(element.attributes.get('ArrayDimensions') ?? 0);
  return rank === 1 && length > 0 ? tagTypeNamed(`array[0..${length - 1}]of ${name}`) : undefined;
}
