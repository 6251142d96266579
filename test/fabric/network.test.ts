import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Genesis } from '../../src/contract/index.ts';
import { canonicalJson, fromUtf8 } from '../../src/core/index.ts';
import { DevNetwork, portCount } from '../../src/ledger/index.ts';
import { FABRIC_BINARIES, fabricNetwork, freshEvidence } from '../support/fabric-network.ts';
import { listenersOf } from '../support/listeners.ts';

const textOf = (genesis: Genesis): string => fromUtf8(canonicalJson(genesis));
const network = await fabricNetwork({ after });

test('a network runs an orderer, a peer for each organisation, and both contracts', async () => {
  const status = await network.status();
  assert.deepEqual(
    status.map(({ part, state }) => [part, state]),
    ['orderer', 'certification', 'evidence', 'peer-owner', 'peer-manufacturer', 'peer-certifier1'].map((part) => [part, 'running']),
  );
});

test('every part listens on the ports that it tells, on 127.0.0.1, and on nothing else', async () => {
  const parts = await network.status();
  for (const { part, pid = 0, ports } of parts) {
    const listeners = listenersOf(pid);
    assert.deepEqual([...new Set(listeners.map(({ protocol, address }) => `${protocol} ${address}`))], ['tcp 127.0.0.1'], part);
    assert.deepEqual(listeners.map(({ port }) => port).toSorted(), ports.toSorted(), part);
  }
  assert.equal(parts.flatMap(({ ports }) => ports).length, portCount(3));
});

test('folders with private keys are for their owner alone', () => {
  const mode = (path: string): number => statSync(path).mode & 0o777;
  assert.equal(mode(network.folder), 0o700);
  for (const name of ['crypto', 'packages', 'data', 'logs']) assert.equal(mode(join(network.folder, name)), 0o700, name);
});

test('an organisation has a profile, a client user and an admin', () => {
  for (const organisation of network.organisations) {
    const profile = JSON.parse(readFileSync(network.profile(organisation), 'utf8')) as { client: unknown };
    assert.deepEqual(profile.client, { organization: organisation });
    for (const msp of [network.msp(organisation), network.adminMsp(organisation)]) {
      for (const name of ['signcerts', 'keystore', 'cacerts']) assert.ok(existsSync(join(msp, name)), `${msp} ${name}`);
    }
  }
  assert.throws(() => network.profile('stranger'), RangeError);
});

test('one more definition is a ledger of its own, and takes its genesis once', async () => {
  const [first, second] = [await freshEvidence(network), await freshEvidence(network)];
  assert.notEqual(first.ledgerId, second.ledgerId);
  const again = network.invoke('owner', first.chaincode, ['genesis', textOf(first.genesis)]);
  await assert.rejects(again, { code: 'COMMAND_FAILED', message: /chaincode invoke.* failed/ });
  await network.deploy(second.chaincode);
});

test('a part that was killed is told as stopped, and starts again with what it had', async () => {
  const { chaincode, genesis } = await freshEvidence(network);
  await network.kill('peer-owner', 'SIGKILL');
  await network.kill('orderer', 'SIGKILL');
  const stopped = (await network.status()).filter(({ state }) => state === 'stopped').map(({ part }) => part);
  assert.deepEqual(stopped, ['orderer', 'peer-owner']);
  await Promise.all([network.start('orderer'), network.start('peer-owner')]);
  const again = network.invoke('owner', chaincode, ['genesis', textOf(genesis)]);
  await assert.rejects(again, { code: 'COMMAND_FAILED', message: /GENESIS_EXISTS/ });
});

test('a part that is halted ends in good order all the same', async () => {
  await network.kill('peer-owner', 'SIGSTOP');
  assert.equal((await network.status()).find(({ part }) => part === 'peer-owner')?.state, 'silent');
  assert.equal(await network.stop('peer-owner'), false);
  await network.start('peer-owner');
  await freshEvidence(network);
});

test('a part that cannot start is told with the end of its log', async () => {
  const [keys, away] = [join(network.folder, 'crypto/peerOrganizations/owner.dcmb.test/peers/peer.owner.dcmb.test/msp'), 'away'];
  await network.stop('peer-owner');
  renameSync(keys, `${keys}-${away}`);
  await assert.rejects(network.start('peer-owner'), { code: 'PART_FAILED', message: /peer-owner ended.*peer-owner\.log, says: .*msp/ });
  renameSync(`${keys}-${away}`, keys);
  await network.start('peer-owner');
});

test('a network that is down is brought up again as it was, from its folder alone', async () => {
  const { chaincode, genesis } = await freshEvidence(network);
  assert.deepEqual(await network.down(), []);
  assert.ok((await network.status()).every(({ state }) => state === 'stopped'));
  const told: string[] = [];
  const up = () => DevNetwork.up({ folder: network.folder, binaries: FABRIC_BINARIES, progress: ({ text }) => void told.push(text) });
  const again = await up();
  assert.equal(again.genesisBlockHash(), network.genesisBlockHash());
  const repeated = again.invoke('owner', chaincode, ['genesis', textOf(genesis)]);
  await assert.rejects(repeated, { code: 'COMMAND_FAILED', message: /GENESIS_EXISTS/ });

  // It says what it does, not what it would do for a new one.
  const [there, joined, deployed] = [/are there$/, /^Looking whether/, /are deployed$/];
  const saysOf = (lines: string[], patterns: RegExp[]) => {
    assert.equal(lines.length, patterns.length, lines.join('\n'));
    for (const [index, pattern] of patterns.entries()) assert.match(lines[index] ?? '', pattern);
  };
  saysOf(told.splice(0), [there, /^Starting orderer, .*peer-certifier1$/, joined, deployed]);
  await network.stop('peer-owner');
  await up();
  saysOf(told.splice(0), [there, /^Starting peer-owner$/, joined, deployed]);
  await up();
  saysOf(told.splice(0), [there, /^All parts run$/, joined, deployed]);
});
