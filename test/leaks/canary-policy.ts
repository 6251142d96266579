import type { UaType, UaValue } from '../../src/core/index.ts';
import type { TagWrite } from '../../src/client/index.ts';
import { INSTANCE_URI, inNamespace, tagId } from '../../src/nodeset/index.ts';
import type { Canaries } from './canaries.ts';

/** A source-timed tag takes times so far from the present that no clock of a connection shows them. */
const BEHIND_MS = 40_000_000;

/** Limits of conditions and of tags that stand nowhere else. */
export const THRESHOLDS = {
  heat: [-812_345.0625, 612_345.8125],
  strokes: [3_100_123_456, 3_200_654_321],
  heatRange: [-987_612.34375, 987_698.71875],
} as const;

interface CanaryTag {
  readonly name: string;
  readonly type: UaType;
  /** A value that no other count gives. */
  readonly value: (count: number) => UaValue['value'];
}

/** One tag of each kind of value. All canaries of a tag give the same condition. */
export const TAGS: readonly CanaryTag[] = [
  { name: 'QuokkaHitzegrad', type: 'Double', value: (count) => -98_765.4375 - count * 1.001_953_125 },
  { name: 'ZebrafinkHubzahl', type: 'UInt32', value: (count) => 3_900_211_337 + 17 * count },
  { name: 'PangolinDrehmoment', type: 'Float', value: (count) => Math.fround(-40_321.34375 - count * 1.031_25) },
  { name: 'OkapiRezeptur', type: 'String', value: (count) => `Rezeptur-Nasenbaer-${count}-geheim` },
  { name: 'MarabuLaufweg', type: 'Int64', value: (count) => 7_001_234_567_891n + 37n * BigInt(count) },
  { name: 'KiwiPruefbits', type: 'ByteString', value: (count) => Buffer.from(`Pruefbits-Axolotl-${count}`) },
  { name: 'TapirUhrwerk', type: 'Double', value: (count) => 77_612.78125 + count * 1.000_488_281_25 },
];
/** In tests a role may read it, and must not learn of the others by that. */
export const READABLE_TAG = 'KiwiPruefbits';
/** Takes its times from the PLC. */
const SOURCE_TIMED = 'TapirUhrwerk';

export const POLICY = {
  id: 'leak-test',
  version: 1,
  tags: TAGS.map(({ name, type }) => ({
    name,
    type,
    ...(type === 'Double' && name !== SOURCE_TIMED ? { minimum: THRESHOLDS.heatRange[0], maximum: THRESHOLDS.heatRange[1] } : {}),
    ...(name === SOURCE_TIMED ? { timestamps: { use: 'source', maxAgeMs: 2 * BEHIND_MS, maxFutureMs: 1000 } } : {}),
  })),
  streams: [
    stream('Maintenance', 'ZebrafinkHubzahl', 'last', THRESHOLDS.strokes),
    stream('Overheated', 'QuokkaHitzegrad', 'max', THRESHOLDS.heat),
  ],
};

function stream(name: string, tag: string, aggregate: string, [low, high]: readonly [number, number]): object {
  return {
    name,
    title: { en: name, de: `${name} (de)` },
    tags: [tag],
    aggregate,
    conditions: [{ to: low }, { from: low, to: high }, { from: high }].map((range, code) => ({
      code,
      text: { en: `${name}: text ${code}`, de: `${name}: Text ${code}` },
      importance: 100 + 400 * code,
      ranges: [range],
    })),
    quality: { missing: 'hold' },
  };
}

/** Gives out writes of canaries and notes each of them before it is sent. */
export class CanarySource {
  readonly #canaries: Canaries;
  #count = 0;

  constructor(canaries: Canaries) {
    this.#canaries = canaries;
    for (const { name } of TAGS) canaries.addText('tags', name);
    for (const threshold of Object.values(THRESHOLDS).flat()) canaries.addNumber('thresholds', threshold);
  }

  /** So many further writes of each tag. */
  next(each: number): TagWrite[] {
    return Array.from({ length: each }, () => this.#one()).flat();
  }

  #one(): TagWrite[] {
    const count = this.#count++;
    const sourceMs = Date.now() - BEHIND_MS - (count % 977);
    return TAGS.map(({ name, type, value }) => {
      const canary = value(count);
      noteValue(this.#canaries, canary);
      const write = { nodeId: inNamespace(INSTANCE_URI, tagId(name)), value: { type, value: canary } };
      if (name !== SOURCE_TIMED) return write;
      this.#canaries.addTime('writeTimes', sourceMs);
      return { ...write, sourceMs };
    });
  }
}

function noteValue(canaries: Canaries, value: UaValue['value']): void {
  if (typeof value === 'number') canaries.addNumber('values', value);
  else if (typeof value === 'bigint') canaries.addNumber('values', Number(value));
  else if (typeof value === 'string') canaries.addText('values', value);
  else if (typeof value !== 'boolean') canaries.addText('values', Buffer.from(value).toString());
}
