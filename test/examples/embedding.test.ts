import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROGRAM = fileURLToPath(new URL('../../examples/embedding/embed.ts', import.meta.url));

test('a program that embeds both modules feeds values by a function, gets conditions by a callback, and ends by itself', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [PROGRAM], { timeout: 100_000 });
  const lines = stdout.trimEnd().split('\n');
  assert.equal(stderr, '');
  assert.ok(
    lines.some((line) => /^owner: batch \d+ sealed, [1-9]\d* readings$/.test(line)),
    stdout,
  );
  assert.ok(lines.includes('manufacturer: Maintenance is "No maintenance needed"'), stdout);
  assert.ok(lines.includes('manufacturer: Maintenance is "Maintenance imminent"'), stdout);
});
