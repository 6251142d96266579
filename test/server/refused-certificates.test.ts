import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, mock, test } from 'node:test';
import { trustListOf } from '../../src/app/link-access.ts';
import { ModuleLog } from '../../src/app/module-log.ts';
import { type ApplicationIdentity, NO_AUTHORITIES, readCertificate, type TrustList } from '../../src/server/index.ts';
import { certificateOf, TestAuthority } from '../support/test-certificates.ts';
import { cleared, View } from './cleared-support.ts';
import { certificateUser, until } from './support.ts';

const HOUR_MS = 3_600_000;
const EXPIRED = { from: -2 * HOUR_MS, to: -HOUR_MS };

describe('a certificate that is vouched for and refused all the same', () => {
  let root: TestAuthority;
  let own: ApplicationIdentity;
  let folder: string;
  let trust: TrustList;
  let told: string[];
  const folders: string[] = [];
  before(async () => {
    root = await TestAuthority.create({ name: 'Root' });
    own = await root.issue({ name: 'press' });
  });
  beforeEach(() => {
    told = [];
    const pki = mkdtempSync(join(tmpdir(), 'dcmb-refused-'));
    folders.push(pki);
    folder = join(pki, 'ingest');
    trust = trustListOf(
      pki,
      'ingest',
      (event) => void told.push(event.event === 'warning' ? `${event.code} ${event.message}` : event.event),
    );
    writeFileSync(join(folder, 'issuers', 'certs', 'root.der'), root.der);
  });
  after(() => {
    for (const each of folders) rmSync(each, { recursive: true });
  });
  const putList = async (wishes: Parameters<TestAuthority['list']>[0] = {}): Promise<void> =>
    writeFileSync(join(folder, 'issuers', 'crl', 'root.crl'), await root.list(wishes));

  test('is told with name, thumbprint and reason, and waits for nobody', async () => {
    await putList({ revoked: [certificateOf(own)] });
    assert.equal(await trust.judge(own.certificate), 'revoked');
    const { applicationUri, thumbprint } = readCertificate(own.certificate);
    assert.equal(told.length, 1);
    assert.ok(told[0]?.startsWith('CERTIFICATE_REFUSED ') && told[0].includes(`${applicationUri} (${thumbprint.slice(0, 16)})`), told[0]);
    assert.match(told[0] ?? '', /"ingest" refused it: its authority has revoked it\. Ask its owner\.$/);
    assert.deepEqual(trust.list('rejected'), []);
  });

  test('is told of each reason, once an hour however often it comes, and by a list that is handed what another process refused', async () => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    try {
      for (let i = 0; i < 3; i++) assert.equal(await trust.judge(own.certificate), 'revocationUnknown');
      assert.equal(told.length, 1);
      assert.match(told[0] ?? '', /no revocation list in force of its authority is here\. .*dcmb trust crl/);
      await putList({ revoked: [certificateOf(own)], to: 9 * HOUR_MS });
      trust.refusedDer(own.certificate);
      assert.match(told[1] ?? '', /has revoked it/);
      mock.timers.tick(HOUR_MS);
      trust.refusedDer(own.certificate);
      assert.equal(told.length, 3);
    } finally {
      mock.timers.reset();
    }
  });

  test('a listed one, too', async () => {
    const expired = await (await TestAuthority.create({ name: 'Other' })).issue({ name: 'old', ...EXPIRED });
    trust.add(expired.certificate);
    assert.equal(await trust.judge(expired.certificate), 'expired');
    assert.match(told.join(), /^CERTIFICATE_REFUSED .* it has expired\. Its owner has to renew it\.$/);
  });

  test('a listed one whose chain is incomplete, too; it does not wait as a stranger', async () => {
    const middle = await TestAuthority.create({ name: 'Middle' }, await TestAuthority.create({ name: 'Unknown' }));
    const listed = await middle.issue({ name: 'chained' });
    writeFileSync(join(folder, 'issuers', 'certs', 'middle.der'), middle.der);
    trust.add(listed.certificate);
    assert.equal(await trust.judge(listed.certificate), 'chainIncomplete');
    assert.match(told.join(), /^CERTIFICATE_REFUSED .* an authority above its own is missing\. Take it in: dcmb trust authority\.$/);
    assert.deepEqual(trust.list('rejected'), []);
  });

  test('a listed one that is too weak, and one whose authority is, too', async () => {
    const weak = await root.issue({ name: 'weak', bits: 1024 });
    trust.add(weak.certificate);
    assert.equal(await trust.judge(weak.certificate), 'weak');
    const old = await TestAuthority.create({ name: 'Old', hash: 'SHA-1' });
    writeFileSync(join(folder, 'issuers', 'certs', 'old.der'), old.der);
    assert.equal(await trust.judge((await old.issue({ name: 'of an old one' })).certificate), 'weak');
    assert.equal(
      told.filter((each) => /CERTIFICATE_REFUSED .* is too weak\. Its owner has to renew it\.$/.test(each)).length,
      2,
      told.join(),
    );
    assert.equal(await trust.judge((await (await TestAuthority.create({ name: 'Other' })).issue({ bits: 1024 })).certificate), 'weak');
    assert.equal(told.length, 2, 'nobody vouches for the last one');
  });

  test('whoever nobody vouches for is a stranger or nothing: with an expired certificate, and with the forged name of an authority', async () => {
    const namesake = await TestAuthority.create({ name: 'Root' }, undefined, 'namesake');
    assert.equal(await trust.judge((await namesake.issue({ name: 'forger' })).certificate), 'forged');
    assert.deepEqual(told, []);
    const other = await TestAuthority.create({ name: 'Other' });
    const stranger = await other.issue({ name: 'stranger', ...EXPIRED });
    assert.match(await trust.judge(stranger.certificate), /untrusted|chainIncomplete/);
    assert.deepEqual(told, ['stranger']);
  });

  test('stands in the log with application, thumbprint and reason, and without the name that somebody chose', async () => {
    const lines: string[] = [];
    const log = new ModuleLog({ write: (level, fields) => void lines.push(JSON.stringify({ level, ...fields })), close: () => undefined });
    const logged = trustListOf(join(folder, '..'), 'ingest', (event) => log.log(event));
    assert.equal(await logged.judge(own.certificate), 'revocationUnknown');
    const { applicationUri, thumbprint } = readCertificate(own.certificate);
    const { application, thumbprint: which, because, code } = JSON.parse(lines[0] ?? '{}') as Record<string, string>;
    assert.deepEqual([application, which, because, code], ['ingest', thumbprint, 'revocationUnknown', 'CERTIFICATE_REFUSED']);
    assert.ok(!lines.join().includes(applicationUri));
  });

  test('at a cleared server, is reported to the module, once a minute however often it comes', async () => {
    const material = { ...NO_AUTHORITIES, trusted: [own.certificate], renewals: {}, issuers: [root.der] };
    const on = await cleared({}, { trusted: material });
    try {
      for (let i = 0; i < 3; i++) await assert.rejects(View.open(on, certificateUser(on.manufacturer), {}, own));
      await until('the module is told', () => on.strangers.some((der) => Buffer.from(der).equals(Buffer.from(own.certificate))));
      // The clock's minute may have turned in between.
      assert.ok(on.strangers.length <= 2, `${on.strangers.length}`);
    } finally {
      await on.server.stop();
    }
  });
});
