import { fromBase64Url, parseCanonical } from '../../src/core/index.ts';

/** Form without content: keys, lengths of texts, signed payloads opened. Numbers count as numbers, for they grow with time. */
export function shapeOf(value: unknown): unknown {
  if (typeof value === 'number') return 'number';
  if (typeof value === 'string') return `text of ${value.length}`;
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === 'payload' && typeof item === 'string' ? shapeOf(parseCanonical(fromBase64Url(item))) : shapeOf(item),
    ]),
  );
}
