import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/dcmb.js', import.meta.url));

describe('the program dcmb', () => {
  for (const version of ['16.20.2', '20.20.2', '22.12.0']) {
    test(`on Node ${version} refuses in one sentence, exit code 2`, () => {
      const { status, stderr, stdout } = runAs(version);
      assert.equal(status, 2);
      assert.equal(stdout, '');
      assert.match(stderr, new RegExp(`^dcmb: needs Node 22\\.13 or newer, this is ${version.replaceAll('.', '\\.')}; [^\\n]+\\n$`));
    });
  }

  test('in a clone on a Node that strips no types says what to do, exit code 2', () => {
    const { status, stderr } = runAs('22.13.0', '--no-strip-types');
    assert.equal(status, 2);
    assert.match(stderr, /^dcmb: runs from its sources here, which needs Node 22\.18 or newer, this is 22\.13\.0; [^\n]+\n$/);
  });

  test('imports nothing and uses no newer syntax before it has looked at the version', () => {
    const text = readFileSync(program, 'utf8');
    assert.doesNotMatch(text, /^\s*(import|export)\s[^(]/m);
    assert.doesNotMatch(text, /\?\.|\?\?|^await /m);
  });
});

/** Runs the program in this Node while it believes to be another version. */
function runAs(version: string, ...flags: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`;
  const loader = `data:text/javascript,${encodeURIComponent(pretend)}`;
  return spawnSync(process.execPath, [...flags, '--import', loader, program], { encoding: 'utf8' });
}
