import { RESERVED_CODES } from '../../core/index.ts';
import type { ClearedStream } from './contract.ts';

export type Condition = ClearedStream['conditions'][number];

/** Texts of the codes that no agreement can give itself; of the least importance, for they say nothing of the machine. */
const RESERVED: readonly Condition[] = [
  { code: RESERVED_CODES.NONE, text: { en: 'No statement', de: 'Keine Aussage' }, importance: 1 },
  {
    code: RESERVED_CODES.SUSPENDED,
    text: { en: 'Clearing suspended: receipts are missing', de: 'Freigabe ausgesetzt: Quittungen fehlen' },
    importance: 1,
  },
  { code: RESERVED_CODES.MISSED, text: { en: 'Module was down', de: 'Modul war außer Betrieb' }, importance: 1 },
];

/** All conditions that a stream can show, by code, reserved ones first. */
export function conditionsOf(stream: ClearedStream): ReadonlyMap<number, Condition> {
  return new Map([...RESERVED, ...stream.conditions].map((condition) => [condition.code, condition]));
}
