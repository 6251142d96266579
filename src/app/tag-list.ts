import { RejectedError, type UaType } from '../core/index.ts';

export type TagListErrorCode = 'BAD_TAG_LIST';

/** A tag as an engineering tool lists it. The keys beside `nodeId` are those of a tag in a mapping policy. */
export interface ListedTag {
  readonly name: string;
  readonly type: UaType;
  /** Elements of an array; absent for a single value. */
  readonly length?: number;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  /** `nsu=<uri>;s=<name>`, where the list tells it. */
  readonly nodeId?: string;
}

export interface TagType {
  readonly type: UaType;
  readonly length?: number;
}

/** Longest array that a mapping policy takes. */
const MOST_ELEMENTS = 1000;

const UA_TYPES: readonly UaType[] = [
  ...(['Boolean', 'SByte', 'Byte', 'Int16', 'UInt16', 'Int32', 'UInt32', 'Int64', 'UInt64'] as const),
  ...(['Float', 'Double', 'String', 'DateTime', 'ByteString'] as const),
];

/**
 * Elementary types of IEC 61131-3 by their OPC UA type (OPC 30000, OPC UA for PLCopen, clause 5.2), and the names that
 * gateways give to types. Lower case, without blanks.
 */
const OTHER_NAMES: Readonly<Record<string, UaType>> = {
  bool: 'Boolean',
  sint: 'SByte',
  usint: 'Byte',
  int: 'Int16',
  uint: 'UInt16',
  word: 'UInt16',
  dint: 'Int32',
  udint: 'UInt32',
  dword: 'UInt32',
  lint: 'Int64',
  ulint: 'UInt64',
  lword: 'UInt64',
  real: 'Float',
  lreal: 'Double',
  wstring: 'String',
  dt: 'DateTime',
  ldt: 'DateTime',
  dtl: 'DateTime',
  date_and_time: 'DateTime',
  short: 'Int16',
  long: 'Int32',
  llong: 'Int64',
  qword: 'UInt64',
};

const TYPES = new Map<string, UaType>([...UA_TYPES.map((type) => [type.toLowerCase(), type] as const), ...Object.entries(OTHER_NAMES)]);

const ARRAY = /^array\[(-?\d+)\.\.(-?\d+)\]of(.+)$/;
const SIZED_STRING = /^(w?string)[[(]\d+[\])]$/;

/**
 * The type that a text names: an OPC UA built-in type, an elementary type of IEC 61131-3, or a one-dimensional array of
 * one (`ARRAY [0..7] OF REAL`). Undefined for all else.
 */
export function tagTypeNamed(text: string): TagType | undefined {
  const name = text.toLowerCase().replaceAll(/["\s]/g, '');
  const array = ARRAY.exec(name);
  if (array === null) return scalar(name);
  const length = Number(array[2]) - Number(array[1]) + 1;
  const element = scalar(array[3] ?? '');
  return element === undefined || length < 1 || length > MOST_ELEMENTS ? undefined : { ...element, length };
}

function scalar(name: string): TagType | undefined {
  const type = TYPES.get(SIZED_STRING.exec(name)?.[1] ?? name);
  return type === undefined ? undefined : { type };
}

/** @throws RejectedError `BAD_TAG_LIST` for an empty list, or a name that stands twice */
export function requireUsable(file: string, tags: readonly ListedTag[]): readonly ListedTag[] {
  if (tags.length === 0) throw badTagList(file, 'there is no tag in it', 'Export the variables that the machine is to hand over.');
  const seen = new Set<string>();
  for (const { name } of tags) {
    if (seen.has(name)) throw badTagList(file, `the tag "${name}" stands twice`, 'Rename one: a tag has a name of its own.');
    seen.add(name);
  }
  return tags;
}

export function badTagList(place: string, what: string, remedy: string): RejectedError<TagListErrorCode> {
  return new RejectedError('BAD_TAG_LIST', `${place}: ${what}. ${remedy}`);
}
