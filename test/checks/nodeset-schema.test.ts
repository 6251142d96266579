import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { nodesets } from 'node-opcua-nodesets';
import { DCMB_NODESET_FILE } from '../../src/nodeset/index.ts';

/** The OPC Foundation's own schema, as it stands in the package of the bundled nodesets. */
const SCHEMA = join(dirname(nodesets.standard), 'UANodeSet.xsd');

function validate(file: string): { status: number | null; errors: string } {
  const { status, stderr, error } = spawnSync('xmllint', ['--noout', '--nonet', '--schema', SCHEMA, file], { encoding: 'utf8' });
  if (error !== undefined) throw new Error('This test needs xmllint on the path (Debian: libxml2-utils).', { cause: error });
  return { status, errors: stderr };
}

describe('UANodeSet schema', () => {
  test('our nodeset is valid against it', () => {
    const { status, errors } = validate(DCMB_NODESET_FILE);
    assert.equal(status, 0, errors);
  });

  test('a nodeset with an element that the schema does not know is refused, so the check bites', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'nodeset-')), 'planted.xml');
    writeFileSync(file, readFileSync(DCMB_NODESET_FILE, 'utf8').replace('</Aliases>', '<Unknown/></Aliases>'));
    assert.notEqual(validate(file).status, 0);
  });
});
