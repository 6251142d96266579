import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { vectorFiles } from '../../scripts/make-vectors.ts';

const folder = fileURLToPath(new URL('../vectors/', import.meta.url));

/** Runs the verifier that was written from docs/evidence-format.md alone. */
function verifyInPython(...args: string[]) {
  const run = spawnSync('python3', [join(folder, 'verify.py'), ...args], { encoding: 'utf8' });
  assert.equal(run.error, undefined, 'This test needs python3 (3.8 or newer) on the path.');
  return run;
}

describe('test/vectors', () => {
  test('is what the code makes: a change of a byte is a change of the format', async () => {
    for (const [name, text] of await vectorFiles()) {
      assert.ok(
        readFileSync(join(folder, name), 'utf8') === text,
        `${name} differs: see docs/evidence-format.md, then run scripts/make-vectors.ts.`,
      );
    }
  });

  test('holds for the verifier in Python (needs python3)', () => {
    const run = verifyInPython();
    assert.equal(run.status, 0, run.stderr);
    const { checked } = JSON.parse(run.stdout) as { checked: Record<string, number> };
    assert.deepEqual(Object.keys(checked), ['encodings', 'ed25519', 'seeds', 'keys', 'tokens', 'batch', 'openings', 'deposit', 'receipts']);
  });

  test('does not hold for the verifier in Python when a value is changed (needs python3)', (t) => {
    const copy = mkdtempSync(join(tmpdir(), 'dcmb-vectors-'));
    t.after(() => rmSync(copy, { recursive: true }));
    writeFileSync(join(copy, 'ed25519.json'), readFileSync(join(folder, 'ed25519.json')));
    const text = readFileSync(join(folder, 'evidence.json'), 'utf8');
    const places = [
      '"root": "',
      '"salt": "',
      '"blinder": "',
      '"record": "',
      '"path": [\n',
      '"seed": "',
      '"sig": "',
      '"deposit": "',
      '"digest": "',
      '"value": "Double:',
    ];
    for (const place of places) {
      const at = text.lastIndexOf(place) + place.length;
      const from = at + text.slice(at).search(/[A-Za-z0-9]/);
      // The sixth character of a value, so that the change is no question of trailing bits.
      const changed = text.slice(0, from + 5) + (text[from + 5] === 'A' ? 'B' : 'A') + text.slice(from + 6);
      writeFileSync(join(copy, 'evidence.json'), changed);
      assert.notEqual(verifyInPython(copy).status, 0, `A change in ${place} went unnoticed.`);
    }
  });
});
