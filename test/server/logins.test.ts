import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { toBase64Url } from '../../src/core/index.ts';
import { type ApplicationIdentity, hashPassword, PasswordCheck, thumbprintOf } from '../../src/server/identity/index.ts';
import { AlarmMemory } from '../../src/server/cleared/alarm-memory.ts';
import { childHandlers } from '../../src/server/cleared/child-handlers.ts';
import type { ClearedServerHooks } from '../../src/server/cleared/index.ts';
import { RateLimit } from '../../src/server/rate-limit.ts';
import { type Cleared, cleared, View } from './cleared-support.ts';
import { PASSWORD, startIngest } from './ingest-support.ts';
import { client, identity, passwordUser } from './support.ts';

const RIGHT = passwordUser('auditor', 'correct horse');
const WRONG = passwordUser('auditor', 'wrong horse');

describe('wrong passwords by one application', () => {
  let on: Cleared;
  let other: ApplicationIdentity;
  before(async () => {
    on = await cleared();
    other = await identity('auditor');
    on.server.setTrusted([on.manufacturer.certificate, other.certificate]);
  });
  after(() => on.server.stop());

  test('pause the name for that application, and for no other, at a cleared server', async () => {
    for (let i = 0; i < 8; i++) await assert.rejects(View.open(on, WRONG));
    await assert.rejects(View.open(on, RIGHT));
    const view = await View.open(on, RIGHT, {}, other);
    await view.close();
  });
});

test('names and passwords that are too long are refused without any work', async () => {
  const passwords = new PasswordCheck(new Map([['ali', await hashPassword('right')]]));
  const long = 'n'.repeat(950_000);
  await passwords.verify('ali', 'right', 'app');
  const began = performance.now();
  for (let i = 0; i < 1000; i++) {
    assert.equal(await passwords.verify(`${i}${long}`, 'x', 'app'), false);
    assert.equal(await passwords.verify('ali', `${long}${i}`, 'app'), false);
  }
  assert.ok(performance.now() - began < 5000, 'a comparison of each would take a minute');
  assert.equal(await passwords.verify('ali', 'right', 'app'), true, 'they paused nobody');
});

test('a name or password that is too long does not reach the module', async () => {
  const on = await cleared();
  try {
    const pid = on.server.processId;
    for (const user of [
      passwordUser('n'.repeat(950_000), 'x'),
      passwordUser('n'.repeat(257), 'x'),
      passwordUser('auditor', 'x'.repeat(1025)),
    ]) {
      await assert.rejects(View.open(on, user), /BadUserAccessDenied/);
    }
    await (await View.open(on, RIGHT)).close();
    assert.equal(on.server.processId, pid, 'a message beyond the contract would have ended the process');
  } finally {
    await on.server.stop();
  }
});

test('the same at an ingest server', async () => {
  const other = await identity('other');
  const tags = [{ name: 'Temperature', type: 'Double', timestamps: { use: 'server' } }] as const;
  const on = await startIngest({ tags, config: { trust: { isTrusted: () => true } } });
  try {
    for (let i = 0; i < 8; i++) await assert.rejects(on.asUser(passwordUser('operator', 'wrong')));
    await assert.rejects(on.as('operator'));
    const connection = client(other, on.own);
    try {
      await connection.connect(on.server.endpointUrl);
      await (await connection.createSession(passwordUser('operator', PASSWORD))).close();
    } finally {
      await connection.disconnect();
    }
  } finally {
    await on.stop();
  }
});

describe('a process of a cleared server that is in wrong hands', () => {
  const certificate = Uint8Array.of(1, 2, 3);
  const strangers: Uint8Array[] = [];
  const hooks = { refusedCertificate: (der: Uint8Array) => void strangers.push(der) } as unknown as ClearedServerHooks;

  test('has no tries at a password in the name of applications that are not trusted', async () => {
    const passwords = new PasswordCheck(new Map([['ali', await hashPassword('right')]]));
    const { requests } = childHandlers(
      hooks,
      passwords,
      (client) => thumbprintOf(client) === thumbprintOf(certificate),
      new AlarmMemory(1),
    );
    const attempt = { name: 'ali', password: 'right' };
    assert.deepEqual(await requests.verifyPassword({ ...attempt, client: toBase64Url(certificate) }), { valid: true });
    assert.deepEqual(await requests.verifyPassword({ ...attempt, client: toBase64Url(Uint8Array.of(4)) }), { valid: false });
  });

  test('cannot have more kept for it than one state for each alarm', () => {
    const alarms = new AlarmMemory(2);
    const { notices } = childHandlers(hooks, new PasswordCheck(new Map()), () => false, alarms);
    const state = { code: 1, gridMs: 0, isAcked: true, comment: { locale: '', text: '' }, user: '' };
    for (const stream of [0, 1, 1, 2, 63]) notices.alarm({ stream, ...state });
    assert.deepEqual(
      alarms.all().map(({ stream }) => stream),
      [0, 1],
    );
  });

  test('cannot report more than thirty strangers a minute', () => {
    const { notices } = childHandlers(hooks, new PasswordCheck(new Map()), () => false, new AlarmMemory(1));
    for (let i = 0; i < 1000; i++) notices.refusedCertificate({ certificate: toBase64Url(certificate) });
    // The clock's minute may have turned in between.
    assert.ok(strangers.length === 30 || strangers.length === 60, `${strangers.length}`);
  });
});

test('the share of a minute comes back with the next one', () => {
  let now = 0;
  const limit = new RateLimit(2, 60_000, () => now);
  assert.deepEqual([limit.take(), limit.take(), limit.take()], [true, true, false]);
  now = 60_000;
  assert.deepEqual([limit.take(), limit.take(), limit.take()], [true, true, false]);
});
