import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fabricNetwork } from '../support/fabric-network.ts';
import { toBase64Url } from '../../src/core/index.ts';
import { send, TEST_MODULE, testSigner } from '../support/ledger-network.ts';
import { anchoredNumbers, openScene, untilCommitted } from './scene.ts';

const network = await fabricNetwork({ after }, { organisations: ['owner', 'manufacturer'] });
const PATIENCE = { discoveryMs: 1_000, lagMs: 1_000 };

test('while the chaincode service is away nothing is endorsed or read from it; what was endorsed is committed all the same', async (t) => {
  const scene = await openScene({ after: (clean) => t.after(clean) }, network, PATIENCE);
  const { owner, channel, anchor } = scene;
  const prepared = await owner.prepare('anchor', await anchor(0));
  await network.kill('evidence', 'SIGKILL');
  try {
    const code = (expected: string) => (error: { kind: string; code: string }) => {
      assert.deepEqual([error.kind, error.code], ['Unavailable', expected]);
      return true;
    };
    await assert.rejects(owner.prepare('anchor', await anchor(1)), code('NOT_ENDORSED'));
    await assert.rejects(owner.query('batch', { channel, n: 0 }), code('LEDGER_UNAVAILABLE'));
    const commit = await owner.submit(prepared);
    assert.deepEqual(await owner.statusOf(prepared.txId), commit);
  } finally {
    await network.start('evidence');
  }
  await untilCommitted(async () => send(owner, 'anchor', await anchor(1)));
  assert.notEqual(await owner.query('batch', { channel, n: 0 }), undefined);
  assert.deepEqual(await anchoredNumbers(scene, owner, 2), [0, 1]);
});

test('while the certification service is away an anchor is not endorsed, and the error names that service', async (t) => {
  const { owner, anchor } = await openScene({ after: (clean) => t.after(clean) }, network, PATIENCE);
  const body = await anchor(0);
  await network.stop('certification');
  try {
    await assert.rejects(owner.prepare('anchor', body), (error: Error & { kind: string; code: string }) => {
      assert.deepEqual([error.kind, error.code], ['Unavailable', 'CERTIFICATION_UNAVAILABLE']);
      assert.match(error.message, /See that its service runs/);
      return true;
    });
  } finally {
    await network.start('certification');
  }
  await untilCommitted(() => send(owner, 'anchor', body));
});

test('of two transactions for one number, both endorsed, the first in a block has it, and the contract says so to the other', async (t) => {
  const scene = await openScene({ after: (clean) => t.after(clean) }, network);
  const { owner, anchor, channel, open } = scene;
  const twin = await open('owner');
  for (let n = 0; n < 4; n++) {
    const [a, b] = [await owner.prepare('anchor', await anchor(n, 1)), await twin.prepare('anchor', await anchor(n, 2))];
    const outcomes = await Promise.allSettled([owner.submit(a), twin.submit(b)]);
    const [lost, ...others] = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as { code: string }] : []));
    assert.deepEqual([lost?.code, others.length], ['NUMBER_TAKEN', 0]);
    const won = outcomes[0].status === 'fulfilled' ? a : b;
    const statuses = await Promise.all([a, b].map(async ({ txId }) => (await owner.statusOf(txId))?.txId));
    assert.deepEqual(
      statuses,
      [a, b].map(({ txId }) => (txId === won.txId ? txId : undefined)),
    );
    // The loser's bytes say the same for ever, also to another process.
    const loser = won === a ? b : a;
    await assert.rejects((await open('owner')).submit(loser), { kind: 'Rejected', code: 'NUMBER_TAKEN' });
    assert.notEqual(await owner.query('batch', { channel, n }), undefined);
  }
  assert.deepEqual(await anchoredNumbers(scene, owner, 4), [0, 1, 2, 3]);
});

test('a transaction that conflicts with another, and that the contract has nothing against, is spent and can be prepared anew', async (t) => {
  const scene = await openScene({ after: (clean) => t.after(clean) }, network);
  const { owner, anchor, bench } = scene;
  // Both write the list of the owner's keys in use; a later one for each is fine.
  const keys = ['next', 'one more'].map((name) => toBase64Url(testSigner(name).publicKey));
  for (const key of keys) await send(owner, 'registerKey', { key, module: TEST_MODULE, attestation: 'none' });
  const use = (key: string, from: number) => owner.prepare('useKey', { channel: bench.channel, key, from });
  const [first, second] = [await use(keys[0]!, 5), await use(keys[1]!, 9)];
  await owner.submit(first);
  await assert.rejects(owner.submit(second), (error: { kind: string; code: string; details: object }) => {
    assert.deepEqual([error.kind, error.code, error.details], ['Unavailable', 'INVALIDATED', { stage: 'commitStatus', code: 11 }]);
    return true;
  });
  await assert.rejects(owner.submit(second), { code: 'INVALIDATED' });
  assert.equal(await owner.statusOf(second.txId), undefined);
  await owner.submit(await use(keys[1]!, 9));
  assert.equal(((await owner.query('keyUses', { channel: bench.channel, role: 'owner' })) as object[]).length, 3);
  await send(owner, 'anchor', await anchor(0));
});
