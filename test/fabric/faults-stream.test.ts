import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { toBase64Url } from '../../src/core/index.ts';
import { type DevNetwork, openFabricLedger } from '../../src/ledger/index.ts';
import { fabricNetwork } from '../support/fabric-network.ts';
import { send, TEST_MODULE, testSigner } from '../support/ledger-network.ts';
import { pause } from '../support/pause.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { Follower, openScene, peerPort, profileOf, type Scene } from './scene.ts';

const network: DevNetwork = await fabricNetwork({ after }, { organisations: ['owner', 'manufacturer'] });

/** A handle whose way to the manufacturer's peer leads over proxies that can fail, as over several peers. */
async function overProxies(t: TestContext, scene: Scene, count: number) {
  const target = await peerPort(network, 'manufacturer');
  const proxies = await Promise.all(Array.from({ length: count }, () => TcpProxy.start(target)));
  const clean = { after: (work: () => Promise<void>) => t.after(work) };
  const ports = proxies.map(({ port }) => port);
  const profile = await profileOf(clean, network, 'manufacturer', ports);
  const ledger = await openFabricLedger({ ...scene.access('manufacturer'), profile, patience: { awayMs: 60_000, evaluateMs: 3_000 } });
  t.after(async () => {
    await ledger.close();
    for (const proxy of proxies) await proxy.stop().catch(() => undefined);
  });
  return { ledger, proxies };
}

test('a stream that is cut again and again gives every event once, in order, and its reader notices nothing', async (t) => {
  const scene = await openScene({ after: (clean) => t.after(clean) }, network);
  const { ledger, proxies } = await overProxies(t, scene, 1);
  const [proxy] = proxies;
  const follower = new Follower(ledger, scene.from);
  for (let n = 0; n < 8; n++) {
    await send(scene.owner, 'anchor', await scene.anchor(n));
    if (n % 2 === 0) await proxy?.cut();
    else await proxy?.restore();
  }
  await until('all events came', () => follower.events.length >= 8);
  await follower.stop();
  assert.deepEqual([follower.numbers, follower.faults], [[0, 1, 2, 3, 4, 5, 6, 7], []]);
});

test('with several peers a stream and calls go on at the next one', async (t) => {
  const scene = await openScene({ after: (clean) => t.after(clean) }, network);
  const { ledger, proxies } = await overProxies(t, scene, 3);
  const follower = new Follower(ledger, scene.from);
  for (let n = 0; n < 6; n++) {
    await send(scene.owner, 'anchor', await scene.anchor(n));
    await until('the event came', () => follower.events.length === n + 1);
    // One after the other goes, and the one before comes back.
    await proxies[n % 3]?.cut();
    if (n > 0) await proxies[(n - 1) % 3]?.restore();
    assert.notEqual(await ledger.query('channel', { channel: scene.channel }), undefined);
    const body = { key: toBase64Url(testSigner(`key ${n}`).publicKey), module: TEST_MODULE, attestation: 'none' };
    const code = await send(ledger, 'registerKey', body).then(
      () => 'committed',
      (error: { code: string }) => error.code,
    );
    assert.ok(['committed', 'OUTCOME_UNKNOWN'].includes(code), code);
    await pause(50);
    follower.events.splice(0, Infinity, ...follower.events.filter(({ event }) => event.kind === 'anchor'));
  }
  await follower.stop();
  assert.deepEqual([follower.numbers, follower.faults], [[0, 1, 2, 3, 4, 5], []]);
});

test('a connection that hangs without a word is given up for another peer', async (t) => {
  const scene = await openScene({ after: (clean) => t.after(clean) }, network);
  const { ledger, proxies } = await overProxies(t, scene, 2);
  const follower = new Follower(ledger, scene.from);
  await send(scene.owner, 'anchor', await scene.anchor(0));
  await until('the stream runs', () => follower.events.length === 1);
  proxies[0]?.freeze();
  await send(scene.owner, 'anchor', await scene.anchor(1));
  await until('the other peer gave the event', () => follower.events.length === 2);
  await follower.stop();
  assert.deepEqual([follower.numbers, follower.faults], [[0, 1], []]);
});

test('while no peer is there a reader is told in one sentence, and goes on where it was', async (t) => {
  const scene = await openScene({ after: (clean) => t.after(clean) }, network);
  const { proxies, ledger } = await overProxies(t, scene, 1);
  await ledger.close();
  const profile = await profileOf(
    { after: (clean) => t.after(clean) },
    network,
    'manufacturer',
    proxies.map(({ port }) => port),
  );
  const impatient = await scene.open('manufacturer', { profile, patience: { awayMs: 500 } });
  const follower = new Follower(impatient, scene.from);
  await send(scene.owner, 'anchor', await scene.anchor(0));
  await until('the stream runs', () => follower.events.length === 1);
  await proxies[0]?.cut();
  await until('it was told', () => follower.faults.length === 1);
  const fault = follower.faults[0] as { kind: string; code: string; details: object };
  assert.deepEqual([fault.kind, fault.code, fault.details], ['Unavailable', 'LEDGER_UNAVAILABLE', { stage: 'events' }]);
  await send(scene.owner, 'anchor', await scene.anchor(1));
  await proxies[0]?.restore();
  const next = (follower.events[0]?.block.number ?? 0) + 1;
  const again = new Follower(impatient, next);
  await until('the rest came', () => again.events.length === 1);
  await again.stop();
  assert.deepEqual(again.numbers, [1]);
});
