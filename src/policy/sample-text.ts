import { decodeUaValue, encodeUaValue } from '../core/index.ts';
import type { Sample } from './mapping.ts';

/** A sample as text, exactly: doubles by their bits, integers of any size in decimal; empty for none. */
export function encodeSample(sample: Sample | undefined): string {
  if (sample === undefined) return '';
  if (typeof sample === 'bigint') return `Integer:${sample}`;
  const type = typeof sample === 'number' ? 'Double' : typeof sample === 'boolean' ? 'Boolean' : 'String';
  return encodeUaValue({ type, value: sample });
}

/** Reads what {@link encodeSample} gave; undefined for nothing else. */
export function decodeSample(text: string): { readonly value: Sample | undefined } | undefined {
  if (text === '') return { value: undefined };
  if (/^Integer:(0|-?[1-9]\d*)$/.test(text)) return { value: BigInt(text.slice('Integer:'.length)) };
  if (!/^(Double|Boolean|String):/.test(text)) return undefined;
  try {
    const { value } = decodeUaValue(text);
    return value instanceof Uint8Array ? undefined : { value };
  } catch {
    return undefined;
  }
}
