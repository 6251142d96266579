import { type Canaries, LEAST_FORM, type Sighting } from './canaries.ts';

/** A number, text or byte string of a decoded message, with where it stands: `results.0.value.value`. */
export interface Leaf {
  readonly path: string;
  readonly value: number | bigint | string | boolean | Buffer | Date | null;
}

const DEEPEST = 40;

/** Everything that a decoded message holds. Int64 values, which node-opcua gives as two halves, come as one number. */
export function leavesOf(message: unknown): Leaf[] {
  const leaves: Leaf[] = [];
  walk(message, '', 0, leaves);
  return leaves;
}

function walk(value: unknown, path: string, depth: number, leaves: Leaf[]): void {
  if (depth > DEEPEST || value === undefined || typeof value === 'function' || typeof value === 'symbol') return;
  if (value === null || typeof value !== 'object') {
    leaves.push({ path, value: value as Leaf['value'] });
    return;
  }
  if (value instanceof Date) leaves.push({ path, value });
  else if (ArrayBuffer.isView(value) && value instanceof Uint8Array) leaves.push({ path, value: Buffer.from(value) });
  else if (isInt64(value)) leaves.push({ path, value: (BigInt(value[0]) << 32n) + BigInt(value[1]) });
  else walkMembers(value, path, depth, leaves);
}

function walkMembers(value: object, path: string, depth: number, leaves: Leaf[]): void {
  const members: Iterable<readonly [string | number, unknown]> =
    Array.isArray(value) || ArrayBuffer.isView(value) ? (value as unknown as unknown[]).entries() : Object.entries(value);
  for (const [key, member] of members) {
    // The description of a type is the client's own.
    if (typeof key === 'string' && (key.startsWith('$') || key.startsWith('_') || key === 'schema')) continue;
    walk(member, path === '' ? String(key) : `${path}.${key}`, depth + 1, leaves);
  }
}

function isInt64(value: object): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((half) => Number.isInteger(half) && half >= 0 && half <= 0xffffffff);
}

/** Canaries among the numbers, times, texts and byte strings of a decoded message. */
export function canariesIn(message: unknown, canaries: Canaries): (Sighting & { readonly path: string })[] {
  return leavesOf(message).flatMap(({ path, value }) => {
    const seen = typeof value === 'number' || typeof value === 'bigint' ? canaries.ofNumber(value) : undefined;
    if (seen !== undefined) return [{ ...seen, path }];
    if (value instanceof Date) {
      const time = canaries.ofNumber(value.getTime());
      return time === undefined ? [] : [{ ...time, path }];
    }
    // No form is shorter.
    if ((typeof value === 'string' || Buffer.isBuffer(value)) && value.length >= LEAST_FORM)
      return canaries.inBytes(Buffer.from(value)).map((each) => ({ ...each, path }));
    return [];
  });
}
