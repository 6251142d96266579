import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { RejectedError } from './errors.ts';

/*
 * Files that a person writes: JSON with comments and trailing commas, checked against a JSON Schema 2020-12 document.
 * Every fault is told in one sentence with file, line, place and remedy; the offending value is never repeated, for it
 * may be a secret.
 */

const ajv = new Ajv2020({ strict: true, allErrors: false, verbose: true, allowUnionTypes: true, discriminator: true });

export type PersonFileCheck = ValidateFunction;

/** Compiles a JSON Schema 2020-12 document. `verbose` errors use its `description`s as remedies. */
export function compilePersonFile(schema: object): PersonFileCheck {
  return ajv.compile(schema);
}

/** A parsed file with a way back from a place in it to its line. */
export interface PersonFile {
  readonly name: string;
  readonly value: unknown;
  /** One-based line of the deepest existing part of a path. */
  lineOf(path: readonly (string | number)[]): number;
}

/**
 * Parses and checks a person's file.
 * @param name shown to the reader, usually the path as they gave it
 * @throws RejectedError `BAD_FILE`
 */
export function readPersonFile(name: string, text: string, check: PersonFileCheck): PersonFile {
  const file = parsePersonFile(name, text);
  if (check(file.value)) return file;
  // The last one is about the whole of a list of alternatives, those before it about one alternative each.
  const error = check.errors?.at(-1);
  throw error === undefined ? new RejectedError('BAD_FILE', `${name} is refused by its schema.`) : schemaFault(file, error);
}

/** A fault that a later check found at a place in the file, in the same words as the schema's faults. */
export function personFileFault(file: PersonFile, path: readonly (string | number)[], what: string, remedy: string): RejectedError {
  const place = path.length === 0 ? '' : `, at "${path.join('/')}"`;
  return new RejectedError('BAD_FILE', `${file.name}, line ${file.lineOf(path)}${place}: ${what}. ${remedy}`);
}

function parsePersonFile(name: string, text: string): PersonFile {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length;
  const first = errors[0];
  if (text.trim() === '') throw new RejectedError('BAD_FILE', `${name} is empty. Write a JSON object.`);
  if (first !== undefined) {
    throw new RejectedError(
      'BAD_FILE',
      `${name}, line ${lineAt(first.offset)}: not JSON (${printParseErrorCode(first.error)}). Mend the syntax there.`,
    );
  }
  if (root === undefined) throw new RejectedError('BAD_FILE', `${name} holds nothing but comments. Write a JSON object.`);
  return {
    name,
    value: valueOf(root, name, lineAt),
    lineOf: (path) => {
      for (let length = path.length; length >= 0; length--) {
        const node = findNodeAtLocation(root, path.slice(0, length));
        if (node !== undefined) return lineAt(node.offset);
      }
      return 1;
    },
  };
}

/** Builds the value itself, so that a duplicate key is a fault instead of a silent loss. */
function valueOf(node: Node, name: string, lineAt: (offset: number) => number): unknown {
  if (node.type === 'array') return (node.children ?? []).map((item) => valueOf(item, name, lineAt));
  if (node.type !== 'object') return node.value as unknown;
  const entries = new Map<string, unknown>();
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? [];
    if (key === undefined || value === undefined) continue;
    const keyName = String(key.value);
    if (entries.has(keyName)) {
      throw new RejectedError('BAD_FILE', `${name}, line ${lineAt(key.offset)}: the key "${keyName}" stands twice. Remove one.`);
    }
    entries.set(keyName, valueOf(value, name, lineAt));
  }
  return Object.fromEntries(entries);
}

function schemaFault(file: PersonFile, error: ErrorObject): RejectedError {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const schema = error.parentSchema as DescribedSchema | undefined;
  const extra: unknown = error.params['additionalProperty'];
  if (typeof extra === 'string') return personFileFault(file, [...path, extra], 'unknown key', 'Remove it or correct its spelling.');
  const missing: unknown = error.params['missingProperty'];
  if (typeof missing === 'string') {
    const meaning = schema?.properties?.[missing]?.description;
    const remedy = meaning === undefined ? 'Add it.' : `Add it: ${sentence(meaning)}`;
    return personFileFault(file, path, `the key "${missing}" is missing`, remedy);
  }
  const remedy = schema?.description === undefined ? 'Correct it there.' : `Expected: ${sentence(schema.description)}`;
  return personFileFault(file, path, whatIsWrong(error), remedy);
}

interface DescribedSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, { readonly description?: string }>>;
}

/** Ajv's message where it is one for a person; a pattern is not. */
function whatIsWrong({ keyword, params, message }: ErrorObject): string {
  const allowed: unknown = params['allowedValues'] ?? (keyword === 'const' ? [params['allowedValue']] : undefined);
  if (Array.isArray(allowed)) return allowed.length === 1 ? `must be ${String(allowed[0])}` : `must be one of ${allowed.join(', ')}`;
  if (keyword === 'pattern') return 'is not of the expected form';
  if (keyword === 'oneOf' || keyword === 'anyOf') return 'is of none of the possible forms';
  return message ?? 'is not allowed';
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
