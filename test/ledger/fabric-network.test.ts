import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type NetworkInterfaceInfo, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { buildFabric, DevNetwork, isBuilt, organisationsWith, portCount, type UpOptions } from '../../src/ledger/index.ts';
import { lastLines } from '../../src/ledger/fabric/network/commands.ts';
import { makeOnce } from '../../src/ledger/fabric/network/files.ts';
import { Layout } from '../../src/ledger/fabric/network/layout.ts';
import { locked } from '../../src/ledger/fabric/network/lock.ts';
import { claimFolder, readNetworkFile } from '../../src/ledger/fabric/network/network-file.ts';
import { PartProcess } from '../../src/ledger/fabric/network/part-process.ts';
import { requireAddress } from '../../src/ledger/fabric/network/preconditions.ts';
import { identify, isRunning } from '../../src/ledger/fabric/network/process-identity.ts';
import { tarGz } from '../../src/ledger/fabric/network/tar.ts';

const folder = mkdtempSync(join(tmpdir(), 'dcmb-fabric-parts-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('what a network is made of is checked before anything is done', () => {
  const refused: readonly (readonly [string, UpOptions, RegExp])[] = [
    ['no owner', { organisations: ['manufacturer', 'owner'] }, /"owner" and "manufacturer"/],
    ['an organisation twice', { organisations: ['owner', 'manufacturer', 'owner'] }, /named twice/],
    ["the ordering service's name", { organisations: ['owner', 'manufacturer', 'orderer'] }, /"orderer" can't be/],
    ["the services' name", { organisations: ['owner', 'manufacturer', 'services'] }, /"services" can't be/],
    ['a name that Fabric refuses', { organisations: ['owner', 'manufacturer', 'TÜV_1'] }, /"TÜV_1" can't be/],
    ['too many organisations', { organisations: organisationsWith(15) }, /at most 16/],
    ['a port of the system', { firstPort: 1000 }, /1000 to 1013/],
    ['ports beyond the last', { firstPort: 65_530 }, /65530 to 65543/],
    ['half a port', { firstPort: 17_050.5 }, /17050.5/],
  ];
  for (const [what, options, message] of refused) {
    test(what, async () => {
      const up = DevNetwork.up({ folder: join(folder, 'refused'), binaries: join(folder, 'no-binaries'), ...options });
      await assert.rejects(up, { code: 'BAD_SETTINGS', message });
      assert.ok(!existsSync(join(folder, 'refused/network.json')));
    });
  }

  test('the ports of a network', () => {
    assert.deepEqual([2, 3, 16].map(portCount), [11, 14, 53]);
  });
});

test('a folder with something else in it is left alone', async () => {
  const other = join(folder, 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'letter.txt'), 'Dear reader');
  await assert.rejects(DevNetwork.up({ folder: other }), { code: 'NOT_A_NETWORK' });
  assert.throws(() => DevNetwork.open(other), { code: 'NO_NETWORK' });
  assert.equal(readFileSync(join(other, 'letter.txt'), 'utf8'), 'Dear reader');
});

test('a machine whose only IPv4 addresses are loopback is told what to do', () => {
  const at = (address: string, family: 'IPv4' | 'IPv6') => ({ address, family }) as NetworkInterfaceInfo;
  const loopback = [at('127.0.0.1', 'IPv4'), at('127.0.1.1', 'IPv4'), at('::1', 'IPv6')];
  const refusal = { code: 'NO_ADDRESS', message: /ip addr add 192\.0\.2\.1\/32 dev lo/ };
  assert.throws(() => requireAddress({}), refusal);
  assert.throws(() => requireAddress({ lo: loopback, eth0: [at('2001:db8::1', 'IPv6')] }), refusal);
  requireAddress({ lo: [...loopback, at('192.0.2.1', 'IPv4')] });
});

test("what a run leaves that was cut off at its very begin does not make the folder somebody else's", () => {
  const layout = new Layout(join(folder, 'begun'));
  mkdirSync(layout.folder);
  for (const name of ['lock', 'lock.4711', 'lock.over', 'lock.over.4711', 'network.json.new']) writeFileSync(join(layout.folder, name), '');
  assert.equal(claimFolder(layout, { firstPort: 20_000 }, '/bin').firstPort, 20_000);
  for (const name of ['lock.4711', 'lock.over', 'lock.over.4711']) assert.ok(layout.contents.includes(join(layout.folder, name)), name);
  assert.deepEqual(claimFolder(layout, {}, '/bin').organisations, ['owner', 'manufacturer', 'certifier1']);
  assert.throws(() => claimFolder(layout, { firstPort: 20_001 }, '/bin'), { code: 'SETTINGS_DIFFER' });
});

test('settings that are damaged, or of another program, are told', () => {
  const layout = new Layout(join(folder, 'damaged'));
  mkdirSync(layout.folder);
  const settings = { v: 0, channel: 'dcmb', organisations: ['owner', 'manufacturer'], firstPort: 20_000 };
  const refused = { code: 'NOT_A_NETWORK', message: /network\.json is damaged, or of another program\. Take another folder/ };
  const others = ['', '{"name":"other"}', JSON.stringify({ settings: { ...settings, firstPort: 80 }, binaries: '/bin' })];
  for (const text of [...others, JSON.stringify({ settings: { ...settings, organisations: [1] }, binaries: '/bin' })]) {
    writeFileSync(layout.settings, text);
    assert.throws(() => DevNetwork.open(layout.folder), refused);
    assert.throws(() => claimFolder(layout, {}, '/bin'), refused);
  }
  writeFileSync(layout.settings, JSON.stringify({ settings, binaries: '/bin' }));
  assert.deepEqual(readNetworkFile(layout), { settings, binaries: '/bin' });
});

describe("Fabric's commands", () => {
  const path = process.env['PATH'] ?? '';
  after(() => (process.env['PATH'] = path));

  /** Puts a program called `go` in front of all others, which runs this script. */
  function pretendGo(name: string, script: string): void {
    const bin = join(folder, name);
    mkdirSync(bin);
    writeFileSync(join(bin, 'go'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, 'go'), 0o755);
    process.env['PATH'] = `${bin}${delimiter}${path}`;
  }

  test('no Go is said with what is needed', async () => {
    process.env['PATH'] = join(folder, 'nowhere');
    await assert.rejects(buildFabric(join(folder, 'none')), { code: 'GO_MISSING', message: /Go 1\.24 or later .*no working "go"/ });
  });

  test('a Go that is too old is named', async () => {
    pretendGo('old', 'echo go1.22.5');
    await assert.rejects(buildFabric(join(folder, 'none')), { code: 'GO_MISSING', message: /the one on the PATH is go1\.22\.5/ });
  });

  test("a build that fails is told with Go's words, and counts as none", async () => {
    pretendGo('failing', 'case "$1" in env) echo go1.24;; *) echo "dial tcp: no route to the proxy" >&2; exit 1;; esac');
    await assert.rejects(buildFabric(join(folder, 'none')), { code: 'BUILD_FAILED', message: /no route to the proxy/ });
    assert.ok(!isBuilt(join(folder, 'none')));
  });

  test('are built once, with progress, and anew where one of them is missing', async () => {
    const commands = 'configtxgen cryptogen orderer osnadmin peer';
    const install = `echo crypto/tls >&2; echo google.golang.org/grpc >&2; for each in ${commands}; do : > "$GOBIN/$each"; done`;
    const list = 'echo "go: downloading a v1" >&2; echo crypto/tls; echo google.golang.org/grpc; echo fmt';
    pretendGo('good', `case "$1" in env) echo go1.26.1;; list) ${list};; install) ${install};; esac`);
    const binaries = join(folder, 'binaries');
    const told: string[] = [];
    await buildFabric(binaries, ({ text }) => told.push(text));
    assert.deepEqual(told, [
      'Fabric: fetching modules',
      'Fabric: fetching modules, 1 so far',
      'Fabric: compiling, 1 of at most 3 packages',
      'Fabric: compiling, 2 of at most 3 packages',
    ]);
    assert.ok(isBuilt(binaries));
    await buildFabric(binaries, ({ text }) => assert.fail(text));
    rmSync(join(binaries, 'peer'));
    assert.ok(!isBuilt(binaries));
    await buildFabric(binaries);
    assert.ok(isBuilt(binaries));
  });
});

describe('a process', () => {
  test('is known by number and start: neither alone is enough', async () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    const identity = identify(child.pid ?? 0);
    assert.ok(identity !== undefined && isRunning(identity));
    assert.ok(!isRunning({ ...identity, start: `${identity.start}1` }));
    assert.ok(!isRunning({ ...identity, pid: process.pid }));
    child.kill('SIGKILL');
    await once(child, 'close');
    assert.ok(!isRunning(identity));
  });

  function part(name: string, script: string): PartProcess {
    const files = { folder: join(folder, name), log: join(folder, `${name}.log`), processFile: join(folder, `${name}.process`) };
    return new PartProcess({ name, program: '/bin/sh', args: ['-c', script], variables: { COLOUR: 'red' }, ...files });
  }

  test('that does not end when asked is killed after its time, and told so', async () => {
    const stubborn = part('stubborn', 'trap "" TERM; echo ready; while :; do sleep 0.05; done');
    stubborn.start();
    await stubborn.ready(() => Promise.resolve(readFileSync(stubborn.part.log, 'utf8').includes('ready')), 10_000);
    assert.equal(await stubborn.stop(300), true);
    assert.equal(stubborn.running(), undefined);
  });

  test(
    'of which the file is damaged is found, by its words and its folder, and stopped',
    { skip: process.platform !== 'linux' },
    async () => {
      const [one, same] = [part('damaged', 'while :; do sleep 0.05; done'), part('same-words', 'while :; do sleep 0.05; done')];
      for (const each of [one, same]) each.start();
      const identity = one.running();
      await one.ready(() => Promise.resolve(readFileSync(`/proc/${identity?.pid}/cmdline`, 'utf8').includes('while')), 10_000);
      for (const text of ['', 'null', '{"pid":0,"start":""}']) {
        writeFileSync(one.part.processFile, text);
        assert.deepEqual(one.running(), identity);
      }
      assert.equal(await one.stop(), false);
      assert.ok(identity !== undefined && !isRunning(identity));
      writeFileSync(one.part.processFile, '');
      assert.equal(one.running(), undefined);
      assert.ok(same.running() !== undefined);
      await same.stop();
    },
  );

  test('gets the variables given to it and none of the network but these', async () => {
    process.env['CORE_PEER_ADDRESS'] = '192.0.2.1:7051';
    const shown = part('shown', 'env');
    shown.start();
    while (shown.running() !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    delete process.env['CORE_PEER_ADDRESS'];
    const text = readFileSync(shown.part.log, 'utf8');
    assert.match(text, /^COLOUR=red$/m);
    assert.doesNotMatch(text, /CORE_/);
  });

  test('that ends, or stays silent, is told with the end of its log', async () => {
    const ending = part('ending', 'echo "no such key"; exit 3');
    ending.start();
    await assert.rejects(
      ending.ready(() => Promise.resolve(false), 10_000),
      { code: 'PART_FAILED', message: /ending ended.*no such key$/ },
    );
    const silent = part('silent', 'sleep 60');
    silent.start();
    await assert.rejects(
      silent.ready(() => Promise.resolve(false), 50),
      { code: 'PART_FAILED', message: /silent did not answer.*\(nothing\)$/ },
    );
    assert.equal(await silent.stop(), false);
  });
});

test("one process at a time changes a network, and one that died stands in nobody's way", async () => {
  const lock = join(folder, 'locked/lock');
  await locked(lock, async () => {
    await assert.rejects(
      locked(lock, () => Promise.resolve()),
      { code: 'NETWORK_BUSY', message: new RegExp(`Process ${process.pid} `) },
    );
  });
  assert.ok(!existsSync(lock));
  writeFileSync(lock, JSON.stringify({ pid: process.pid, start: 'before the machine was started anew' }));
  assert.equal(await locked(lock, () => Promise.resolve('mine')), 'mine');
});

test("a lock that is empty is nobody's, and one that was taken meanwhile is left to whom it belongs", async () => {
  const lock = join(folder, 'emptied/lock');
  mkdirSync(join(folder, 'emptied'));
  writeFileSync(lock, '');
  await locked(lock, () => Promise.resolve(writeFileSync(lock, 'of another')));
  assert.equal(readFileSync(lock, 'utf8'), 'of another');
});

test('of processes that find the lock of a dead one at the same time, one takes it over', async () => {
  const lock = join(folder, 'raced/lock');
  mkdirSync(join(folder, 'raced'));
  const racer = join(import.meta.dirname, 'lock-racer.ts');
  for (let round = 0; round < 2; round++) {
    writeFileSync(lock, JSON.stringify({ pid: 1, start: 'before' }));
    const at = `${Date.now() + 700}`;
    const racers = Array.from({ length: 4 }, () => spawn(process.execPath, [racer, lock, at], { stdio: ['ignore', 'pipe', 'inherit'] }));
    const said = await Promise.all(racers.map(async ({ stdout }) => (await stdout.setEncoding('utf8').toArray()).join('')));
    assert.ok(said.includes('worked'), said.join());
    assert.deepEqual(
      [...new Set(said)].filter((each) => each !== 'worked' && each !== 'NETWORK_BUSY'),
      [],
    );
    assert.ok(!existsSync(lock));
  }
});

test('a file that was begun and not finished is made anew', async () => {
  const file = join(folder, 'once');
  const interrupted = makeOnce(file, async (temporary) => {
    writeFileSync(temporary, 'half');
    throw new Error('power cut');
  });
  await assert.rejects(interrupted, /power cut/);
  await makeOnce(file, async (temporary) => writeFileSync(temporary, 'whole', { flag: 'wx' }));
  await makeOnce(file, () => assert.fail('made twice'));
  assert.equal(readFileSync(file, 'utf8'), 'whole');
});

test('a package depends on names and contents alone, and tar reads it', () => {
  const files = [
    { name: 'metadata.json', content: Buffer.from('{"type":"ccaas"}') },
    { name: 'code.tar.gz', content: Buffer.alloc(1024, 7) },
  ];
  assert.deepEqual(tarGz(files), tarGz(files.toReversed()));
  const archive = join(folder, 'package.tar.gz');
  writeFileSync(archive, tarGz(files));
  assert.equal(execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' }), 'code.tar.gz\nmetadata.json\n');
  assert.deepEqual(execFileSync('tar', ['-xzOf', archive, 'code.tar.gz']), Buffer.alloc(1024, 7));
});

test('of what a command said, the last lines are told', () => {
  assert.equal(lastLines('one\n\ntwo\nthree\n', 2), 'two | three');
});

test('docs/fabric-network.md says what to do for every code, and each is expected by a test', () => {
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
  const codesIn = (text: string, quote: string): string[] =>
    [...text.matchAll(new RegExp(`${quote}([A-Z]+_[A-Z_]+)${quote}`, 'g'))].map((match) => match[1] ?? '');
  const codes = codesIn(read('../../src/ledger/fabric/network/errors.ts'), "'");
  const tables = read('../../docs/fabric-network.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  assert.deepEqual(
    tables.flatMap((line) => codesIn(line.split('|')[1] ?? '', '`')),
    codes,
  );
  const tests = ['./fabric-network.test.ts', '../fabric/network.test.ts', '../fabric/network-cut-off.test.ts'].map(read).join('');
  assert.deepEqual(
    codes.filter((code) => !codesIn(tests, "'").includes(code)),
    [],
  );
});
