import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { DevNetwork, portCount } from '../../src/ledger/index.ts';
import { FABRIC_BINARIES, fabricNetwork, freshEvidence } from '../support/fabric-network.ts';
import { freePorts } from '../support/free-ports.ts';
import { DCMB } from '../cli/program.ts';

const parent = mkdtempSync(join(tmpdir(), 'dcmb-fabric-cut-'));
const folder = join(parent, 'network');
const firstPort = await freePorts(portCount(2));

after(async () => {
  if (existsSync(join(folder, 'network.json'))) await DevNetwork.open(folder).reset();
  rmSync(parent, { recursive: true, force: true });
});

/** Begins to bring the network up, and stops reading its progress at a line that has this in it. */
async function upUntil(line: RegExp): Promise<ChildProcess> {
  const args = ['fabric', 'up', '--folder', folder, '--binaries', FABRIC_BINARIES, '--certifiers', '0', '--first-port', `${firstPort}`];
  const child = spawn(process.execPath, [DCMB, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  for await (const each of createInterface(child.stderr)) {
    said.push(each);
    if (line.test(each)) return child;
  }
  throw new Error(`The network came up without saying ${line.source}: ${said.join(' ')}`);
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

const up = () => DevNetwork.up({ folder, binaries: FABRIC_BINARIES, organisations: ['owner', 'manufacturer'], firstPort });

test('a port that somebody else has is named with the part that needs it', async () => {
  const other = createServer().listen(firstPort + 4, '127.0.0.1');
  await once(other, 'listening');
  await assert.rejects(up(), { code: 'PORT_TAKEN', message: new RegExp(`Port ${firstPort + 4}, for the network's evidence,`) });
  other.close();
  await once(other, 'close');
});

// What a run before has made already is told in other words.
for (const line of [/eys, certificates/, /^Starting|^All parts/, /the Fabric channel/, /chaincodes/]) {
  test(`a run killed at "${line.source}" leaves nothing that is in the way of the next`, async () => {
    const child = await upUntil(line);
    await assert.rejects(DevNetwork.open(folder).down(), { code: 'NETWORK_BUSY' });
    await killed(child);
  });
}

test('the run after them finds what is there, and ends with a network that works', async () => {
  const network = await up();
  await freshEvidence(network);
});

test('a network with a folder in use goes on with its own settings only', async () => {
  const other = DevNetwork.up({ folder, binaries: FABRIC_BINARIES, firstPort: firstPort + 1 });
  await assert.rejects(other, { code: 'SETTINGS_DIFFER', message: /made for owner, manufacturer on ports from/ });
});

test('only what the network has started is stopped, whatever numbers its files hold', async () => {
  const network = DevNetwork.open(folder);
  await network.stop('certification');
  const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
  const file = join(folder, 'run/evidence');
  const own = JSON.parse(readFileSync(file, 'utf8')) as { pid: number; start: string };
  // As after a restart of the machine: the number is somebody else's now.
  writeFileSync(join(folder, 'run/certification'), JSON.stringify({ ...own, pid: stranger.pid }));
  assert.deepEqual(await network.down(), []);
  assert.equal(stranger.exitCode ?? stranger.signalCode, null);
  assert.ok(process.kill(stranger.pid ?? 0, 0));
  stranger.kill('SIGKILL');
  await once(stranger, 'close');
});

test('a reset network leaves no file and no listener, and its folder can be used anew', async () => {
  const network = await up();
  const before = network.genesisBlockHash();
  await network.reset();
  assert.ok(!existsSync(folder));
  assert.throws(() => DevNetwork.open(folder), { code: 'NO_NETWORK' });
  assert.notEqual((await up()).genesisBlockHash(), before);
});

test('two networks side by side do not meet', async (t) => {
  const [one, other] = [await up(), await fabricNetwork(t, { organisations: ['owner', 'manufacturer'] })];
  await Promise.all([freshEvidence(one), freshEvidence(other)]);
  await one.down();
  assert.ok((await other.status()).every(({ state }) => state === 'running'));
  await freshEvidence(other);
});
