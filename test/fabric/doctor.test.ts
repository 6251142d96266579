import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { doctor, type DoctorReport, initPlant } from '../../src/app/index.ts';
import { issuedBy, namesake, withYears } from '../support/certificates.ts';
import { fabricNetwork } from '../support/fabric-network.ts';
import { freePorts } from '../support/free-ports.ts';

const POLICY = fileURLToPath(new URL('../../examples/policies/work-pieces.json', import.meta.url));

const network = await fabricNetwork({ after });
const root = mkdtempSync(join(tmpdir(), 'dcmb-doctor-'));
after(() => rmSync(root, { recursive: true, force: true }));

const member = (organisation: string) => ({ profile: network.profile(organisation), msp: network.msp(organisation) });
const ledger = {
  kind: 'fabric' as const,
  owner: member('owner'),
  manufacturer: member('manufacturer'),
  terms: { name: 'Test network', testNetwork: true, certificationRequired: false },
};

async function makePlant(name: string, chaincode: string): Promise<string> {
  const folder = join(root, name);
  const port = await freePorts(3);
  const ports = { ingest: port, cleared: port + 1, applications: port + 2 };
  const cadence = { intervalMs: 1000, epochIntervals: 16 };
  const host = { host: '127.0.0.1', advertisedHost: 'localhost', ports, channel: 'press' };
  await initPlant({ folder, policyFile: POLICY, cadence, ...host, ledger: { ...ledger, chaincode } });
  return folder;
}

const template = await makePlant('template', 'evidence');

/** A copy of the plant, with ways to plant a fault in the owner's part of it. */
class Patient {
  readonly #folder = mkdtempSync(join(root, 'case-'));

  constructor(plant = template) {
    cpSync(plant, this.#folder, { recursive: true });
  }

  at(path: string): string {
    return join(this.#folder, 'owner', path);
  }

  read(path: string): string {
    return readFileSync(this.at(path), 'utf8');
  }

  replace(path: string, from: string | RegExp, to: string): void {
    const text = this.read(path).replace(from, to);
    assert.notEqual(text, this.read(path), `${path} has no ${String(from)}`);
    writeFileSync(this.at(path), text);
  }

  /** The one file of a folder of the MSP. */
  msp(folder: string): string {
    const [name = ''] = readdirSync(this.at(`fabric/msp/${folder}`));
    return `fabric/msp/${folder}/${name}`;
  }

  write(path: string, content: string): void {
    writeFileSync(this.at(path), content);
  }

  examine(): Promise<DoctorReport> {
    return doctor(this.at('dcmb.json'));
  }
}

/** The only line that is wrong, with what it says; everything that does not need it is ok. */
async function finds(patient: Patient, check: string, ...says: readonly (string | RegExp)[]): Promise<void> {
  const { passed, checks } = await patient.examine();
  assert.equal(passed, false);
  const wrong = checks.filter(({ state }) => state === 'wrong');
  assert.deepEqual(
    wrong.map((line) => line.check),
    [check],
    JSON.stringify(wrong, undefined, 1),
  );
  const message = wrong[0]?.message ?? '';
  for (const part of says) assert.ok(typeof part === 'string' ? message.includes(part) : part.test(message), `${String(part)}: ${message}`);
  assert.match(message, /[^.]\. .+\.$/, 'what is wrong, and what to do');
}

const PEER = 'peer peer.owner.dcmb.test';
const caKey = (organisation: string): string => {
  const folder = join(network.folder, 'crypto', 'peerOrganizations', `${organisation}.dcmb.test`, 'ca');
  const name = readdirSync(folder).find((file) => file.endsWith('_sk')) ?? '';
  return readFileSync(join(folder, name), 'utf8');
};
const otherMsp = (patient: Patient, organisation: string): void => {
  rmSync(patient.at('fabric/msp'), { recursive: true });
  cpSync(network.msp(organisation), patient.at('fabric/msp'), { recursive: true });
};

describe('dcmb doctor on a Fabric network', { timeout: 300_000 }, () => {
  test('finds both sides of a new plant well, in all it looks at', async () => {
    for (const side of ['owner', 'manufacturer']) {
      const { ledger: kind, passed, checks } = await doctor(join(template, side, 'dcmb.json'));
      assert.ok(passed, JSON.stringify(checks, undefined, 1));
      assert.equal(kind, 'fabric');
      const peer = `peer peer.${side}.dcmb.test`;
      const service = [
        'chaincode',
        'chaincode service',
        'ledger',
        'endorsement policy',
        'certification service',
        'endorsing members',
        'clock',
      ];
      const asked = ['Fabric channel', 'membership', 'orderer', ...service];
      const names = ['agreement', 'keys', 'connection profile', 'private key', 'identity', 'validity', 'role', peer, ...asked];
      assert.deepEqual(
        checks.map(({ check }) => check),
        names,
      );
    }
  });

  test('tells a wrong port', async () => {
    const patient = new Patient();
    patient.replace('fabric/connection.json', /127\.0\.0\.1:\d+/, `127.0.0.1:${await freePorts(1)}`);
    await finds(patient, PEER, 'refuses connections', 'Check the url');
  });

  test("tells a port of the peer's that is not for clients", async () => {
    const patient = new Patient();
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(patient.read('fabric/connection.json'))?.[1]);
    patient.replace('fabric/connection.json', `127.0.0.1:${port}`, `127.0.0.1:${port + 2}`);
    await finds(patient, PEER, 'does not speak TLS', 'Check the url');
  });

  test("tells another organisation's peer and the orderer where the own peer should be, and does not blame the TLS root", async () => {
    const status = await network.status();
    for (const [part, name] of [
      ['peer-manufacturer', 'peer.manufacturer.dcmb.test'],
      ['orderer', 'orderer.orderer.dcmb.test'],
    ] as const) {
      const patient = new Patient();
      const [port] = status.find((each) => each.part === part)?.ports ?? [];
      patient.replace('fabric/connection.json', /127\.0\.0\.1:\d+/, `127.0.0.1:${port}`);
      const says = [`127.0.0.1:${port} answers ${name}, not peer.owner.dcmb.test`, 'port first', patient.at('fabric/connection.json')];
      await finds(patient, PEER, ...says);
    }
  });

  test('tells a host that nobody knows', async () => {
    const patient = new Patient();
    patient.replace('fabric/connection.json', '127.0.0.1:', 'peer.invalid:');
    await finds(patient, PEER, /peer\.invalid:\d+ has a name/, 'name service');
  });

  test('tells a wrong TLS name, and the right ones', async () => {
    const patient = new Patient();
    patient.replace('fabric/connection.json', /"ssl-target-name-override": "[^"]+"/, '"ssl-target-name-override": "peer.other.test"');
    await finds(patient, PEER, 'answers peer.owner.dcmb.test, not peer.other.test', 'port first', 'ssl-target-name-override');
  });

  test('tells a wrong TLS authority', async () => {
    const patient = new Patient();
    const profile = JSON.parse(patient.read('fabric/connection.json')) as { peers: Record<string, { tlsCACerts: { pem: string } }> };
    for (const peer of Object.values(profile.peers)) peer.tlsCACerts.pem = patient.read(patient.msp('cacerts'));
    patient.write('fabric/connection.json', JSON.stringify(profile));
    await finds(patient, PEER, 'No authority', 'tlsCACerts', 'TLS root', patient.at('fabric/connection.json'));
  });

  test('tells a wrong Fabric channel', async () => {
    const patient = new Patient();
    patient.replace('dcmb.json', '"fabricChannel": "dcmb"', '"fabricChannel": "other"');
    await finds(patient, 'Fabric channel', 'not in a Fabric channel "other"', 'fabricChannel');
  });

  test('tells a chaincode that is not committed', async () => {
    const patient = new Patient();
    patient.replace('dcmb.json', '"chaincode": "evidence"', '"chaincode": "evidence2"');
    await finds(patient, 'chaincode', 'No chaincode "evidence2" is committed', 'approve and commit');
  });

  test('tells a chaincode whose service does not run', async () => {
    await network.stop('evidence');
    try {
      await finds(new Patient(), 'chaincode service', 'its service runs');
    } finally {
      await network.start('evidence');
    }
  });

  test('tells a certification service that does not run', async () => {
    await network.stop('certification');
    try {
      await finds(new Patient(), 'certification service', 'could not launch chaincode', 'service of "certification" runs');
    } finally {
      await network.start('certification');
    }
  });

  test('tells an orderer that does not run', async () => {
    await network.stop('orderer');
    try {
      await finds(new Patient(), 'orderer', '0 of 1 reached', 'ECONNREFUSED', 'nothing is ordered');
    } finally {
      await network.start('orderer');
    }
  });

  test('tells that too few members would endorse, and which; is content with enough', async () => {
    await network.stop('peer-certifier1');
    try {
      const line = async () => (await new Patient().examine()).checks.find(({ check }) => check === 'endorsing members');
      const enough = await line();
      assert.equal(enough?.state, 'ok');
      assert.match(enough.message, /not now certifier1/);
      await network.stop('peer-manufacturer');
      await finds(new Patient(), 'endorsing members', 'only owner would endorse', 'certifier1, manufacturer', 'look at their peers');
    } finally {
      await network.start('peer-certifier1');
      await network.start('peer-manufacturer');
    }
  });

  test('leaves nothing on the ledger', async () => {
    const height = async () => (await new Patient().examine()).checks.find(({ check }) => check === 'Fabric channel')?.message;
    assert.equal(await height(), await height());
  });

  test('tells a chaincode without a ledger, and one with another', async () => {
    await network.deploy('evidence-empty');
    const empty = new Patient();
    empty.replace('dcmb.json', '"chaincode": "evidence"', '"chaincode": "evidence-empty"');
    await finds(empty, 'ledger', 'holds no ledger yet', 'dcmb ledger create');
    await makePlant('other', 'evidence-empty');
    await finds(empty, 'ledger', 'holds the ledger', 'the configuration names', 'Use the network of the agreement');
  });

  test("tells another organisation's MSP folder", async () => {
    const patient = new Patient();
    otherMsp(patient, 'manufacturer');
    await finds(patient, 'membership', 'one of MSP owner', 'ca.manufacturer.dcmb.test', 'Correct "organisation" or "msp"');
  });

  test('tells an organisation that the profile has no peers of', async () => {
    const patient = new Patient();
    patient.replace('dcmb.json', '"organisation": "owner"', '"organisation": "certifier1"');
    const { checks } = await patient.examine();
    const wrong = checks.filter(({ state }) => state === 'wrong').map(({ check }) => check);
    assert.deepEqual(wrong, ['agreement', 'connection profile']);
  });

  test('tells a certificate that is over', async () => {
    const patient = new Patient();
    const file = patient.msp('signcerts');
    patient.write(file, withYears(patient.read(file), [2020, 2021], caKey('owner')));
    await finds(patient, 'validity', /was valid until 2021-/, 'renew');
  });

  test('tells a certificate of an authority that only bears the right name', async () => {
    const patient = new Patient();
    const [own, authority] = [patient.msp('signcerts'), patient.msp('cacerts')];
    const { pem, key } = namesake(patient.read(authority));
    patient.write(own, issuedBy(patient.read(own), key));
    await finds(patient, 'identity', 'no authority', 'issued');
    patient.write(authority, pem);
    await finds(patient, 'membership', 'one of MSP owner', 'ca.owner.dcmb.test');
  });

  test('tells a key that does not fit', async () => {
    const patient = new Patient();
    const [other = ''] = readdirSync(join(network.msp('manufacturer'), 'keystore'));
    patient.write(patient.msp('keystore'), readFileSync(join(network.msp('manufacturer'), 'keystore', other), 'utf8'));
    await finds(patient, 'identity', 'is the private key of the certificate', 'one enrolment');
  });

  test('tells a key that other users of the machine may read', async () => {
    const patient = new Patient();
    chmodSync(patient.at(patient.msp('keystore')), 0o644);
    await finds(patient, 'private key', 'may be read or written by other users', 'chmod 600');
  });

  test("tells a peer's certificate in place of a client's", async () => {
    const patient = new Patient();
    rmSync(patient.at('fabric/msp'), { recursive: true });
    cpSync(join(network.msp('owner'), '../../../peers/peer.owner.dcmb.test/msp'), patient.at('fabric/msp'), { recursive: true });
    await finds(patient, 'role', 'that of a peer', 'MSP folder of a client');
  });

  test('tells an endorsement policy by which one organisation is enough', async () => {
    await network.deploy('evidence-weak', undefined, "OR('owner.peer', AND('manufacturer.peer', 'certifier1.peer'))");
    const patient = new Patient(await makePlant('weak', 'evidence-weak'));
    await finds(patient, 'endorsement policy', 'takes what owner alone endorsed', 'the genesis demands 2 members', 'commit');
  });

  test('takes a policy that asks for more, and the default one of the channel', async () => {
    await network.deploy('evidence-all', undefined, "AND('owner.peer', 'manufacturer.peer', 'certifier1.peer')");
    await network.deploy('evidence-majority', undefined, '/Channel/Application/Endorsement');
    for (const chaincode of ['evidence-all', 'evidence-majority']) {
      const { passed, checks } = await new Patient(await makePlant(chaincode, chaincode)).examine();
      assert.ok(passed, JSON.stringify(checks, undefined, 1));
    }
  });
});
