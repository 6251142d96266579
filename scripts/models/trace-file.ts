import * as v from 'valibot';
import type { TraceEvent } from './trace-check.ts';
import { MODULES } from './transition-table.ts';

const LineShape = v.union([
  v.strictObject({ kind: v.literal('started'), module: v.picklist(MODULES) }),
  v.strictObject({ kind: v.string(), n: v.pipe(v.number(), v.safeInteger(), v.minValue(0)), key: v.optional(v.string()) }),
]);

/**
 * Reads a trace: one JSON object a line, of one module or of both in the order in which they were written.
 * @throws Error naming the first line that is none
 */
export function parseTrace(text: string): TraceEvent[] {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('The trace does not end with a line break: its last line is not whole.');
  return lines.map((line, index) => {
    try {
      return v.parse(LineShape, JSON.parse(line));
    } catch (error) {
      throw new Error(`Line ${index + 1} of the trace is no event: ${line}`, { cause: error });
    }
  });
}
