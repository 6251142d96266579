import type { Agreement } from '../agreement/index.ts';
import { RESERVED_CODES } from '../core/index.ts';
import { conditionsOf } from '../server/index.ts';
import type { ConditionSeen } from './events.ts';

/** The conditions of a batch in the agreement's words. */
export function conditionsSeen(agreement: Agreement, codes: readonly number[]): ConditionSeen[] {
  return agreement.streams.map((stream, index) => {
    const conditions = conditionsOf(stream);
    const code = codes[index] ?? RESERVED_CODES.NONE;
    const { text, importance } = conditions.get(code) ?? { text: { en: `Code ${code}`, de: `Code ${code}` }, importance: 1 };
    return { stream: stream.name, code, text, importance };
  });
}
