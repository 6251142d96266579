import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { RejectedError } from './errors.ts';

/*
 * Files that a person writes: JSON with comments and trailing commas, checked against a JSON Schema 2020-12 document.
 * Every fault is told in one sentence with file, line, place and remedy; the offending value is never repeated, for it
 * may be a secret.
 */

const ajv = new Ajv2020({ strict: true, allErrors: false, verbose: true, allowUnionTypes: true });

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
  const error = check.errors?.[0];
  throw error === undefined ? new RejectedError('BAD_FILE', `${name} is refused by its schema.`) : schemaFault(file, error);
}

/** A fault that a later check found at a place in the file, in the same words as the schema's faults. */
export function personFileFault(file: PersonFile, path: readonly (string | number)[], what: string, remedy: string): RejectedError {
  return new RejectedError('BAD_FILE', `${file.name}, line ${file.lineOf(path)}, at "${path.join('/')}": ${what}. ${remedy}`);
}

function parsePersonFile(name: string, text: string): PersonFile {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length;
  const first = errors[0];
  if (first !== undefined) {
    throw new RejectedError(
      'BAD_FILE',
      `${name}, line ${lineAt(first.offset)}: not JSON (${printParseErrorCode(first.error)}). Mend the syntax there.`,
    );
  }
  if (root === undefined) throw new RejectedError('BAD_FILE', `${name} is empty. Write a JSON object.`);
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
  const extra: unknown = error.params['additionalProperty'];
  if (typeof extra === 'string') return personFileFault(file, [...path, extra], 'unknown key', 'Remove it or correct its spelling.');
  const description: unknown = (error.parentSchema as { description?: unknown } | undefined)?.description;
  const remedy = typeof description === 'string' ? `Expected: ${description}` : 'Correct it there.';
  const allowed: unknown = error.params['allowedValues'];
  const what = Array.isArray(allowed) ? `must be one of ${allowed.join(', ')}` : (error.message ?? 'is not allowed');
  return personFileFault(file, path, what, remedy);
}
