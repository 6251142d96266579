import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import type { Ledger } from '../../src/ledger/index.ts';
import { PeerGateway } from '../../src/ledger/fabric/peer-gateway.ts';
import { fabricNetwork } from '../support/fabric-network.ts';
import { seenBy, send } from '../support/ledger-network.ts';
import { until } from '../support/until.ts';
import { anchoredNumbers, Follower, openScene, type Scene, untilCommitted } from './scene.ts';

// Two organisations, of which a transaction needs both.
const network = await fabricNetwork({ after }, { organisations: ['owner', 'manufacturer'] });

const PATIENCE = { discoveryMs: 1_000, awayMs: 1_000, evaluateMs: 5_000 };

const opened = (t: TestContext): Promise<Scene> => openScene({ after: (clean) => t.after(clean) }, network, PATIENCE);

/** Batch 0 by two different transactions, for the transaction that was sent again is one. */
async function onceOnLedger(scene: Scene, ledger: Ledger): Promise<void> {
  const body = await scene.anchor(1);
  // Its connection may not have noticed yet that the peer is back.
  await seenBy([ledger], await untilCommitted(() => send(scene.owner, 'anchor', body)));
  assert.deepEqual(await anchoredNumbers(scene, ledger, 2), [0, 1]);
}

test("while another organisation's peer is down nothing is endorsed, and everything is read; then it goes on", async (t) => {
  const scene = await opened(t);
  const { owner, channel, anchor } = scene;
  const body = await anchor(0);
  await network.kill('peer-manufacturer', 'SIGKILL');
  for (let attempt = 0; attempt < 3; attempt++) {
    await assert.rejects(owner.prepare('anchor', body), (error: { kind: string; code: string; details: object }) => {
      assert.deepEqual([error.kind, error.code, error.details], ['Unavailable', 'NOT_ENDORSED', { stage: 'endorse' }]);
      return true;
    });
  }
  assert.equal(await owner.query('batch', { channel, n: 0 }), undefined);
  assert.ok((await owner.lastBlock()).number >= scene.from - 1);
  await network.start('peer-manufacturer');
  const codes: string[] = [];
  await untilCommitted(async () => send(owner, 'anchor', body), codes);
  assert.deepEqual(new Set(codes), new Set(codes.length === 0 ? [] : ['NOT_ENDORSED']));
  await onceOnLedger(scene, await scene.open('manufacturer'));
});

test('while the own peer is down every call says so, and a follower is told once it lasts; then all goes on', async (t) => {
  const scene = await opened(t);
  const { owner, channel, anchor, from } = scene;
  const follower = new Follower(owner, from);
  const prepared = await owner.prepare('anchor', await anchor(0));
  await network.kill('peer-owner', 'SIGKILL');
  const calls = [
    () => owner.prepare('registerKey', {}),
    () => owner.submit(prepared),
    () => owner.statusOf(prepared.txId),
    () => owner.query('batch', { channel, n: 0 }),
    () => owner.lastBlock(),
    () => owner.blocks(0),
    () => scene.open('owner'),
  ];
  for (const call of calls) await assert.rejects(call(), { kind: 'Unavailable', code: 'LEDGER_UNAVAILABLE' });
  await until('the follower is told', () => follower.faults.length > 0);
  assert.equal((follower.faults[0] as { code: string }).code, 'LEDGER_UNAVAILABLE');
  await network.start('peer-owner');
  assert.equal((await untilCommitted(() => owner.submit(prepared))).txId, prepared.txId);
  await onceOnLedger(scene, owner);
});

test('a peer that is back within the bound is not missed by a follower', async (t) => {
  const scene = await openScene({ after: (clean) => t.after(clean) }, network, { awayMs: 60_000 });
  const { owner, anchor, from } = scene;
  const follower = new Follower(owner, from);
  await send(owner, 'anchor', await anchor(0));
  await network.kill('peer-owner', 'SIGKILL');
  await network.start('peer-owner');
  await untilCommitted(async () => send(owner, 'anchor', await anchor(1)));
  await untilCommitted(async () => send(owner, 'anchor', await anchor(2)));
  assert.deepEqual(await anchoredNumbers(scene, owner, 3), [0, 1, 2]);
  await until('the follower has all', () => follower.numbers.length === 3);
  await follower.stop();
  assert.deepEqual([follower.numbers, follower.faults], [[0, 1, 2], []]);
});

test('a gateway peer that dies between endorse and submit: the kept bytes are submitted when it is back', async (t) => {
  const scene = await opened(t);
  const { owner, anchor } = scene;
  const prepared = await owner.prepare('anchor', await anchor(0));
  await network.kill('peer-owner', 'SIGKILL');
  await assert.rejects(owner.submit(prepared), (error: { code: string; details: object }) => {
    // Whether the bytes had left before the connection broke, the client may know or not.
    assert.ok(['LEDGER_UNAVAILABLE', 'OUTCOME_UNKNOWN'].includes(error.code), error.code);
    assert.deepEqual(error.details, { stage: 'submit' });
    return true;
  });
  await network.start('peer-owner');
  const again = await scene.open('owner');
  const commit = await untilCommitted(() => again.submit({ txId: prepared.txId, bytes: prepared.bytes.slice() }));
  assert.equal(commit.txId, prepared.txId);
  await onceOnLedger(scene, await scene.open('manufacturer'));
});

test('a gateway peer that dies between submit and commit status: the outcome is unknown, and then the first commit', async (t) => {
  const scene = await opened(t);
  const { owner, anchor } = scene;
  const prepared = await owner.prepare('anchor', await anchor(0));
  const mocked = t.mock.method(PeerGateway.prototype, 'commitStatus', async function (this: PeerGateway, question: Uint8Array) {
    await network.kill('peer-owner', 'SIGKILL');
    mocked.mock.restore();
    return this.commitStatus(question);
  });
  await assert.rejects(owner.submit(prepared), { kind: 'Unavailable', code: 'OUTCOME_UNKNOWN', details: { stage: 'commitStatus' } });
  await network.start('peer-owner');
  const again = await scene.open('owner');
  const commit = await untilCommitted(() => again.submit(prepared));
  assert.equal(commit.txId, prepared.txId);
  assert.deepEqual(await again.statusOf(prepared.txId), commit);
  await onceOnLedger(scene, await scene.open('manufacturer'));
  await assertNoRepeat(again, prepared.txId);
});

/** The bytes went to the orderers once: no later block has them as a repeat. */
async function assertNoRepeat(ledger: Ledger, txId: string): Promise<void> {
  const found = (await ledger.blocks(0)) as { data: string[] }[];
  const times = found.flatMap(({ data }) => data).filter((envelope) => Buffer.from(envelope, 'base64url').includes(txId));
  assert.equal(times.length, 1);
}
