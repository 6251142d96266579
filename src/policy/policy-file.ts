import { compilePersonFile, type PersonFile, personFileFault, readPersonFile, RejectedError, type UaType } from '../core/index.ts';
import schema from '../../schemas/mapping-policy.schema.json' with { type: 'json' };
import type { Aggregate } from './domain.ts';
import type { PolicyErrorCode } from './errors.ts';
import type { RangeTerm } from './number-line.ts';
import type { ConditionTerm, LocalizedText, QualityRule } from './policy-types.ts';

/** JSON Schema 2020-12 of a mapping policy's file. */
export const policySchema: object = schema;

const check = compilePersonFile(schema);

/** A mapping policy's file as its schema lets it through. */
export interface PolicyFile {
  readonly id: string;
  readonly version: number;
  readonly tags: readonly TagTerm[];
  readonly streams: readonly StreamTerm[];
}

export interface TagTerm {
  readonly name: string;
  readonly description?: string;
  readonly type: UaType;
  /** Elements of an array tag. */
  readonly length?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enumeration?: readonly { readonly value: number; readonly name: string }[];
  readonly timestamps?: { readonly use: 'server' | 'source'; readonly maxAgeMs?: number; readonly maxFutureMs?: number };
  readonly staleAfterMs?: number;
}

export interface StreamTerm {
  readonly name: string;
  readonly title: LocalizedText;
  readonly tags: readonly string[];
  readonly input?: 'value' | 'status';
  readonly compute?: ComputeTerm;
  readonly trigger?: string;
  readonly aggregate: Aggregate;
  readonly decrease?: 'restart' | 'signed';
  readonly conditions: readonly ConditionRule[];
  readonly quality?: Partial<QualityRule>;
}

export interface ComputeTerm {
  readonly kind: 'linear' | 'module';
  readonly intercept?: number;
  readonly weights?: Readonly<Record<string, number>>;
  readonly file?: string;
  readonly sha256?: string;
}

export interface ConditionRule extends ConditionTerm {
  readonly ranges?: readonly RangeTerm[];
  readonly values?: readonly (boolean | number | string)[];
  readonly otherwise?: true;
}

/**
 * Parses a mapping policy's file and checks it against its schema.
 * @throws RejectedError `BAD_FILE`
 */
export function readPolicyFile(name: string, text: string): PersonFile {
  return readPersonFile(name, text, check);
}

/** The terms of a parsed file. @throws RejectedError `BAD_FILE` where the file was not read by {@link readPolicyFile}. */
export function termsOf(file: PersonFile): PolicyFile {
  if (!check(file.value))
    throw personFileFault(file, [], 'it is not a mapping policy', 'Check it against schemas/mapping-policy.schema.json.');
  return file.value as PolicyFile;
}

export type Path = readonly (string | number)[];

/** Refuses a place in the file for what the schema cannot say. */
export type Refuse = (code: PolicyErrorCode, path: Path, what: string, remedy: string) => never;

/** Refusals under a place in the file, in the same words as the schema's faults. */
export function refusalsOf(file: PersonFile, base: Path = []): Refuse {
  return (code, path, what, remedy) => {
    throw new RejectedError(code, personFileFault(file, [...base, ...path], what, remedy).message);
  };
}

/** The same refusals one place deeper. */
export function within(refuse: Refuse, ...base: Path): Refuse {
  return (code, path, what, remedy) => refuse(code, [...base, ...path], what, remedy);
}
