import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portsOf } from '../../src/app/module-options.ts';

async function warningsDuring(work: () => void): Promise<string[]> {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', note);
  try {
    work();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('warning', note);
  }
  return warnings;
}

for (const [what, onEvent] of [
  [
    'throws',
    () => {
      throw new Error('a secret word');
    },
  ],
  ['rejects', () => Promise.reject(new Error('a secret word'))],
] as readonly (readonly [string, () => unknown])[]) {
  test(`a listener that ${what} stops nothing, and one warning without a word of the event tells of it`, async () => {
    const { listener } = portsOf({ onEvent: () => onEvent() });
    const warnings = await warningsDuring(() => {
      for (const n of [1, 2, 3]) listener({ event: 'delivered', n });
      listener({ event: 'warning', code: 'X', message: 'another secret word' });
    });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /onEvent/);
    assert.doesNotMatch(warnings[0] ?? '', /secret/);
  });
}

test('a listener that works is told everything', () => {
  const told: unknown[] = [];
  portsOf({ onEvent: (event) => void told.push(event) }).listener({ event: 'delivered', n: 1 });
  assert.deepEqual(told, [{ event: 'delivered', n: 1 }]);
});
