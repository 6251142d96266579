import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { initPlant } from '../../src/app/index.ts';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import { createApplicationCertificate, thumbprintOf } from '../../src/server/index.ts';
import { certificateOf, TestAuthority } from '../support/test-certificates.ts';
import { CommandRunner, type Run } from './program.ts';

const POLICY = new URL('../../examples/policies/work-pieces.json', import.meta.url).pathname;

describe('dcmb trust, with a company’s authority', () => {
  let folder: string;
  let config: string;
  let root: TestAuthority;
  const runner = new CommandRunner();
  const file = (name: string, content: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const run = async (...args: string[]): Promise<Run> => await runner.run(['trust', ...args]);
  const says = async (words: RegExp, ...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await run(...args);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, words);
    return stdout;
  };
  const refuses = async (words: RegExp, ...args: string[]): Promise<void> => {
    const { status, stdout, stderr } = await run(...args);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, words);
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dcmb-trust-'));
    await initPlant({
      folder: join(folder, 'plant'),
      policyFile: POLICY,
      cadence: { intervalMs: 1000, epochIntervals: 16 },
      host: '127.0.0.1',
      advertisedHost: 'localhost',
      ports: { ingest: 1, cleared: 2, applications: 3 },
      channel: 'press',
    });
    config = join(folder, 'plant', 'owner', 'dcmb.json');
    root = await TestAuthority.create({ name: 'Company CA' });
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  test('a list of an authority that is not known is refused, and so is an application’s certificate as an authority', async () => {
    await refuses(
      /No listed authority signed this revocation list .*dcmb trust authority/,
      'crl',
      config,
      file('ca.crl', await root.list()),
    );
    const leaf = file('leaf.der', (await root.issue()).certificate);
    await refuses(/leaf\.der: "issued" is no authority's certificate/, 'authority', config, leaf, '--application', 'ingest');
    await refuses(/could go to two lists/, 'authority', config, file('ca.der', root.der));
    await refuses(/There is no file/, 'authority', config, join(folder, 'none.pem'), '--application', 'ingest');
  });

  test('an authority and its newest revocation list are taken in, listed, shown and removed', async () => {
    const ca = file('ca.der', root.der);
    await says(
      new RegExp(`^ingest now trusts what Company CA \\(${root.thumbprint}\\) vouches for\n$`),
      'authority',
      config,
      ca,
      '--application',
      'ingest',
    );
    await says(/authority {2}[0-9a-f]{16} {2}Company CA +no revocation list/, 'list', config);
    const old = await root.list({ from: -7_200_000 });
    await says(/^ingest has the revocation list of Company CA: 0 revoked, next list by 2/, 'crl', config, file('old.crl', old));
    const revoked = certificateOf(await root.issue());
    await says(/: 1 revoked, next list by /, 'crl', config, file('new.crl', await root.list({ revoked: [revoked] })));
    await refuses(/old\.crl: A newer revocation list of this authority is there already/, 'crl', config, join(folder, 'old.crl'));
    await says(/authority {2}[0-9a-f]{16} {2}Company CA +revocation list to 2/, 'list', config);
    const shown = await says(/^Company CA\n {2}list {8}ingest, authority\n/, 'show', config, root.thumbprint.slice(0, 12));
    assert.match(shown, /revoked {5}1, by .*\.crl\.pem/);
    await says(/^ingest no longer has Company CA/, 'remove', config, 'Company CA');
    assert.doesNotMatch((await run('list', config)).stdout, /Company CA/);
  });

  test('a revocation list older than the one there is told as such, also where another application does not know the authority', async () => {
    await says(/^cleared now trusts/, 'authority', config, file('ca.der', root.der), '--application', 'cleared');
    await says(/^cleared has the revocation list/, 'crl', config, join(folder, 'new.crl'));
    await refuses(/old\.crl: A newer revocation list of this authority is there already/, 'crl', config, join(folder, 'old.crl'));
    await says(/^cleared no longer has Company CA/, 'remove', config, 'Company CA');
  });

  test('a certificate takes the place of a trusted one only', async () => {
    const next = await root.issue({ name: 'next' });
    const path = file('next.der', next.certificate);
    await refuses(/No trusted certificate is named "nobody"/, 'add', config, path, '--application', 'ingest', '--renews', 'nobody');
    const plc = thumbprintOf(loadIdentity(join(folder, 'plant', 'plc', 'pki'), 'plc').certificate);
    await says(new RegExp(`in the place of ${plc}\n$`), 'add', config, path, '--application', 'ingest', '--renews', plc.slice(0, 16));
    await says(new RegExp(`renews {6}${plc}\n`), 'show', config, 'next');
    const record = join(folder, 'plant', 'owner', 'pki', 'ingest', 'renewals.json');
    const recorded = readFileSync(record, 'utf8');
    assert.deepEqual(JSON.parse(recorded), { [thumbprintOf(next.certificate)]: plc });
    writeFileSync(record, recorded.slice(0, 40));
    await refuses(/renewals\.json is damaged/, 'add', config, path, '--application', 'ingest', '--renews', plc.slice(0, 16));
    await says(/renewals\.json is damaged, .*No certificate has the rights/, 'list', config);
    assert.doesNotMatch((await run('show', config, 'next')).stdout, /renews/);
    writeFileSync(record, recorded);
  });

  test('an application’s own certificate is renewed in two steps', async () => {
    const pki = join(folder, 'plant', 'owner', 'pki');
    const before = thumbprintOf(loadIdentity(pki, 'cleared').certificate);
    await refuses(/could go to two lists/, 'renew', config);
    await refuses(/no number of days/, 'renew', config, '--application', 'cleared', '--days', '0');
    await refuses(/next\.pem can't be read/, 'renew', config, '--application', 'cleared', '--use');
    await says(
      /next\.pem is made, valid to 20.*\nHave the peers of cleared trust it, .* --application cleared --use\n$/,
      'renew',
      config,
      '--application',
      'cleared',
    );
    assert.equal(thumbprintOf(loadIdentity(pki, 'cleared').certificate), before);
    await refuses(/is there already/, 'renew', config, '--application', 'cleared');
    await says(
      /own\.pem is the certificate of cleared from now on, .*\nThe one before it is kept as .*previous\.pem\n$/,
      'renew',
      config,
      '--application',
      'cleared',
      '--use',
    );
    assert.notEqual(thumbprintOf(loadIdentity(pki, 'cleared').certificate), before);
  });

  test('a next certificate without a name under which clients reach the server is not put to use', async () => {
    const pki = join(folder, 'plant', 'owner', 'pki');
    const own = loadIdentity(pki, 'ingest');
    const next = await createApplicationCertificate({
      applicationName: 'elsewhere',
      applicationUri: own.applicationUri,
      organization: 'acme',
      hosts: ['elsewhere'],
      ips: [],
      validityDays: 5,
    });
    writeFileSync(join(pki, 'ingest', 'next.pem'), next.certificatePem);
    writeFileSync(join(pki, 'ingest', 'next-key.pem'), next.privateKeyPem, { mode: 0o600 });
    await refuses(/next\.pem: .* does not name localhost/, 'renew', config, '--application', 'ingest', '--use');
    assert.equal(thumbprintOf(loadIdentity(pki, 'ingest').certificate), thumbprintOf(own.certificate));
  });

  test('a revocation list that cannot be used is told with its file', async () => {
    const pki = join(folder, 'plant', 'owner', 'pki');
    await says(/now trusts what/, 'authority', config, file('ca.der', root.der), '--application', 'ingest');
    const bad = join(pki, 'ingest', 'issuers', 'crl', 'half.crl');
    writeFileSync(bad, (await root.list()).slice(0, -20));
    await says(/half\.crl is damaged, .*All certificates of "Company CA" are refused/, 'list', config);
    rmSync(bad);
    assert.doesNotMatch((await run('list', config)).stdout, /refused/);
  });
});
