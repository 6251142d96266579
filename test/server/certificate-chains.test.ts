import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { x509 } from 'node-opcua-crypto';
import type { CertificateJudgement } from '../../src/nodeset/index.ts';
import {
  type AuthorityMaterial,
  Authorities,
  judgeCertificate,
  NO_AUTHORITIES,
  readRevocationList,
  thumbprintOf,
} from '../../src/server/identity/index.ts';
import type { ApplicationIdentity } from '../../src/server/identity/index.ts';
import { APPLICATION_USAGES, AUTHORITY_USAGES, certificateOf, oddIdentity, TestAuthority } from '../support/test-certificates.ts';

const HOUR_MS = 3_600_000;

interface Setting extends Partial<AuthorityMaterial> {
  /** Listed one by one. */
  readonly trusted?: readonly ApplicationIdentity[];
  readonly host?: string;
}

/** What is thought of a certificate, and of whom a person would be told. */
function judged(identity: ApplicationIdentity, { trusted = [], host, ...material }: Setting): { is: CertificateJudgement; told: number } {
  const authorities = new Authorities({ ...NO_AUTHORITIES, ...material });
  const listed = new Set(trusted.map(({ certificate }) => thumbprintOf(certificate)));
  let told = 0;
  const source = { isTrusted: (thumbprint: string) => listed.has(thumbprint), authorities: () => authorities, stranger: () => void told++ };
  const is = judgeCertificate(identity.certificate, source, { nowMs: Date.now(), ...(host === undefined ? {} : { host }) });
  return { is, told };
}

describe('certificates of a company’s authority (OPC UA Part 4, clause 6.1.3)', () => {
  let root: TestAuthority;
  let middle: TestAuthority;
  let leaf: ApplicationIdentity;
  let chained: ApplicationIdentity;
  before(async () => {
    root = await TestAuthority.create({ name: 'Root' });
    middle = await TestAuthority.create({ name: 'Middle' }, root);
    leaf = await root.issue();
    chained = await middle.issue({ name: 'chained' });
  });
  const both = async () => ({ issuers: [root.der, middle.der], revocationLists: [await root.list(), await middle.list()] });

  test('are trusted where the authority is listed and its revocation list is in force', async () => {
    assert.deepEqual(judged(leaf, { issuers: [root.der], revocationLists: [await root.list()] }), { is: 'trusted', told: 0 });
    assert.deepEqual(judged(chained, await both()), { is: 'trusted', told: 0 });
  });

  test('are strangers where the authority is not listed, and wait for a person', () => {
    assert.deepEqual(judged(leaf, {}), { is: 'untrusted', told: 1 });
    assert.deepEqual(judged(leaf, { issuers: [middle.der] }), { is: 'untrusted', told: 1 });
  });

  test('an authority above that is missing breaks the chain: BadCertificateChainIncomplete', async () => {
    const lists = [await root.list(), await middle.list()];
    assert.deepEqual(judged(chained, { issuers: [middle.der], revocationLists: lists }), { is: 'chainIncomplete', told: 1 });
    assert.deepEqual(judged(chained, { issuers: [middle.der], revocationLists: lists, trusted: [chained] }), {
      is: 'chainIncomplete',
      told: 0,
    });
    assert.deepEqual(judged(chained, { issuers: [root.der], revocationLists: lists }), { is: 'untrusted', told: 1 });
  });

  test('a certificate that was listed one by one vouches for nobody', async () => {
    const asApplication = { ...leaf, certificate: root.der };
    assert.equal(judged(leaf, { trusted: [asApplication], revocationLists: [await root.list()] }).is, 'untrusted');
  });

  test('one that bears the authority’s name with another’s signature is forged', async () => {
    const impostor = await TestAuthority.create({ name: 'Root' }, undefined, 'impostor');
    const forged = await impostor.issue();
    const setting = { issuers: [root.der], revocationLists: [await root.list(), await impostor.list()] };
    assert.deepEqual(judged(forged, setting), { is: 'forged', told: 0 });
    assert.equal(judged(forged, { ...setting, trusted: [forged] }).is, 'forged');
    assert.equal(judged(forged, { ...setting, issuers: [root.der, impostor.der] }).is, 'trusted');
  });

  const lists: [string, () => Promise<Uint8Array[]>, CertificateJudgement][] = [
    ['none', async () => [], 'revocationUnknown'],
    ['one of yesterday, with no new one', async () => [await root.list({ from: -2 * HOUR_MS, to: -HOUR_MS })], 'revocationUnknown'],
    ['one of tomorrow', async () => [await root.list({ from: HOUR_MS, to: 2 * HOUR_MS })], 'revocationUnknown'],
    ['another authority’s', async () => [await middle.list()], 'revocationUnknown'],
    [
      'one that a namesake signed',
      async () => [await (await TestAuthority.create({ name: 'Root' }, undefined, 'other')).list()],
      'revocationUnknown',
    ],
    ['one signed with SHA-1', async () => [await root.list({ hash: 'SHA-1' })], 'revocationUnknown'],
    ['bytes that are none', async () => [Uint8Array.of(1, 2, 3)], 'revocationUnknown'],
    [
      'a delta list',
      async () => [await root.list({ extensions: [new x509.Extension('2.5.29.27', true, Buffer.from('020101', 'hex'))] })],
      'revocationUnknown',
    ],
    ['one that names it', async () => [await root.list({ revoked: [certificateOf(leaf)] })], 'revoked'],
    [
      'an older one that does not, and the newest that names it',
      async () => [await root.list({ from: -2 * HOUR_MS }), await root.list({ revoked: [certificateOf(leaf)] })],
      'revoked',
    ],
    [
      'an older one that names it, and the newest that does not',
      async () => [await root.list({ from: -2 * HOUR_MS, revoked: [certificateOf(leaf)] }), await root.list()],
      'trusted',
    ],
  ];
  for (const [what, make, expected] of lists) {
    test(`with revocation list ${what}: ${expected}, also where the certificate is listed by itself`, async () => {
      const setting = { issuers: [root.der], revocationLists: await make() };
      assert.equal(judged(leaf, setting).is, expected);
      assert.equal(judged(leaf, { ...setting, trusted: [leaf] }).is, expected);
    });
  }

  test('an authority that may not sign revocation lists has none', async () => {
    const mute = await TestAuthority.create({ name: 'Mute', usages: x509.KeyUsageFlags.keyCertSign });
    const issued = await mute.issue();
    assert.equal(judged(issued, { issuers: [mute.der], revocationLists: [await mute.list()] }).is, 'revocationUnknown');
    assert.equal(judged(issued, { issuers: [mute.der], revocation: 'none' }).is, 'trusted');
  });

  test('without the need of lists, one that is there still counts, an old one too', async () => {
    assert.equal(judged(leaf, { issuers: [root.der], revocation: 'none' }).is, 'trusted');
    for (const to of [HOUR_MS, -HOUR_MS]) {
      const list = await root.list({ from: -2 * HOUR_MS, to, revoked: [certificateOf(leaf)] });
      assert.equal(judged(leaf, { issuers: [root.der], revocationLists: [list], revocation: 'none' }).is, 'revoked');
    }
  });

  test('the authority’s own revocation is looked up with the one above it', async () => {
    const issuers = [root.der, middle.der];
    assert.equal(judged(chained, { issuers, revocationLists: [await middle.list()] }).is, 'issuerRevocationUnknown');
    assert.equal(judged(chained, { issuers, revocationLists: [await root.list()] }).is, 'revocationUnknown');
    const revoked = await root.list({ revoked: [middle] });
    assert.equal(judged(chained, { issuers, revocationLists: [revoked, await middle.list()] }).is, 'issuerRevoked');
  });

  const authorities: [string, Parameters<typeof TestAuthority.create>[0], CertificateJudgement][] = [
    ['whose certificate has expired', { from: -2 * HOUR_MS, to: -HOUR_MS }, 'issuerTimeInvalid'],
    ['whose certificate is not valid yet', { from: HOUR_MS, to: 2 * HOUR_MS }, 'issuerTimeInvalid'],
    ['with CA:FALSE', { isAuthority: false }, 'issuerUnfit'],
    ['without keyCertSign', { usages: x509.KeyUsageFlags.cRLSign }, 'issuerUnfit'],
    ['signed with SHA-1', { hash: 'SHA-1' }, 'weak'],
    ['with RSA 1024', { bits: 1024 }, 'weak'],
    ['with name constraints', { extensions: [new x509.Extension('2.5.29.30', false, Buffer.from('3000', 'hex'))] }, 'issuerUnfit'],
    [
      'with a critical extension that is not known',
      { extensions: [new x509.Extension('1.2.3.4', true, Buffer.from('0500', 'hex'))] },
      'issuerUnfit',
    ],
  ];
  for (const [what, wishes, expected] of authorities) {
    test(`an authority ${what} vouches for nothing: ${expected}`, async () => {
      const odd = await TestAuthority.create({ name: 'Odd', usages: AUTHORITY_USAGES, ...wishes });
      const setting = { issuers: [odd.der], revocationLists: [await odd.list()] };
      assert.equal(judged(await odd.issue(), setting).is, expected);
    });
  }

  test('a path that is longer than an authority allows is refused (RFC 5280, clause 4.2.1.9)', async () => {
    const short = await TestAuthority.create({ name: 'Short', pathLength: 0 });
    const below = await TestAuthority.create({ name: 'Below' }, short);
    const setting = { issuers: [short.der, below.der], revocationLists: [await short.list(), await below.list()] };
    assert.equal(judged(await short.issue(), setting).is, 'trusted');
    assert.equal(judged(await below.issue(), setting).is, 'issuerUnfit');
  });

  test('a chain without end is cut off', async () => {
    const line = [await TestAuthority.create({ name: 'A0' })];
    for (let i = 1; i < 7; i++) line.push(await TestAuthority.create({ name: `A${i}` }, line[i - 1]));
    const issuers = line.map(({ der }) => der);
    const last = line[6];
    assert.ok(last);
    assert.equal(judged(await last.issue(), { issuers, revocation: 'none' }).is, 'chainIncomplete');
  });

  const leaves: [string, Parameters<TestAuthority['issue']>[0], CertificateJudgement][] = [
    ['expired', { from: -2 * HOUR_MS, to: -HOUR_MS }, 'expired'],
    ['not valid yet', { from: HOUR_MS, to: 2 * HOUR_MS }, 'notYetValid'],
    ['signed with SHA-1', { hash: 'SHA-1' }, 'weak'],
    ['with RSA 1024', { bits: 1024 }, 'weak'],
    ['with RSA 4104', { bits: 4104 }, 'weak'],
    ['an authority itself', { isAuthority: true, usages: APPLICATION_USAGES | AUTHORITY_USAGES }, 'unfit'],
    ['without an application’s key usages', { usages: x509.KeyUsageFlags.digitalSignature }, 'unfit'],
    ['without an ApplicationUri', { uri: '' }, 'unfit'],
    ['for signing code', { purposes: [x509.ExtendedKeyUsage.codeSigning] }, 'unfit'],
    ['for TLS clients', { purposes: [x509.ExtendedKeyUsage.clientAuth] }, 'trusted'],
    [
      'with a critical extension that is not known',
      { extensions: [new x509.Extension('1.2.3.4', true, Buffer.from('0500', 'hex'))] },
      'unfit',
    ],
  ];
  for (const [what, wishes, expected] of leaves) {
    test(`a certificate ${what} that the authority vouches for: ${expected}`, async () => {
      const odd = await root.issue({ name: 'odd leaf', ...wishes });
      assert.equal(judged(odd, { issuers: [root.der], revocationLists: [await root.list()] }).is, expected);
    });
  }

  test('a server that an authority vouches for must bear the name that was dialled; a listed one need not', async () => {
    const setting = { issuers: [root.der], revocationLists: [await root.list()] };
    assert.equal(judged(leaf, { ...setting, host: 'LOCALHOST' }).is, 'trusted');
    for (const host of ['plant7', '']) {
      assert.equal(judged(leaf, { ...setting, host }).is, 'wrongHost');
      assert.equal(judged(leaf, { ...setting, host, trusted: [leaf] }).is, 'trusted');
    }
  });
});

describe('a certificate listed one by one', () => {
  test('with CA:TRUE is accepted as itself, and what it signed is a stranger', async () => {
    const usages = APPLICATION_USAGES | AUTHORITY_USAGES;
    const own = await oddIdentity({ name: 'own CA', isAuthority: true, usages });
    assert.equal(judged(own, { trusted: [own] }).is, 'trusted');
    const authority = await TestAuthority.create({ name: 'own CA', usages });
    const signed = await authority.issue();
    assert.equal(judged(signed, { trusted: [{ ...own, certificate: authority.der }] }).is, 'untrusted');
  });

  test('whose own signature does not verify is forged', async () => {
    const own = await oddIdentity({ name: 'own' });
    const changed = own.certificate.slice();
    changed[changed.length - 1]! ^= 1;
    const broken = { ...own, certificate: changed };
    assert.equal(judged(broken, { trusted: [broken] }).is, 'forged');
  });
});

describe('reading a revocation list', () => {
  test('as PEM or DER gives the same', async () => {
    const root = await TestAuthority.create({ name: 'Root' });
    const der = await root.list({ revoked: [root] });
    const pem = Buffer.from(new x509.X509Crl(Buffer.from(der)).toString('pem'));
    assert.deepEqual(readRevocationList(pem), readRevocationList(der));
    assert.equal(readRevocationList(der).revoked.size, 1);
  });

  const faults: [string, (der: Uint8Array) => Uint8Array][] = [
    ['nothing', () => new Uint8Array()],
    ['a list cut off', (der) => der.slice(0, -1)],
    ['bytes that follow', (der) => Uint8Array.of(...der, 0)],
    ['two lists', (der) => Uint8Array.of(...der, ...der)],
    ['a text', () => Buffer.from('-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n')],
  ];
  for (const [what, change] of faults) {
    test(`refuses ${what}`, async () => {
      const root = await TestAuthority.create({ name: 'Root' });
      const der = await root.list();
      assert.throws(() => readRevocationList(change(der)), { code: 'BAD_REVOCATION_LIST' });
    });
  }
});
