import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { OPCUAClient } from 'node-opcua';
import { readOwnerConfig } from '../../src/app/index.ts';
import { type ApplicationIdentity, parseApplicationIdentity } from '../../src/server/index.ts';
import { freePorts } from '../support/free-ports.ts';
import { passwordUser, uaClient } from '../support/ua-client.ts';
import { testIdentity } from '../support/ua-server.ts';
import { CommandRunner, dcmb, passwordOf, RunningCommand, temporaryFolder, type Told } from '../cli/program.ts';

const DATA = fileURLToPath(new URL('../../examples/turbofan/held-out.csv', import.meta.url));

interface Conditions {
  readonly conditions: readonly { readonly code: number }[];
}

const showsCondition = (event: Told): boolean =>
  event.event === 'received' && (event as unknown as Conditions).conditions.some(({ code }) => code >= 0);

describe('a plant by the program alone, each module a process of its own', () => {
  const cleanUps: (() => void)[] = [];
  const folder = temporaryFolder({ after: (work) => cleanUps.push(work) });
  const plant = join(folder, 'plant');
  const owner = join(plant, 'owner/dcmb.json');
  const manufacturer = join(plant, 'manufacturer/dcmb.json');
  let port = 0;
  let serve: RunningCommand;
  let receive: RunningCommand;
  let replay: RunningCommand;
  let runner: CommandRunner;

  before(async () => {
    port = await freePorts(3);
    runner = new CommandRunner();
  });
  after(() => {
    for (const work of cleanUps) work();
  });

  test('dcmb init makes both folders, says what comes next, and lets nobody else read a key', async () => {
    const { status, stdout, stderr } = await dcmb(['init', plant, '--interval', '1s', '--epoch', '16', '--port', `${port}`]);
    assert.deepEqual([status, stderr], [0, '']);
    for (const next of [
      `serve ${owner}`,
      `receive ${manufacturer}`,
      'replay ',
      `--plc ${join(plant, 'plc')} --patient`,
      `trust list ${owner}`,
    ])
      assert.ok(stdout.includes(next), stdout);
    for (const file of ['owner/dcmb.json', 'owner/policy.json', 'owner/agreement.json', 'manufacturer/dcmb.json', 'ledger/ledger.db'])
      assert.ok(existsSync(join(plant, file)), file);
    for (const key of ['owner/keys/evidence.pem', 'manufacturer/keys/exchange.pem', 'owner/pki/ingest/own-key.pem', 'owner/passwords.txt'])
      assert.equal(statSync(join(plant, key)).mode & 0o077, 0, key);
  });

  test('dcmb nodeset export gives the address space to come, from the agreement alone the same', async () => {
    const exported = async (...args: string[]): Promise<string> => {
      const { status, stdout, stderr } = await runner.run(['nodeset', 'export', ...args]);
      assert.deepEqual([status, stderr], [0, '']);
      return stdout;
    };
    const xml = await exported(owner);
    const { machine, channels } = readOwnerConfig(owner);
    const place = ['--channel', channels[0].name, '--machine', machine.name];
    assert.match(xml, /<Uri>urn:dcmb:instance<\/Uri>/);
    const serial = /SerialNumber">[\s\S]*?<\/UAVariable>|<uax:String>[^<]*<\/uax:String>/g;
    assert.equal(
      (await exported(join(plant, 'manufacturer/agreement.json'), ...place)).replaceAll(serial, ''),
      xml.replaceAll(serial, ''),
      'but for what identifies the machine, which the agreement does not tell',
    );
  });

  test('serve, receive and replay bring a condition to the manufacturer', async () => {
    const onTheirWay = { after: (work: () => void) => cleanUps.push(work) };
    serve = new RunningCommand(onTheirWay, ['serve', owner, '--json']);
    receive = new RunningCommand(onTheirWay, ['receive', manufacturer, '--json']);
    replay = new RunningCommand(onTheirWay, ['replay', DATA, '--plc', join(plant, 'plc'), '--rate', '10', '--loop', '--patient', '--json']);
    await serve.event('that it runs', ({ event }) => event === 'running');
    await receive.event('a condition', showsCondition);
  });

  for (const [server, offset, user, home] of [
    ['ingest', 0, 'operator', 'owner'],
    ['cleared', 1, 'manufacturer', 'manufacturer'],
  ] as const) {
    test(`a stranger waits in rejected/ and gets into the ${server} server by dcmb trust add, without a restart`, async () => {
      const name = `stranger-at-${server}`;
      const own = await testIdentity(name);
      const connect = (): Promise<boolean> =>
        canLogIn(own, pinned(plant, server), `opc.tcp://localhost:${port + offset}`, user, passwordOf(join(plant, home), user));

      assert.equal(await connect(), false);
      const waiting = await runner.run(['trust', 'list', owner]);
      const listed = new RegExp(`^ {2}rejected {2}([0-9a-f]{16}) {2}${name}$`, 'm').exec(waiting.stdout);
      assert.ok(listed, waiting.stdout);
      const shown = await runner.run(['trust', 'show', owner, name]);
      assert.match(shown.stdout, new RegExp(`^${name}\n {2}list {8}${server}, rejected\n {2}SHA-256 {5}${listed[1]}[0-9a-f]{48}\n`));
      const added = await runner.run(['trust', 'add', owner, listed[1] ?? '']);
      assert.deepEqual([added.status, added.stderr], [0, '']);
      assert.match(added.stdout, new RegExp(`^${server} now trusts ${name} \\([0-9a-f]{64}\\)\n$`));
      await eventually(connect, true);

      const removed = await runner.run(['trust', 'remove', owner, name]);
      assert.match(removed.stdout, new RegExp(`^${server} no longer has ${name} `));
      await eventually(connect, false);
    });
  }

  test('Ctrl-C ends the replay, the owner and the manufacturer cleanly, everything sealed anchored and receipted', async () => {
    assert.deepEqual([await replay.interrupt(), replay.stderr], [0, '']);
    assert.deepEqual([await serve.interrupt(), serve.stderr], [0, '']);
    const stopped = serve.told.at(-1);
    assert.equal(stopped?.event, 'stopped');
    assert.ok(Number(stopped['sealed']) > 0);
    assert.deepEqual([stopped['anchored'], stopped['receipted']], [stopped['sealed'], stopped['sealed']]);
    assert.deepEqual([await receive.interrupt(), receive.stderr], [0, '']);
  });

  test('the cleared servers lasted until their modules had stopped, and no process is left', () => {
    for (const command of [serve, receive]) {
      assert.deepEqual(
        command.told.filter(({ event }) => event === 'warning' || event === 'finding' || event === 'failed'),
        [],
      );
      assert.throws(() => process.kill(-command.pid, 0), { code: 'ESRCH' });
    }
  });

  test('dcmb audit export of the owner verifies, also against what an auditor knows of the ledger', async () => {
    const file = await exported(owner);
    const { status, stdout, stderr } = await dcmb(['audit', 'verify', file]);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /PROVEN/);
    const { ledger, counts } = await report(file, 0);
    assert.deepEqual(Object.keys(counts), ['PROVEN']);
    const { number, hash } = ledger.lastBlock;
    await report(file, 0, '--ledger', ledger.id, '--block', `${number}:${hash}`);
    await report(file, 1, '--ledger', 'A'.repeat(43));
    await report(file, 1, '--block', `${number}:${'A'.repeat(43)}`);
  });

  test('dcmb audit export of the manufacturer verifies too; with one changed byte it does not, and the report names what is broken', async () => {
    const file = await exported(manufacturer);
    const { counts } = await report(file, 0);
    assert.deepEqual(Object.keys(counts), ['PROVEN']);
    const bytes = readFileSync(file);
    const at = bytes.indexOf('"payload":"') + 40;
    bytes[at] = bytes[at] === 0x41 ? 0x42 : 0x41;
    writeFileSync(file, bytes);
    const { status, stdout, stderr } = await dcmb(['audit', 'verify', file]);
    assert.equal(status, 1, stderr);
    assert.match(stdout, /digest|signature|block|transaction/i);
  });

  async function report(file: string, exitCode: number, ...options: readonly string[]): Promise<Report> {
    const { status, stdout, stderr } = await runner.run(['audit', 'verify', file, '--json', ...options]);
    assert.equal(status, exitCode, stderr || stdout);
    return JSON.parse(stdout) as Report;
  }

  async function exported(config: string): Promise<string> {
    const file = join(folder, 'export.json');
    const { status, stderr } = await runner.run(['audit', 'export', config, '--out', file]);
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(statSync(file).mode & 0o777, 0o600, 'it has all conditions in the clear');
    return file;
  }
});

interface Report {
  readonly ledger: { readonly id: string; readonly lastBlock: { readonly number: number; readonly hash: string } };
  readonly counts: Readonly<Record<string, number>>;
}

/** Certificate of one of the owner's servers, as a client that knows it would have pinned it. */
function pinned(plant: string, server: 'ingest' | 'cleared'): ApplicationIdentity {
  const at = (name: string): Buffer => readFileSync(join(plant, 'owner/pki', server, name));
  return parseApplicationIdentity(at('own.pem'), at('own-key.pem').toString('utf8'));
}

async function canLogIn(
  own: ApplicationIdentity,
  server: ApplicationIdentity,
  url: string,
  user: string,
  password: string,
): Promise<boolean> {
  const client: OPCUAClient = uaClient(own, server);
  try {
    await client.connect(url);
    const session = await client.createSession(passwordUser(user, password));
    await session.close();
    return true;
  } catch {
    return false;
  } finally {
    await client.disconnect();
  }
}

/** A server looks at its trust list once a second. */
async function eventually(look: () => Promise<boolean>, expected: boolean): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    if ((await look()) === expected) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  assert.fail(`It never became ${expected}.`);
}
