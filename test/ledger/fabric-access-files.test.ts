import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fromBase64Url } from '../../src/core/index.ts';
import { readConfigEnvelope } from '../../src/fabric-blocks/channel-config.ts';
import { loadConnectionProfile, loadFabricIdentity, readCertificate } from '../../src/ledger/index.ts';

const { blocks, people } = JSON.parse(readFileSync(new URL('../vectors/fabric/chain.json', import.meta.url), 'utf8')) as {
  blocks: [{ data: [string] }];
  people: Record<string, { certificate: string; key: string }>;
};
const { applications } = readConfigEnvelope(fromBase64Url(blocks[0].data[0])).config;
const pemOf = (der: Uint8Array) => `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;
const rootOf = (organisation: string) => pemOf(applications.get(organisation)!.msp.roots[0]!.raw);
const OWNER = people['owner client']!;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'dcmb-access-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Writes files by their paths in the folder; gives the folder. */
function written(t: TestContext, files: Readonly<Record<string, string>>): string {
  const path = folder(t);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

describe('a connection profile', () => {
  const peer = { url: 'grpcs://127.0.0.1:7051', tlsCACerts: { pem: 'CA' }, grpcOptions: { 'ssl-target-name-override': 'peer.test' } };
  const profile = (changes: object = {}) => ({
    organizations: { a: { mspid: 'owner', peers: ['p1', 'p2', 'p1'] }, b: { mspid: 'manufacturer', peers: ['p3'] } },
    peers: { p1: peer, p2: { url: 'grpcs://host.test:7052/', tlsCACerts: { path: 'tls/ca.pem' } }, p3: peer },
    ...changes,
  });
  const load = (t: TestContext, content: unknown, organisation = 'owner') => {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    return loadConnectionProfile(join(written(t, { 'profile.json': text, 'tls/ca.pem': 'CA of p2' }), 'profile.json'), organisation);
  };

  test("gives the own organisation's peers in order, with certificates beside it or within", async (t) => {
    const { peers } = await load(t, profile());
    assert.deepEqual(peers, [
      { name: 'p1', address: '127.0.0.1:7051', tlsRoots: 'CA', tlsName: 'peer.test' },
      { name: 'p2', address: 'host.test:7052', tlsRoots: 'CA of p2', tlsName: undefined },
    ]);
    const names = (await load(t, profile(), 'manufacturer')).peers.map(({ name }) => name);
    assert.deepEqual(names, ['p3']);
  });

  test('is refused, naming the file and what is wrong with it', async (t) => {
    const only = (changes: object) =>
      profile({ peers: { p1: { ...peer, ...changes } }, organizations: { a: { mspid: 'owner', peers: ['p1'] } } });
    const faults: [unknown, RegExp][] = [
      ['version: 1', /is no JSON.*YAML/],
      [[], /can't be used/],
      [{ organizations: {} }, /can't be used/],
      [profile({ organizations: {} }), /no peer of an organisation with mspid "owner"; it knows none/],
      [profile({ organizations: { a: { mspid: 'other', peers: ['p1'] } } }), /it knows other/],
      [profile({ organizations: { a: { mspid: 'owner' } } }), /names no peer/],
      [profile({ peers: {} }), /no such entry under "peers"/],
      [only({ url: 'grpc://127.0.0.1:7051' }), /grpcs:\/\/host:port/],
      [only({ url: 'https://127.0.0.1:7051' }), /grpcs:\/\/host:port/],
      [only({ url: 'grpcs://127.0.0.1' }), /grpcs:\/\/host:port/],
      [only({ tlsCACerts: undefined }), /no tlsCACerts/],
      [only({ tlsCACerts: { path: 'nowhere.pem' } }), /nowhere\.pem, which can't be read \(ENOENT\)/],
    ];
    for (const [content, message] of faults) await assert.rejects(load(t, content), { kind: 'Rejected', code: 'BAD_PROFILE', message });
    await assert.rejects(loadConnectionProfile(join(folder(t), 'none.json'), 'owner'), {
      code: 'BAD_PROFILE',
      message: /none\.json can't be read/,
    });
  });
});

describe('an MSP folder', () => {
  const good = { 'signcerts/cert.pem': OWNER.certificate, 'keystore/key.pem': OWNER.key, 'cacerts/ca.pem': rootOf('owner') };
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const otherKey = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

  test('gives certificate and key, also where older keys lie beside it', async (t) => {
    const msp = written(t, { ...good, 'keystore/0-old.pem': otherKey, 'keystore/1-junk': 'junk', 'signcerts/.hidden': 'junk' });
    const identity = await loadFabricIdentity('owner', { msp });
    assert.deepEqual([identity.mspId, identity.pem], ['owner', OWNER.certificate]);
    assert.ok((await identity.signer.sign(Uint8Array.of(1))).length > 64);
    assert.equal((await readCertificate(msp)).certificate.fingerprint256, identity.certificate.fingerprint256);
  });

  test('is refused, naming what is wrong, and without a word of the key', async (t) => {
    const without = (name: keyof typeof good) => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
    const faults: [Record<string, string>, RegExp][] = [
      [without('signcerts/cert.pem'), /signcerts can't be read \(ENOENT\)/],
      [without('keystore/key.pem'), /keystore can't be read \(ENOENT\)/],
      [without('cacerts/ca.pem'), /holds no certificate of an authority/],
      [{ ...good, 'signcerts/second.pem': OWNER.certificate }, /has to hold one certificate, and holds 2 files/],
      [{ ...good, 'signcerts/cert.pem': 'junk' }, /no X\.509 certificate in PEM/],
      [{ ...good, 'cacerts/ca.pem': 'junk' }, /no X\.509 certificate in PEM/],
      [{ ...good, 'cacerts/ca.pem': rootOf('manufacturer') }, /no authority in .* issued the certificate/],
      [{ ...good, 'keystore/key.pem': otherKey }, /no file in .* is the private key of the certificate/],
      [{ ...good, 'keystore/key.pem': 'junk' }, /no file in .* is the private key of the certificate/],
    ];
    const ofTheKey = [OWNER.key, otherKey].map((pem) => pem.split('\n')[1]!);
    for (const [files, message] of faults) {
      await assert.rejects(loadFabricIdentity('owner', { msp: written(t, files) }), (error: Error) => {
        assert.equal((error as { code?: string }).code, 'BAD_IDENTITY');
        assert.match(error.message, message);
        for (const part of ofTheKey) assert.ok(!error.message.includes(part));
        return true;
      });
    }
  });

  test('with a token is refused where the token cannot be used', async (t) => {
    const pinFile = join(written(t, { pin: '1234' }), 'pin');
    const pkcs11 = { library: '/nowhere/library.so', label: 'none', pinFile, keyId: '01' };
    await assert.rejects(loadFabricIdentity('owner', { msp: written(t, good), pkcs11 }), { kind: 'Rejected', code: 'BAD_IDENTITY' });
  });
});
