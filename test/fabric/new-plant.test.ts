import assert from 'node:assert/strict';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findFabricLedger, initPlant, makeFabricLedger, type Plant, readOwnerConfig } from '../../src/app/index.ts';
import { dcmb } from '../cli/program.ts';
import { fabricNetwork } from '../support/fabric-network.ts';
import { freePorts } from '../support/free-ports.ts';

const POLICY = fileURLToPath(new URL('../../examples/policies/work-pieces.json', import.meta.url));
const TERMS = { name: 'Test network', testNetwork: true, certificationRequired: false };

const network = await fabricNetwork({ after });
const root = mkdtempSync(join(tmpdir(), 'dcmb-new-plant-'));
after(() => rmSync(root, { recursive: true, force: true }));

const member = (organisation: string) => ({ profile: network.profile(organisation), msp: network.msp(organisation) });

async function makePlant(name: string, chaincode: string): Promise<Plant> {
  const port = await freePorts(3);
  const ports = { ingest: port, cleared: port + 1, applications: port + 2 };
  const ledger = { kind: 'fabric' as const, owner: member('owner'), manufacturer: member('manufacturer'), chaincode, terms: TERMS };
  const cadence = { intervalMs: 1000, epochIntervals: 16 };
  const rest = { cadence, host: '127.0.0.1', advertisedHost: 'localhost', ports, channel: 'press', ledger };
  return initPlant({ folder: join(root, name), policyFile: POLICY, ...rest });
}

const privateKeys = (folder: string): string[] =>
  globSync('**/*', { cwd: folder })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile() && readFileSync(file, 'latin1').includes('PRIVATE KEY'))
    .map((file) => readFileSync(file, 'utf8'));

describe('a new plant on a Fabric network', { timeout: 300_000 }, () => {
  test('makes the ledger, of which all organisations of the Fabric channel are members', async () => {
    const plant = await makePlant('first', 'evidence');
    const found = await findFabricLedger(member('certifier1'));
    assert.equal(found?.id, plant.ledgerId);
    assert.deepEqual(
      found.genesis.organisations.map(({ id }) => id),
      ['certifier1', 'manufacturer', 'owner'],
    );
    assert.equal(found.genesis.fabric.genesisBlock, network.genesisBlockHash());
    const config = readOwnerConfig(join(plant.owner, 'dcmb.json'));
    const own = { profile: join(plant.owner, 'fabric/connection.json'), msp: join(plant.owner, 'fabric/msp') };
    assert.deepEqual(config.ledger, { kind: 'fabric', ...own, fabricChannel: 'dcmb', chaincode: 'evidence', id: plant.ledgerId });
    assert.equal(config.keys.ledger, undefined);
  });

  test("gives each side its own organisation's profile and key, and nothing of the other's", () => {
    const folders = { owner: join(root, 'first', 'owner'), manufacturer: join(root, 'first', 'manufacturer') };
    const keys = { owner: privateKeys(folders.owner), manufacturer: privateKeys(folders.manufacturer) };
    const clientKey = (organisation: string): string | undefined => privateKeys(network.msp(organisation))[0];
    for (const [own, other] of [['owner', 'manufacturer'] as const, ['manufacturer', 'owner'] as const]) {
      assert.ok(keys[own].includes(clientKey(own) ?? ''));
      assert.ok(keys[own].every((key) => !keys[other].includes(key)));
      assert.doesNotMatch(readFileSync(join(folders[own], 'fabric/connection.json'), 'utf8'), new RegExp(other));
      for (const file of globSync('fabric/**/*', { cwd: folders[own] }).map((name) => join(folders[own], name)))
        assert.equal(statSync(file).mode & 0o077, 0, file);
    }
    assert.ok(!existsSync(join(root, 'first', 'ledger')));
  });

  test('opens one more channel on the ledger that is there', async () => {
    const [before, plant] = [await findFabricLedger(member('owner')), await makePlant('second', 'evidence')];
    assert.equal(plant.ledgerId, before?.id);
  });

  test('leaves nothing behind where the network does not let it', async () => {
    await assert.rejects(makePlant('third', 'absent'), { kind: 'Unavailable' });
    assert.deepEqual(globSync('third*', { cwd: root }), []);
  });
});

describe('a ledger on a Fabric network', { timeout: 300_000 }, () => {
  test('is made once, of the members that are named', async () => {
    await network.deploy('evidence-two');
    const place = { ...member('manufacturer'), chaincode: 'evidence-two' };
    assert.equal(await findFabricLedger(place), undefined);
    await assert.rejects(makeFabricLedger(place, { ...TERMS, organisations: ['owner', 'nobody'] }), { code: 'BAD_CONFIG' });
    const { id, genesis } = await makeFabricLedger(place, { ...TERMS, organisations: ['owner', 'manufacturer'] });
    assert.equal(genesis.organisations.length, 2);
    assert.equal((await findFabricLedger({ ...member('owner'), chaincode: 'evidence-two' }))?.id, id);
    await assert.rejects(makeFabricLedger(place, TERMS), { code: 'LEDGER_EXISTS' });
  });

  test('is made and shown by the command', async () => {
    await network.deploy('evidence-cli');
    const { profile, msp } = member('owner');
    const place = ['--profile', profile, '--msp', msp, '--chaincode', 'evidence-cli'];
    const none = await dcmb(['ledger', 'show', ...place]);
    assert.deepEqual([none.status, none.stdout], [2, '']);
    assert.match(none.stderr, /has no ledger yet\. Make it: dcmb ledger create/);
    const made = await dcmb(['ledger', 'create', ...place, '--name', 'Presses', '--json']);
    assert.equal(made.status, 0, made.stderr);
    const { id } = JSON.parse(made.stdout) as { id: string };
    const shown = await dcmb(['ledger', 'show', ...place]);
    for (const part of [id, 'Presses', 'certifier1, manufacturer, owner; any 2', 'dcmb', 'evidence-cli, certification'])
      assert.ok(shown.stdout.includes(part), `${part}: ${shown.stdout}`);
  });

  test('is told to be looked at by the doctor before its modules start', async () => {
    const folder = join(root, 'by-program');
    const port = String(await freePorts(3));
    const { status, stdout, stderr } = await dcmb(['init', folder, '--ledger', 'fabric', '--network', network.folder, '--port', port]);
    assert.equal(status, 0, stderr);
    const [doctor, serve] = ['doctor', 'serve'].map((command) => stdout.indexOf(`dcmb ${command} ${join(folder, 'owner/dcmb.json')}`));
    assert.ok(doctor !== undefined && serve !== undefined && doctor > 0 && doctor < serve, stdout);
    assert.match(stdout, /replay .* --patient$/m);
  });
});
