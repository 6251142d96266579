import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairQueue } from '../../src/server/identity/fair-queue.ts';
import { hashPassword, PasswordCheck } from '../../src/server/identity/index.ts';

const USERS = new Map([['ali', await hashPassword('right')]]);

test('an application that tries fresh names without end keeps nobody of another from logging in', async () => {
  const check = new PasswordCheck(USERS);
  let isGoingOn = true;
  let tries = 0;
  const attack = async (line: number): Promise<void> => {
    while (isGoingOn) {
      await check.verify(`nobody-${line}-${tries++}`, 'x', 'hostile');
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const attacks = Array.from({ length: 40 }, (_, line) => attack(line));
  const honest: boolean[] = [];
  for (let i = 0; i < 5; i++) honest.push(await check.verify('ali', 'right', 'honest'));
  isGoingOn = false;
  await Promise.all(attacks);
  assert.deepEqual(honest, [true, true, true, true, true]);
  assert.ok(tries > 40, `${tries}`);
});

test('each application has its turn, and no more than four wait for one', async () => {
  const queue = new FairQueue();
  const done: string[] = [];
  const ask = (party: string) => queue.take(party, async () => done.push(party));
  const asked = ['a', 'a', 'a', 'a', 'a', 'a', 'a', 'b', 'b', 'c'].map(ask);
  assert.deepEqual(
    asked.map((turn) => turn !== undefined),
    // One of a's is being done at once, four wait.
    [true, true, true, true, true, false, false, true, true, true],
  );
  await Promise.all(asked.filter((turn) => turn !== undefined));
  assert.deepEqual(done, ['a', 'a', 'b', 'c', 'a', 'b', 'a', 'a']);
});

test('a work that fails takes nobody’s turn', async () => {
  const queue = new FairQueue();
  const failing = queue.take('a', () => Promise.reject(new Error('it failed')));
  const next = queue.take('a', () => Promise.resolve(1));
  await assert.rejects(failing!, /it failed/);
  assert.equal(await next, 1);
});
