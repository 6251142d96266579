import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fabricNetwork } from '../support/fabric-network.ts';
import { seenBy, send } from '../support/ledger-network.ts';
import { anchoredNumbers, Follower, openScene, untilCommitted } from './scene.ts';

const network = await fabricNetwork({ after });

test('while the orderer is down nothing is committed and everything is read; back again the same bytes go through once', async (t) => {
  const scene = await openScene({ after: (clean) => t.after(clean) }, network);
  const { owner, manufacturer, channel, anchor, from } = scene;
  const follower = new Follower(manufacturer, from);
  const first = await send(owner, 'anchor', await anchor(0));
  await network.stop('orderer');
  const prepared = await owner.prepare('anchor', await anchor(1));
  const before = await owner.lastBlock();
  await assert.rejects(owner.submit(prepared), (error: { kind: string; code: string; details: object }) => {
    assert.deepEqual([error.kind, error.code, error.details], ['Unavailable', 'NOT_ORDERED', { stage: 'submit' }]);
    return true;
  });
  assert.equal(await owner.statusOf(prepared.txId), undefined);
  assert.deepEqual(await owner.lastBlock(), before);
  assert.deepEqual(await owner.statusOf(first.txId), first);
  assert.equal(await owner.query('batch', { channel, n: 1 }), undefined);
  const back = network.start('orderer');
  const codes: string[] = [];
  const commit = await untilCommitted(() => owner.submit(prepared), codes);
  await back;
  assert.deepEqual(new Set(codes), new Set(codes.length === 0 ? [] : ['NOT_ORDERED']));
  assert.equal(commit.txId, prepared.txId);
  assert.deepEqual(await owner.submit(prepared), commit);
  await seenBy([manufacturer], await send(owner, 'anchor', await anchor(2)));
  assert.deepEqual(await anchoredNumbers(scene, manufacturer, 3), [0, 1, 2]);
  await follower.stop();
  assert.deepEqual([follower.numbers, follower.faults], [[0, 1, 2], []]);
});

test('an orderer that dies without a word loses nothing that was committed, and takes what was not', async (t) => {
  const scene = await openScene({ after: (clean) => t.after(clean) }, network);
  const { owner, anchor } = scene;
  const commits = [await send(owner, 'anchor', await anchor(0))];
  const prepared = [await owner.prepare('anchor', await anchor(1)), await owner.prepare('anchor', await anchor(2))];
  await network.kill('orderer', 'SIGKILL');
  const outcomes = await Promise.allSettled(prepared.map((each) => owner.submit(each)));
  assert.ok(outcomes.every(({ status }) => status === 'rejected'));
  await network.start('orderer');
  for (const each of prepared) commits.push(await untilCommitted(() => owner.submit(each)));
  assert.deepEqual(await anchoredNumbers(scene, owner, 3), [0, 1, 2]);
  for (const commit of commits) assert.deepEqual(await owner.statusOf(commit.txId), commit);
});
