import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT } from './markdown.ts';

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
}

/** Tables of keys: the page, its heading, the schema, and where in a file the keys stand. */
const TABLES = [
  { page: 'plant.md', heading: "The owner's configuration", schema: 'owner', below: '' },
  { page: 'plant.md', heading: "Reading a PLC's own server", schema: 'owner', below: 'ingest.plc.' },
  { page: 'caching.md', heading: 'Limits', schema: 'owner', below: 'channels[].cache.' },
  { page: 'plant.md', heading: "The manufacturer's configuration", schema: 'manufacturer', below: 'channels[].' },
  { page: 'plant.md', heading: 'Actions', schema: 'manufacturer', below: 'channels[].actions[].' },
  { page: 'fabric.md', heading: 'The line of the configuration', schema: 'owner', below: 'ledger.' },
  { page: 'plant.md', heading: 'Terms', schema: 'agreement-terms', below: '' },
];

describe('every key that the pages explain', () => {
  for (const { page, heading, schema, below } of TABLES)
    test(`is one that a configuration takes: ${page}, ${heading}`, () => {
      const root = JSON.parse(readFileSync(join(ROOT, 'schemas', `${schema}.schema.json`), 'utf8')) as Schema;
      const keys = keysOf(sectionOf(readFileSync(join(ROOT, 'docs', page), 'utf8'), heading));
      assert.notEqual(keys.length, 0);
      assert.deepEqual(
        keys.filter((key) => !has(root, `${below}${key}`)),
        [],
      );
    });
});

function sectionOf(page: string, heading: string): string {
  const from = page.indexOf(`\n## ${heading}\n`);
  assert.notEqual(from, -1, heading);
  return page.slice(from + 1).split(/\n## /)[0] ?? '';
}

/** The first cells of a table headed "key": `` `ledger.kind`, `.file` `` are `ledger.kind` and `ledger.file`. */
function keysOf(section: string): string[] {
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  assert.match(rows[0] ?? '', /^\| key/);
  return rows.slice(2).flatMap((row) => {
    const spans = [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, span]) => span ?? '');
    const parent = (spans[0] ?? '').replace(/\.[^.]+$/, '');
    return spans.map((span) => (span.startsWith('.') ? parent + span : span));
  });
}

/** `a[].b` is the key `b` of the entries of the list `a`; `a.<tag>` stands for any name. */
function has(root: Schema, path: string): boolean {
  const resolve = (schema: Schema | undefined): Schema | undefined =>
    schema?.$ref === undefined ? schema : resolve(root.$defs?.[schema.$ref.replace('#/$defs/', '')]);
  const step = (at: Schema | undefined, name: string): Schema | undefined => {
    const named = name.startsWith('<') ? at?.additionalProperties : at?.properties?.[name.replace('[]', '')];
    const found = resolve(typeof named === 'object' ? named : undefined);
    if (found !== undefined) return name.endsWith('[]') ? resolve(found.items) : found;
    return at?.oneOf?.map((each) => step(resolve(each), name)).find((each) => each !== undefined);
  };
  return path.split('.').reduce(step, resolve(root)) !== undefined;
}
