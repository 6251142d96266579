import assert from 'node:assert/strict';
import { DcmbError, type UaType, type UaValue } from '../../src/core/index.ts';
import { Clearing, compilePolicy, type ComputeModule, type MappingPolicy, type RawReading } from '../../src/policy/index.ts';

type Term = Record<string, unknown>;

/** A condition with texts of its own. */
export function condition(code: number, mapped: Term = {}): Term {
  return { code, text: { en: `Condition ${code}`, de: `Zustand ${code}` }, importance: 100, ...mapped };
}

/** A policy's text with one stream over the tag `T`, which either may be given other keys. */
export function policyText(tag: Term, stream: Term, others: readonly Term[] = []): string {
  return JSON.stringify(
    {
      id: 'test',
      version: 1,
      tags: [{ name: 'T', type: 'Int32', ...tag }, ...others],
      streams: [{ name: 'S', title: { en: 'Stream', de: 'Strom' }, tags: ['T'], aggregate: 'last', conditions: [], ...stream }],
    },
    undefined,
    1,
  );
}

export function compile(text: string, modules?: ReadonlyMap<string, ComputeModule>): MappingPolicy {
  return compilePolicy({ name: 'policy.json', text }, modules);
}

/** Compiles and gives the refusal, which must have this code; its message for further looks. */
export function refusal(code: string, text: string): string {
  try {
    compile(text);
  } catch (error) {
    assert.ok(error instanceof DcmbError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, /^policy\.json/);
    return error.message;
  }
  throw new assert.AssertionError({ message: `The policy was let through, expected ${code}.` });
}

/** A good reading of a tag at an instant; what is given replaces its parts. */
export function reading(tag: string, value: UaValue | undefined, other: Partial<RawReading> = {}): RawReading {
  return { tag, value, status: 0, sourceMs: 0, acceptedMs: 0, seq: 0, ...other };
}

export function ua(type: UaType, value: UaValue['value']): UaValue {
  return { type, value };
}

/** The condition code of stream 0 after one interval with these values of the tag `T`. */
export function codeOf(policy: MappingPolicy, ...values: readonly UaValue['value'][]): number {
  const clearing = new Clearing(policy);
  for (const value of values) clearing.accept(reading('T', { type: policy.tags[0]!.type, value }));
  return clearing.condition(0, 0);
}

export const GOOD = 0;
export const UNCERTAIN = 0x40000000;
export const BAD = 0x80000000;
