import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { StatusCodes, UserNameIdentityToken, X509IdentityToken } from 'node-opcua';
import { x509 } from 'node-opcua-crypto';
import {
  type ApplicationIdentity,
  checkOwnCertificate,
  createApplicationCertificate,
  hashPassword,
  judgeCertificate,
  parseApplicationIdentity,
  parseCertificateFile,
  PasswordCheck,
  passwordHashes,
  PinnedCertificateStore,
  readCertificate,
  thumbprintOf,
  TrustList,
  Users,
} from '../../src/server/identity/index.ts';
import { identity } from './support.ts';

const DAY_MS = 86_400_000;
/** Between two seconds, for certificates know whole seconds only. */
const NOW = Math.floor(Date.now() / 1000) * 1000 + 500;
const trusting = { isTrusted: () => true };

interface OddCertificate {
  readonly hash?: string;
  readonly bits?: number;
  readonly name?: string;
  readonly isAuthority?: boolean;
  readonly usages?: number;
  readonly issuer?: { readonly name: string; readonly key: CryptoKey };
}

const ALL_USAGES =
  x509.KeyUsageFlags.digitalSignature |
  x509.KeyUsageFlags.nonRepudiation |
  x509.KeyUsageFlags.keyEncipherment |
  x509.KeyUsageFlags.dataEncipherment;
type CryptoKey = Awaited<ReturnType<typeof globalThis.crypto.subtle.importKey>>;

/** A certificate such as `createApplicationCertificate` would never make. */
async function odd({ name = 'CN=odd', hash = 'SHA-256', bits = 2048, isAuthority = false, usages = ALL_USAGES, issuer }: OddCertificate) {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash, publicExponent: new Uint8Array([1, 0, 1]), modulusLength: bits };
  const keys = await globalThis.crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: name,
    issuer: issuer?.name ?? name,
    notBefore: new Date(NOW - DAY_MS),
    notAfter: new Date(NOW + DAY_MS),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: issuer?.key ?? keys.privateKey,
    extensions: [new x509.BasicConstraintsExtension(isAuthority, undefined, true), new x509.KeyUsagesExtension(usages, true)],
  });
  return { der: new Uint8Array(certificate.rawData), key: keys.privateKey };
}

describe('own certificate', () => {
  let own: ApplicationIdentity;
  let other: ApplicationIdentity;
  const expected = { applicationUri: 'urn:test:own', dialled: ['localhost', '127.0.0.1', '::1'], nowMs: NOW };
  before(async () => {
    const names = { organization: 'Söhne & Co., KG', hosts: ['localhost'], ips: ['127.0.0.1', '::1'] };
    const request = { ...names, validityDays: 365, notBeforeMs: NOW };
    own = await createApplicationCertificate({ ...request, applicationName: 'Müller/own', applicationUri: 'urn:test:own' });
    other = await identity('other');
  });

  test('it carries what OPC UA asks of an application certificate', () => {
    const facts = readCertificate(own.certificate);
    assert.equal(facts.commonName, 'Müller/own');
    assert.equal(facts.organization, 'Söhne & Co., KG');
    assert.equal(facts.applicationUri, 'urn:test:own');
    assert.deepEqual([facts.hosts, facts.ips], [['localhost'], ['127.0.0.1', '::1']]);
    assert.equal(facts.isAuthority, false);
    assert.ok(facts.rsaBits >= 2048);
    assert.match(facts.signatureAlgorithm, /sha256/i);
    assert.equal(facts.hasApplicationUsages, true);
    const certificate = new X509Certificate(own.certificatePem);
    assert.ok(certificate.verify(certificate.publicKey));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(own.privateKeyPem)));
  });

  test('a fit one is accepted, with the days it has left', () => {
    assert.equal(checkOwnCertificate(own, expected), 364);
    assert.equal(checkOwnCertificate(parseApplicationIdentity(Buffer.from(own.certificatePem), own.privateKeyPem), expected), 364);
  });

  const faults: [string, (own: ApplicationIdentity, other: ApplicationIdentity) => unknown, RegExp][] = [
    ['another key', (own, other) => checkOwnCertificate({ ...own, privateKeyPem: other.privateKeyPem }, expected), /private key/],
    ['a key file that is none', (own) => checkOwnCertificate({ ...own, privateKeyPem: 'none' }, expected), /private key/],
    ['an expired certificate', (own) => checkOwnCertificate(own, { ...expected, nowMs: NOW + 366 * DAY_MS }), /expired/],
    ['one not yet valid', (own) => checkOwnCertificate(own, { ...expected, nowMs: NOW - DAY_MS }), /not valid before/],
    ['another ApplicationUri', (own) => checkOwnCertificate(own, { ...expected, applicationUri: 'urn:test:else' }), /ApplicationUri/],
    ['a host that it does not name', (own) => checkOwnCertificate(own, { ...expected, dialled: ['plant7'] }), /plant7/],
    [
      'a pair of files that do not belong together',
      (own, other) => parseApplicationIdentity(own.certificate, other.privateKeyPem),
      /private key/,
    ],
  ];
  for (const [what, run, words] of faults) {
    test(`${what} is refused with the reason`, () => {
      assert.throws(
        () => run(own, other),
        (error: Error & { code: string }) =>
          error.code === 'OWN_CERTIFICATE_UNFIT' && words.test(error.message) && !error.message.includes('PRIVATE KEY'),
      );
    });
  }

  const requests: [string, object][] = [
    ['no name', { applicationName: '' }],
    ['a control character in the name', { applicationName: 'a\nb' }],
    ['a URI that is none', { applicationUri: 'my module' }],
    ['nothing to dial', { hosts: [], ips: [] }],
    ['no day of validity', { validityDays: 0 }],
  ];
  for (const [what, change] of requests) {
    test(`a request with ${what} is refused`, async () => {
      const request = { applicationName: 'a', applicationUri: 'urn:a', organization: 'o', hosts: ['h'], ips: [], validityDays: 1 };
      await assert.rejects(createApplicationCertificate({ ...request, ...change }), { code: 'BAD_CERTIFICATE_REQUEST' });
    });
  }
});

describe('judging a certificate', () => {
  test('trusted is exactly the listed one', async () => {
    const [listed, stranger] = await Promise.all([identity('a'), identity('a')]);
    const source = { isTrusted: (thumbprint: string) => thumbprint === thumbprintOf(listed.certificate) };
    assert.equal(judgeCertificate(listed.certificate, source, { nowMs: NOW }), 'trusted');
    assert.equal(judgeCertificate([listed.certificate, stranger.certificate], source, { nowMs: NOW }), 'trusted');
    assert.equal(judgeCertificate(stranger.certificate, source, { nowMs: NOW }), 'untrusted');
    assert.equal(judgeCertificate([stranger.certificate, listed.certificate], source, { nowMs: NOW }), 'untrusted');
  });

  test('a trusted authority makes nothing trusted that it signed', async () => {
    const authority = await odd({ isAuthority: true, usages: ALL_USAGES | x509.KeyUsageFlags.keyCertSign });
    const signed = await odd({ name: 'CN=signed', issuer: { name: 'CN=odd', key: authority.key } });
    const source = { isTrusted: (thumbprint: string) => thumbprint === thumbprintOf(authority.der) };
    assert.equal(judgeCertificate(signed.der, source, { nowMs: NOW }), 'untrusted');
    assert.equal(judgeCertificate([signed.der, authority.der], source, { nowMs: NOW }), 'untrusted');
  });

  test('validity, strength, use and form are checked though it is listed', async () => {
    const good = await identity('a');
    assert.equal(judgeCertificate(good.certificate, trusting, { nowMs: NOW + 31 * DAY_MS }), 'expired');
    assert.equal(judgeCertificate(good.certificate, trusting, { nowMs: NOW - DAY_MS }), 'notYetValid');
    assert.equal(judgeCertificate((await odd({ hash: 'SHA-1' })).der, trusting, { nowMs: NOW }), 'weak');
    assert.equal(judgeCertificate((await odd({ bits: 1024 })).der, trusting, { nowMs: NOW }), 'weak');
    assert.equal(judgeCertificate((await odd({ usages: x509.KeyUsageFlags.digitalSignature })).der, trusting, { nowMs: NOW }), 'unfit');
    assert.equal(judgeCertificate(new Uint8Array([1, 2, 3]), trusting, { nowMs: NOW }), 'malformed');
    assert.equal(judgeCertificate(good.certificate.slice(0, -1), trusting, { nowMs: NOW }), 'malformed');
    assert.equal(judgeCertificate([], trusting, { nowMs: NOW }), 'malformed');
  });

  test('the store answers by promise and by callback, and reports strangers only when asked for a check', async () => {
    const own = await identity('a');
    let strangers = 0;
    const store = new PinnedCertificateStore({ isTrusted: () => false, stranger: () => strangers++ });
    assert.equal(await store.checkCertificate(own.certificate), StatusCodes.BadCertificateUntrusted);
    assert.equal(strangers, 1);
    assert.equal(await store.verifyCertificate(own.certificate), 'BadCertificateUntrusted');
    assert.equal(strangers, 1);
    const status = await new Promise(
      (resolve) => void new PinnedCertificateStore(trusting).checkCertificate(own.certificate, (_error, got) => resolve(got)),
    );
    assert.equal(status, StatusCodes.Good);
    await assert.rejects(store.trustCertificate());
  });
});

describe('trust list', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'dcmb-trust-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const list = (name: string, most?: number) => new TrustList(join(folder, name), { mostRejected: most });

  test('a stranger waits in rejected/, is trusted by command, and can be taken out again', async () => {
    const trust = list('path');
    const stranger = await identity('stranger');
    assert.equal(await trust.judge(stranger.certificate), 'untrusted');
    assert.deepEqual(
      trust.list().map((entry) => [entry.state, entry.commonName]),
      [['rejected', 'stranger']],
    );
    trust.trust('stranger');
    assert.equal(await trust.judge(stranger.certificate), 'trusted');
    assert.deepEqual(
      trust.list().map((entry) => entry.state),
      ['trusted'],
    );
    assert.deepEqual(trust.trusted().map(thumbprintOf), [thumbprintOf(stranger.certificate)]);
    trust.remove(thumbprintOf(stranger.certificate).slice(0, 8).toUpperCase());
    assert.equal(await trust.judge(stranger.certificate), 'untrusted');
  });

  test('rejected/ holds a bounded number, the newest', async () => {
    const trust = list('bounded', 2);
    const strangers = await Promise.all(['a', 'b', 'c'].map(identity));
    for (const stranger of strangers) {
      trust.refusedDer(stranger.certificate);
      trust.refusedDer(stranger.certificate);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.deepEqual(
      trust.list('rejected').map((entry) => entry.commonName),
      ['b', 'c'],
    );
  });

  test('a stranger’s name reaches the file system in harmless characters only', async () => {
    const trust = list('names');
    trust.refusedDer((await identity('../../etc/x')).certificate);
    const [name] = readdirSync(join(folder, 'names', 'rejected'));
    assert.match(name ?? '', /^[A-Za-z0-9 _-]+\[[0-9a-f]{64}\]\.pem$/);
    trust.refusedDer(new Uint8Array([1]));
    assert.equal(trust.list().length, 1);
  });

  test('an unknown or ambiguous name is refused', async () => {
    const trust = list('ambiguous');
    for (const stranger of await Promise.all([identity('twin'), identity('twin')])) trust.refusedDer(stranger.certificate);
    assert.throws(() => trust.trust('nobody'), { code: 'UNKNOWN_CERTIFICATE' });
    assert.throws(() => trust.trust('0123abcd'), { code: 'UNKNOWN_CERTIFICATE' });
    assert.throws(() => trust.trust('twin'), { code: 'AMBIGUOUS_CERTIFICATE' });
    assert.throws(() => trust.add(Buffer.from('no certificate')), { code: 'BAD_CERTIFICATE' });
  });

  test('a change made by another process counts at the next check; the content counts, not the file name', async () => {
    const trust = list('shared');
    const peer = await identity('peer');
    assert.equal(trust.isTrusted(thumbprintOf(peer.certificate)), false);
    const seen: number[] = [];
    const stop = trust.watch(10, ({ trusted }) => void seen.push(trusted.length));
    writeFileSync(join(folder, 'shared', 'trusted', 'anything.der'), peer.certificate);
    writeFileSync(join(folder, 'shared', 'trusted', `x[${'0'.repeat(64)}].pem`), 'no certificate');
    assert.equal(trust.isTrusted(thumbprintOf(peer.certificate)), true);
    assert.equal(trust.isTrusted('0'.repeat(64)), false);
    await new Promise((resolve) => setTimeout(resolve, 50));
    stop();
    assert.deepEqual(seen, [1]);
    list('shared').remove('peer');
    assert.equal(trust.isTrusted(thumbprintOf(peer.certificate)), false);
  });

  test('PEM and DER files give the same certificate', async () => {
    const own = await identity('own');
    assert.equal(parseCertificateFile(Buffer.from(own.certificatePem)).thumbprint, parseCertificateFile(own.certificate).thumbprint);
  });
});

describe('users', () => {
  test('are found by thumbprint or user name, never by a certificate’s common name', async () => {
    const [alice, impostor] = await Promise.all([identity('alice'), identity('alice')]);
    const users = new Users([
      { name: 'line 1', roles: ['Plc'], certificate: thumbprintOf(alice.certificate).toUpperCase() },
      { name: 'alice', roles: ['Operator'], password: true },
    ]);
    const byCertificate = (own: ApplicationIdentity) => users.of(new X509IdentityToken({ certificateData: Buffer.from(own.certificate) }));
    assert.deepEqual(byCertificate(alice)?.roles, ['Plc']);
    assert.equal(byCertificate(impostor), undefined);
    assert.deepEqual(users.of(new UserNameIdentityToken({ userName: 'alice' }))?.roles, ['Operator']);
    assert.equal(users.of(new UserNameIdentityToken({ userName: 'line 1' })), undefined);
    assert.equal(users.of(undefined), undefined);
    assert.equal(await users.certificateStore().checkCertificate(alice.certificate), StatusCodes.Good);
    assert.equal(await users.certificateStore().checkCertificate(impostor.certificate), StatusCodes.BadCertificateUntrusted);
  });

  const T = 'ab'.repeat(32);
  const refused: [string, ConstructorParameters<typeof Users>[0]][] = [
    [
      'a name twice',
      [
        { name: 'a', roles: ['Plc'], password: true },
        { name: 'a', roles: ['Plc'], certificate: T },
      ],
    ],
    ['the name anonymous', [{ name: 'Anonymous', roles: ['Plc'], password: true }]],
    ['no role', [{ name: 'a', roles: [], password: true }]],
    ['an unknown role', [{ name: 'a', roles: ['Admin' as 'Plc'], password: true }]],
    ['neither certificate nor password', [{ name: 'a', roles: ['Plc'] }]],
    ['both', [{ name: 'a', roles: ['Plc'], password: true, certificate: T }]],
    ['a SHA-1 thumbprint', [{ name: 'a', roles: ['Plc'], certificate: 'ab'.repeat(20) }]],
    [
      'another’s certificate',
      [
        { name: 'a', roles: ['Plc'], certificate: T },
        { name: 'b', roles: ['Plc'], certificate: T },
      ],
    ],
  ];
  for (const [what, entries] of refused) {
    test(`a configuration with ${what} is refused`, () => {
      assert.throws(() => new Users(entries), { code: 'BAD_USER' });
    });
  }
});

describe('passwords', () => {
  test('right, wrong and unknown', async () => {
    const hash = await hashPassword('open sesame');
    assert.match(hash, /^\$argon2id\$v=19\$/);
    const check = new PasswordCheck(
      passwordHashes([
        { name: 'ali', roles: ['Operator'], password: hash },
        { name: 'x', roles: ['Plc'], certificate: 'ab' },
      ]),
    );
    assert.equal(await check.verify('ali', 'open sesame', 'app'), true);
    assert.equal(await check.verify('ali', 'open sesam', 'app'), false);
    assert.equal(await check.verify('x', 'open sesame', 'app'), false);
    assert.equal(await check.verify('ali', 'x'.repeat(2000), 'app'), false);
  });

  test('five failures in a row pause a name, also for the right password, and the pause ends', async () => {
    let now = NOW;
    const check = new PasswordCheck(new Map([['ali', await hashPassword('right')]]), () => now);
    for (let i = 0; i < 5; i++) assert.equal(await check.verify('ali', 'wrong', 'app'), false);
    assert.equal(await check.verify('ali', 'right', 'app'), false);
    now += 1000;
    assert.equal(await check.verify('ali', 'right', 'app'), true);
    assert.equal(await check.verify('ali', 'wrong', 'app'), false);
    assert.equal(await check.verify('ali', 'right', 'app'), true);
  });

  test('the pause is for that client application alone, and for that name', async () => {
    const hash = await hashPassword('right');
    const check = new PasswordCheck(
      new Map([
        ['ali', hash],
        ['eve', hash],
      ]),
      () => NOW,
    );
    for (let i = 0; i < 8; i++) assert.equal(await check.verify('ali', 'wrong', 'app'), false);
    assert.equal(await check.verify('ali', 'right', 'app'), false);
    assert.equal(await check.verify('ali', 'right', 'other app'), true);
    assert.equal(await check.verify('eve', 'right', 'app'), true);
    assert.equal(await check.verify('ali', 'right', 'app'), false, 'success elsewhere does not end it');
  });

  test('a hash of another kind is refused, without repeating it', () => {
    for (const hash of [
      '',
      'plain',
      '$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g',
      '$2b$12$abcdefghijklmnopqrstuv',
    ]) {
      assert.throws(
        () => new PasswordCheck(new Map([['ali', hash]])),
        (error: Error & { code: string }) => error.code === 'BAD_USER' && (hash === '' || !error.message.includes(hash)),
      );
    }
  });
});
