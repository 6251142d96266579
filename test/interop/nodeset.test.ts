import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { nodesetFiles } from '../../src/nodeset/index.ts';

const PYTHON = fileURLToPath(new URL('../../.interop/asyncua/bin/python', import.meta.url));
const LOADER = fileURLToPath(new URL('asyncua/load_nodesets.py', import.meta.url));

// That the schema accepts the file and that node-opcua loads it is tested in test/nodeset.
test('Python asyncua loads our NodeSet with those that it is built on', () => {
  const files = nodesetFiles().slice(1); // asyncua brings the standard
  const told = JSON.parse(execFileSync(PYTHON, [LOADER, ...files], { encoding: 'utf8' })) as {
    added: Record<string, number>;
    namespaces: string[];
    children: string[];
    supertype: string;
  };
  const [ours = ''] = files.slice(-1);
  const nodes = readFileSync(ours, 'utf8').match(/<UA(?:Object|Variable|Method|DataType|ReferenceType|ObjectType|VariableType) /g);
  assert.equal(told.added[ours], nodes?.length);
  assert.equal(told.namespaces.at(-1), 'urn:dcmb:ua');
  for (const child of ['Condition', 'ConditionCode', 'Importance', 'GridTime', 'BatchId']) assert.ok(told.children.includes(child), child);
  assert.equal(told.supertype, 'i=58');
});
