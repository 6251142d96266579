import assert from 'node:assert/strict';
import { readdirSync, readFileSync, mkdtempSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { canonicalJson } from '../../src/core/index.ts';
import { loadConnectionProfile } from '../../src/ledger/fabric/connection-profile.ts';
import { loadFabricIdentity } from '../../src/ledger/fabric/identity.ts';
import { PATIENCE } from '../../src/ledger/fabric/patience.ts';
import { PeerGateway } from '../../src/ledger/fabric/peer-gateway.ts';
import { validUntil } from '../support/certificates.ts';
import { fabricNetwork } from '../support/fabric-network.ts';
import { openScene } from './scene.ts';

const network = await fabricNetwork({ after });

/** The owner's user once more, with a certificate that has expired since a minute. */
function expiredMsp(t: TestContext): string {
  const msp = join(mkdtempSync(join(tmpdir(), 'dcmb-expired-')), 'msp');
  t.after(() => rmSync(join(msp, '..'), { recursive: true }));
  cpSync(network.msp('owner'), msp, { recursive: true });
  const [name = ''] = readdirSync(join(msp, 'signcerts'));
  const file = join(msp, 'signcerts', name);
  const ca = join(network.folder, 'crypto', 'peerOrganizations', 'owner.dcmb.test', 'ca', 'priv_sk');
  writeFileSync(file, validUntil(readFileSync(file, 'utf8'), new Date(Date.now() - 60_000), readFileSync(ca, 'utf8')));
  return msp;
}

test('a certificate that has expired prepares nothing, and what it prepared before is spent, not retried for ever', async (t) => {
  const scene = await openScene({ after: (clean) => t.after(clean) }, network);
  const { owner, chaincode, open } = scene;
  const msp = expiredMsp(t);
  const body = await scene.anchor(0);
  await assert.rejects((await open('owner', { msp })).prepare('anchor', body), {
    kind: 'Unavailable',
    code: 'BAD_IDENTITY',
    message: /expired at 20/,
  });
  // As if it had been prepared in time.
  const [peer] = (await loadConnectionProfile(network.profile('owner'), 'owner')).peers;
  assert.ok(peer !== undefined);
  const identity = await loadFabricIdentity('owner', { msp });
  const gateway = new PeerGateway({ peer, identity, fabricChannel: network.channel, patience: PATIENCE });
  t.after(() => gateway.close());
  const prepared = await gateway.endorse({ chaincode, name: 'execute', args: ['anchor', canonicalJson(body)] });
  for (let i = 0; i < 2; i++) await assert.rejects(owner.submit(prepared), { kind: 'Unavailable', code: 'INVALIDATED' });
  assert.equal(await owner.statusOf(prepared.txId), undefined);
  const anew = await owner.prepare('anchor', body);
  assert.equal((await owner.submit(anew)).txId, anew.txId);
  await assert.rejects(owner.submit(prepared), { kind: 'Rejected', code: 'NUMBER_TAKEN' });
});

test('nothing is signed that was not proposed', async (t) => {
  const scene = await openScene({ after: (clean) => t.after(clean) }, network);
  const { requireProposed } = await import('../../src/ledger/fabric/prepared.ts');
  const [first, second] = [await scene.anchor(0), await scene.anchor(1)];
  const { txId, bytes } = await scene.owner.prepare('anchor', first);
  const call = { chaincode: scene.chaincode, name: 'execute', args: ['anchor', canonicalJson(first)] };
  requireProposed(bytes, txId, network.channel, call);
  const others: Parameters<typeof requireProposed>[] = [
    [bytes, '0'.repeat(64), network.channel, call],
    [bytes, txId, 'another', call],
    [bytes, txId, network.channel, { ...call, chaincode: 'another' }],
    [bytes, txId, network.channel, { ...call, name: 'genesis' }],
    [bytes, txId, network.channel, { ...call, args: ['anchor', canonicalJson(second)] }],
    [bytes, txId, network.channel, { ...call, args: ['anchor'] }],
  ];
  for (const each of others) assert.throws(() => requireProposed(...each), { kind: 'Unavailable', code: 'NOT_ENDORSED' });
});

test('a refusal by a peer that lacks blocks that were seen is not believed', async (t) => {
  const scene = await openScene({ after: (clean) => t.after(clean) }, network);
  const { manufacturer } = scene;
  const body = await scene.anchor(0);
  await assert.rejects(manufacturer.prepare('anchor', body), { kind: 'Rejected', code: 'WRONG_CREATOR' });
  const last = await manufacturer.lastBlock();
  const stop = new AbortController();
  // The module's store remembers a block that the chain of this peer does not have.
  const following = (async () => {
    for await (const { txId } of manufacturer.events(last.number + 5, stop.signal)) assert.fail(txId);
  })();
  await assert.rejects(manufacturer.prepare('anchor', body), { kind: 'Unavailable', code: 'LEDGER_UNAVAILABLE' });
  stop.abort();
  await following;
});
