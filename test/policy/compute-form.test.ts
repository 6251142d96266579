import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireComputeForm } from '../../src/policy/index.ts';

test('a compute module’s form is one default export, no import and nothing asynchronous', () => {
  requireComputeForm('const k = 2;\nexport default function twice(inputs) {\n  return k * inputs.a;\n}\n');
  requireComputeForm('export default (inputs) => inputs.a;');
  for (const source of [
    'import fs from "node:fs";\nexport default () => 1;',
    'export default async () => (await import("node:fs")).constants.F_OK;',
    '// no import here\nexport default () => 1;',
    'export const a = 1;\nexport default () => 1;',
    'export function a() {}',
    '  export default () => 1;',
    'export default async () => 1;',
    'export default () => { (async function () {})(); return 1; };',
    'const a = 1;',
    '',
  ]) {
    assert.throws(() => requireComputeForm(source), { code: 'COMPUTE_MODULE_FORM' });
  }
});
