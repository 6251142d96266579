import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { x509 } from 'node-opcua-crypto';
import { trustMessage, trustOf } from '../../src/server/cleared/trust-message.ts';
import { type ApplicationIdentity, MaterialTrust, type RevocationRule, TrustList } from '../../src/server/identity/index.ts';
import { certificateOf, TestAuthority } from '../support/test-certificates.ts';

const HOUR_MS = 3_600_000;
const RULES: readonly RevocationRule[] = ['none', 'required'];
const filler = (bytes: number) => new x509.Extension('1.2.3.4', false, new Uint8Array(bytes));
const pem = (der: Uint8Array) => Buffer.from(new x509.X509Crl(Buffer.from(der)).toString('pem'));

describe('files of authorities that cannot be used', () => {
  let folder: string;
  let root: TestAuthority;
  let other: TestAuthority;
  let leaf: ApplicationIdentity;
  let foreign: ApplicationIdentity;
  let told: string[];
  const roots: string[] = [];
  before(async () => {
    root = await TestAuthority.create({ name: 'Root' });
    other = await TestAuthority.create({ name: 'Other' });
    [leaf, foreign] = [await root.issue(), await other.issue({ name: 'foreign' })];
  });
  beforeEach(() => {
    told = [];
    folder = mkdtempSync(join(tmpdir(), 'dcmb-crl-'));
    roots.push(folder);
  });
  after(() => {
    for (const each of roots) rmSync(each, { recursive: true });
  });

  const put = (place: 'certs' | 'crl', name: string, content: Uint8Array): string => {
    const file = join(folder, 'issuers', place, name);
    writeFileSync(file, content);
    return file;
  };
  const listOf = (revocation: RevocationRule): TrustList => {
    const list = new TrustList(folder, { revocation, onFault: (message) => void told.push(message) });
    put('certs', 'root.der', root.der);
    return list;
  };
  /** What the folder thinks, and what a process thinks that was handed the material through the pipe. */
  const judged = async (trust: TrustList, { certificate }: ApplicationIdentity): Promise<string> => {
    const is = await trust.judge(certificate);
    const handed = new MaterialTrust(trustOf(trustMessage(trust.material())));
    assert.equal(handed.accepts(certificate), is === 'trusted');
    return is;
  };

  const damaged: [string, () => Promise<Uint8Array>][] = [
    ['of which the end is missing', async () => (await root.list()).slice(0, -20)],
    ['of which there is a quarter', async () => (await root.list()).slice(0, 60)],
    ['cut off as PEM', async () => pem(await root.list()).subarray(0, 400)],
    ['without content', async () => new Uint8Array()],
    ['of another kind', async () => Buffer.from('no list')],
    ['that is longer than 512 KiB', async () => await root.list({ extensions: [filler(600_000)] })],
    [
      'for a part of the certificates',
      async () => await root.list({ extensions: [new x509.Extension('2.5.29.28', true, Buffer.from('3000', 'hex'))] }),
    ],
    ['that is a delta', async () => await root.list({ extensions: [new x509.Extension('2.5.29.27', true, Buffer.from('020101', 'hex'))] })],
    ['signed with SHA-1', async () => await root.list({ hash: 'SHA-1' })],
    ['that a namesake signed', async () => await (await TestAuthority.create({ name: 'Root' }, undefined, 'namesake')).list()],
    ['with a changed byte', async () => (await root.list()).map((byte, at, all) => (at === all.length - 1 ? byte ^ 1 : byte))],
  ];
  for (const rule of RULES) {
    for (const [what, make] of damaged) {
      test(`crl "${rule}": a list ${what} refuses its authority's certificates, though an older one is in force; told by its file`, async () => {
        const trust = listOf(rule);
        put('crl', 'a-old.crl', await root.list({ from: -2 * HOUR_MS }));
        assert.equal(await judged(trust, leaf), 'trusted');
        const file = put('crl', 'b-new.crl', await make());
        assert.equal(await judged(trust, leaf), 'revocationUnknown');
        assert.equal(told.length, 1);
        assert.ok(told[0]?.startsWith(`${file} `) && told[0].includes('"Root"'), told[0]);
        rmSync(file);
        assert.equal(await judged(trust, leaf), 'trusted');
      });
    }
  }

  test('one that names an authority leaves the others alone, and one of a stranger has no effect', async () => {
    const trust = listOf('none');
    put('certs', 'other.der', other.der);
    const file = put('crl', 'x.crl', (await root.list()).slice(0, -20));
    assert.deepEqual([await judged(trust, leaf), await judged(trust, foreign)], ['revocationUnknown', 'trusted']);
    writeFileSync(file, new Uint8Array(7));
    assert.deepEqual([await judged(trust, leaf), await judged(trust, foreign)], ['revocationUnknown', 'revocationUnknown']);
    writeFileSync(file, await (await TestAuthority.create({ name: 'Stranger' })).list());
    assert.deepEqual([await judged(trust, leaf), await judged(trust, foreign)], ['trusted', 'trusted']);
  });

  test('a list that cannot be opened, and a folder that cannot, refuse all', async () => {
    const trust = listOf('none');
    const file = join(folder, 'issuers', 'crl', 'link.crl');
    symlinkSync(join(folder, 'nowhere'), file);
    assert.equal(await judged(trust, leaf), 'revocationUnknown');
    rmSync(file);
    assert.equal(await judged(trust, leaf), 'trusted');
    const crl = join(folder, 'issuers', 'crl');
    rmSync(crl, { recursive: true });
    writeFileSync(crl, 'a file in the place of the folder');
    assert.equal(await judged(trust, leaf), 'revocationUnknown');
    assert.match(told.at(-1) ?? '', /issuers\/crl can't be read \(ENOTDIR\)/);
  });

  test('a copy that is under way, named with a dot, is not looked at; nor is a folder', async () => {
    const trust = listOf('none');
    put('crl', '.new.crl.x1', (await root.list()).slice(0, 60));
    chmodSync(put('crl', '.other', new Uint8Array()), 0o000);
    assert.equal(await judged(trust, leaf), 'trusted');
    assert.deepEqual(told, []);
  });

  test('an authority that cannot be read may have revoked a listed certificate: it is refused', async () => {
    const trust = listOf('none');
    trust.add(foreign.certificate);
    assert.equal(await judged(trust, foreign), 'trusted');
    const file = put('certs', 'other.der', other.der.slice(0, -9));
    assert.equal(await judged(trust, foreign), 'revocationUnknown');
    assert.ok(told[0]?.startsWith(`${file} `), told[0]);
    writeFileSync(file, other.der);
    assert.equal(await judged(trust, foreign), 'trusted');
  });

  test('an older list in force does not count beside a newer one that has run out', async () => {
    for (const rule of RULES) {
      const trust = listOf(rule);
      put('crl', 'old.crl', await root.list({ from: -3 * HOUR_MS }));
      const ended = await root.list({ from: -2 * HOUR_MS, to: -HOUR_MS, revoked: [certificateOf(leaf)] });
      put('crl', 'new.crl', ended);
      assert.equal(await judged(trust, leaf), rule === 'none' ? 'revoked' : 'revocationUnknown');
    }
  });

  for (const rule of RULES) {
    test(`crl "${rule}": of too many lists the newest of each authority counts, whatever its file is called`, async () => {
      const trust = listOf(rule);
      put('certs', 'other.der', other.der);
      for (let i = 0; i < 70; i++) put('crl', `1-${i}.crl`, await root.list({ from: -HOUR_MS - i * 1000 }));
      put('crl', '8.crl', await other.list());
      put('crl', '9.crl', await root.list({ revoked: [certificateOf(leaf)], from: -1000 }));
      assert.deepEqual([await judged(trust, leaf), await judged(trust, foreign)], ['revoked', 'trusted']);
      assert.equal(trust.material().revocationLists.length, 64);
      assert.deepEqual(told, []);
    });
  }

  test('an authority whose newest list no longer fits is refused, and the operator told', async () => {
    const trust = listOf('none');
    const others: ApplicationIdentity[] = [];
    for (let i = 0; i < 5; i++) {
      const authority = await TestAuthority.create({ name: `CA ${i}` }, undefined, 'one key');
      put('certs', `ca${i}.der`, authority.der);
      put('crl', `${i}.crl`, await authority.list({ extensions: [filler(450_000)] }));
      put('crl', `${i}-old.crl`, await authority.list({ from: -2 * HOUR_MS }));
      others.push(await authority.issue({ name: `of ${i}` }));
    }
    const all = await Promise.all(others.map((each) => judged(trust, each)));
    assert.deepEqual(all.toSorted(), ['revocationUnknown', 'trusted', 'trusted', 'trusted', 'trusted']);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /issuers\/crl holds more than 64 lists or 2 MiB.*"CA 4"/);
  });
});
