import assert from 'node:assert/strict';
import { createHash, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fromBase64Url, fromUtf8, utf8 } from '../../src/core/index.ts';
import { decodeEnvelope } from '../../src/fabric-blocks/index.ts';
import { loadConnectionProfile, loadFabricIdentity } from '../../src/ledger/index.ts';
import { issuedBy, namesake } from '../support/certificates.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'dcmb-connection-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const PEER = { url: 'grpcs://peer0.owner.test:7051', tlsCACerts: { pem: 'ROOT' } };

function profile(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: 'ours',
    version: '1.0.0',
    organizations: { Owner: { mspid: 'owner', peers: ['a', 'b'] }, Other: { mspid: 'manufacturer', peers: ['c'] } },
    peers: {
      a: { ...PEER, grpcOptions: { 'ssl-target-name-override': 'peer0', hostnameOverride: 'other' } },
      b: { url: 'grpcs://[::1]:7052', tlsCACerts: { path: 'tls/root.pem' } },
      c: { url: 'grpcs://127.0.0.1:7053', tlsCACerts: { pem: ['ONE', 'TWO'] }, grpcOptions: { hostnameOverride: 'peer0.manufacturer' } },
    },
    ...changes,
  };
}

describe('a connection profile', () => {
  test("gives the own organisation's peers in order, with roots from text or file and the name to expect", async (t) => {
    const folder = folderOf(t);
    const file = join(folder, 'connection.json');
    mkdirSync(join(folder, 'tls'));
    writeFileSync(join(folder, 'tls', 'root.pem'), 'ROOT OF B');
    writeFileSync(file, JSON.stringify(profile()));
    assert.deepEqual((await loadConnectionProfile(file, 'owner')).peers, [
      { name: 'a', address: 'peer0.owner.test:7051', tlsRoots: 'ROOT', tlsName: 'peer0' },
      { name: 'b', address: '[::1]:7052', tlsRoots: 'ROOT OF B', tlsName: undefined },
    ]);
    assert.deepEqual((await loadConnectionProfile(file, 'manufacturer')).peers, [
      { name: 'c', address: '127.0.0.1:7053', tlsRoots: 'ONE\nTWO', tlsName: 'peer0.manufacturer' },
    ]);
  });

  const faults: [string, string | Record<string, unknown>, RegExp][] = [
    ['in YAML', 'name: ours', /is no JSON/],
    ['without peers', { ...profile(), peers: undefined }, /"peers"/],
    ['of other organisations', profile({ organizations: { Other: { mspid: 'manufacturer', peers: ['c'] } } }), /knows manufacturer/],
    ['with an organisation of no peers', profile({ organizations: { Owner: { mspid: 'owner' } } }), /no peer of an organisation/],
    ['that names a peer that it does not have', profile({ organizations: { Owner: { mspid: 'owner', peers: ['z'] } } }), /no such entry/],
    ['with a connection in the clear', profile({ peers: { a: { ...PEER, url: 'grpc://peer0:7051' } } }), /grpcs:\/\/host:port/],
    ['without TLS roots', profile({ peers: { a: { url: PEER.url } } }), /no tlsCACerts/],
    ['with a root that is not there', profile({ peers: { a: { ...PEER, tlsCACerts: { path: 'no.pem' } } } }), /ENOENT/],
  ];
  for (const [name, content, message] of faults) {
    test(`${name} is refused`, async (t) => {
      const file = join(folderOf(t), 'connection.json');
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
      await assert.rejects(loadConnectionProfile(file, 'owner'), { kind: 'Rejected', code: 'BAD_PROFILE', message });
    });
  }

  test('that is not there is refused', async (t) => {
    await assert.rejects(loadConnectionProfile(join(folderOf(t), 'no.json'), 'owner'), { code: 'BAD_PROFILE', message: /ENOENT/ });
  });
});

interface Member {
  readonly authority: string;
  readonly certificate: string;
  readonly key: KeyObject;
}

/** A certificate as Fabric's tool makes them, with keys of this test's own. */
function member(): Member {
  const { userPem, authorityPem } = realCertificates();
  const authority = namesake(authorityPem);
  const user = namesake(userPem);
  return { authority: authority.pem, certificate: issuedBy(user.pem, authority.key), key: user.key };
}

function realCertificates(): { userPem: string; authorityPem: string } {
  const text = readFileSync(new URL('../vectors/fabric/chain.json', import.meta.url), 'utf8');
  const { blocks } = JSON.parse(text) as { blocks: { data: string[]; codes: number[] }[] };
  const envelopes = blocks.slice(1).flatMap(({ data, codes }) => data.filter((_, i) => codes[i] === 0));
  const user = decodeEnvelope(fromBase64Url(envelopes.at(-1) ?? '')).creator;
  const userPem = fromUtf8(user.certificate);
  const all = Buffer.from(blocks[0]?.data[0] ?? '', 'base64url').toString('latin1');
  const candidates = all.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const found = candidates.find((pem) => new X509Certificate(userPem).checkIssued(new X509Certificate(pem)));
  assert.ok(found !== undefined, 'the chain holds the authority of its users');
  return { userPem, authorityPem: found };
}

type Files = Readonly<Record<string, string>>;

function mspOf(t: TestContext, files: Files): string {
  const msp = folderOf(t);
  for (const folder of ['signcerts', 'keystore', 'cacerts']) mkdirSync(join(msp, folder));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(msp, name), text);
  return msp;
}

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

function filesOf({ authority, certificate, key }: Member): Files {
  return { 'signcerts/cert.pem': certificate, 'keystore/key.pem': pemOf(key), 'cacerts/ca.pem': authority };
}

describe('an identity from an MSP folder', () => {
  test("signs as the certificate's holder, also where an older key lies beside", async (t) => {
    const own = member();
    const files = { ...filesOf(own), 'keystore/a.pem': pemOf(member().key), 'keystore/b.txt': 'no key at all' };
    const { signer, mspId, pem, certificate } = await loadFabricIdentity('owner', { msp: mspOf(t, files) });
    assert.deepEqual([mspId, pem], ['owner', own.certificate]);
    const message = utf8('a transaction');
    for (let i = 0; i < 20; i++) assert.ok(verify('sha256', message, certificate.publicKey, await signer.sign(message)));
    signer.close();
  });

  test('takes an authority between from its own folder', async (t) => {
    const own = member();
    const files = { ...filesOf(own), 'cacerts/ca.pem': member().authority };
    const msp = mspOf(t, files);
    mkdirSync(join(msp, 'intermediatecerts'));
    writeFileSync(join(msp, 'intermediatecerts', 'between.pem'), own.authority);
    assert.equal((await loadFabricIdentity('owner', { msp })).mspId, 'owner');
  });

  const without = (files: Files, name: string): Files => Object.fromEntries(Object.entries(files).filter(([each]) => each !== name));
  const faults: [string, (own: Member) => Files, RegExp][] = [
    ['without a certificate', (own) => without(filesOf(own), 'signcerts/cert.pem'), /holds 0 files/],
    ['with two certificates', (own) => ({ ...filesOf(own), 'signcerts/two.pem': own.certificate }), /holds 2 files/],
    ['with a certificate that is none', (own) => ({ ...filesOf(own), 'signcerts/cert.pem': 'text' }), /no X\.509/],
    ['without a key', (own) => without(filesOf(own), 'keystore/key.pem'), /private key of the certificate/],
    ['with the key of another', (own) => ({ ...filesOf(own), 'keystore/key.pem': pemOf(member().key) }), /private key of the certificate/],
    ['without an authority', (own) => without(filesOf(own), 'cacerts/ca.pem'), /no certificate of an authority/],
    ["with another organisation's authority", (own) => ({ ...filesOf(own), 'cacerts/ca.pem': member().authority }), /no authority/],
    ['with an authority that is none', (own) => ({ ...filesOf(own), 'cacerts/ca.pem': 'text' }), /no X\.509/],
  ];
  for (const [name, filesFor, message] of faults) {
    test(`${name} is refused, and nothing of a key is told`, async (t) => {
      const own = member();
      await assert.rejects(loadFabricIdentity('owner', { msp: mspOf(t, filesFor(own)) }), (error: Error & { code: string }) => {
        assert.equal(error.code, 'BAD_IDENTITY');
        assert.match(error.message, message);
        const secret = pemOf(own.key).split('\n')[1] ?? '';
        assert.ok(secret.length > 40 && !`${error.stack} ${String(error.cause)}`.includes(secret));
        return true;
      });
    });
  }

  test('without a folder, or with a token whose library or PIN is not there, is refused', async (t) => {
    const nowhere = join(folderOf(t), 'nowhere');
    await assert.rejects(loadFabricIdentity('owner', { msp: nowhere }), { code: 'BAD_IDENTITY', message: /ENOENT/ });
    const msp = mspOf(t, filesOf(member()));
    const pkcs11 = { library: join(nowhere, 'lib.so'), label: 'dcmb', keyId: '01', pinFile: join(msp, 'pin') };
    await assert.rejects(loadFabricIdentity('owner', { msp, pkcs11 }), { code: 'BAD_IDENTITY', message: /PIN file/ });
    writeFileSync(pkcs11.pinFile, createHash('sha256').update('pin').digest('hex'));
    await assert.rejects(loadFabricIdentity('owner', { msp, pkcs11 }), { code: 'BAD_IDENTITY', message: /library .* can't be loaded/ });
  });
});
