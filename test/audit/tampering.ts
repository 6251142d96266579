import { type AuditExport, parseExport } from '../../src/audit/index.ts';
import { contentsOf, exportDigest } from '../../src/audit/export-format.ts';
import { canonicalJson, DcmbError, type Json, utf8, fromUtf8 } from '../../src/core/index.ts';
import { verified } from './scene.ts';

export type Path = readonly (string | number)[];

/** Paths to all values below a value that the predicate takes. */
export function pathsTo(value: Json, takes: (value: Json) => boolean, path: Path = []): Path[] {
  const own = takes(value) ? [path] : [];
  if (typeof value !== 'object') return own;
  const entries: [string | number, Json][] = Array.isArray(value) ? [...(value as readonly Json[]).entries()] : Object.entries(value);
  return [...own, ...entries.flatMap(([key, item]) => pathsTo(item, takes, [...path, key]))];
}

export function isLeaf(value: Json): boolean {
  return typeof value !== 'object';
}

export function valueAt(root: Json, path: Path): Json {
  return path.reduce<Json>((value, key) => (value as Record<string | number, Json>)[key]!, root);
}

/** A copy with the value at a path changed. */
export function changedAt(root: Json, path: Path, change: (value: Json) => Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return change(root);
  if (Array.isArray(root)) return (root as readonly Json[]).map((item, index) => (index === key ? changedAt(item, rest, change) : item));
  return Object.fromEntries(
    Object.entries(root as Record<string, Json>).map(([name, item]) => [name, name === key ? changedAt(item, rest, change) : item]),
  );
}

/** The file with a digest that fits again, and on request a list of contents that does. */
export function reissued(root: Json, contentsToo = false): Json {
  const exported = root as unknown as AuditExport;
  const contents = contentsToo ? contentsOf(exported.ledger.blocks, exported.channels) : exported.contents;
  return { ...(root as Record<string, Json>), contents, digest: exportDigest({ ...exported, contents }) };
}

/** What reader and verifier say of a changed file: the codes found, or the refusal to read it. */
export async function outcomeOf(root: Json): Promise<{ passed: boolean; named: string[] }> {
  let exported;
  try {
    exported = parseExport(utf8(`${fromUtf8(canonicalJson(root))}\n`));
  } catch (error) {
    if (!(error instanceof DcmbError)) throw error;
    return { passed: false, named: [`${error.code}: ${error.message}`] };
  }
  const report = await verified(exported);
  return { passed: report.passed, named: report.findings.map(({ code, object, place }) => `${code} in ${object} at ${place}`) };
}

/** Whether a refusal tells its reader anything. */
export function isFound({ passed, named }: { passed: boolean; named: readonly string[] }): boolean {
  return !passed && named.length > 0 && named.every((text) => text.length > 10);
}

const BASE64URL = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];

/** Another value of the same type: a text with one other letter, a number moved by `by`. */
export function differently(value: Json, at: number, by: number): Json {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + by;
  const text = value as string;
  if (text === '') return 'A';
  const place = at % text.length;
  const letter = BASE64URL[by % BASE64URL.length]!;
  const other = letter === text[place] ? BASE64URL[(by + 1) % BASE64URL.length]! : letter;
  return text.slice(0, place) + other + text.slice(place + 1);
}

/** All values of an export but the digest, which is made to fit whatever the others are. */
export function valuesOf(root: Json): Path[] {
  return pathsTo(root, isLeaf).filter(([first]) => first !== 'digest');
}

/** What can be done to a list's elements without making new ones. */
export type Mutation = 'remove' | 'double' | 'swap';

export function mutated(list: readonly Json[], a: number, b: number, how: Mutation): Json[] {
  if (how === 'remove') return list.filter((_, index) => index !== a);
  if (how === 'double') return [...list.slice(0, a), list[a]!, ...list.slice(a)];
  return list.map((item, index) => (index === a ? list[b]! : index === b ? list[a]! : item));
}
