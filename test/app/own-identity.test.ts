import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { ModuleEvent } from '../../src/app/index.ts';
import { makeNextCertificate, useNextCertificate } from '../../src/app/next-certificate.ts';
import { trustListOf } from '../../src/app/link-access.ts';
import { OwnIdentity, renewingIdentity } from '../../src/app/own-identity.ts';
import { createIdentity, loadIdentity, pkiFolder } from '../../src/app/plant-identities.ts';
import { type ApplicationIdentity, createApplicationCertificate, readCertificate, thumbprintOf } from '../../src/server/index.ts';

const DAY_MS = 86_400_000;

describe('an application’s own certificate', () => {
  let pki: string;
  let folder: string;
  let nowMs: number;
  let told: [code: string, message: string][];
  const clock = { now: () => nowMs };
  const listener = (event: ModuleEvent): void => {
    if (event.event === 'warning') told.push([event.code, event.message]);
  };
  const codes = (): string[] => told.map(([code]) => code);
  const own = (dialled: readonly string[] = ['localhost']): OwnIdentity =>
    new OwnIdentity({ pki, application: 'cleared', dialled, clock, listener });

  before(async () => {
    pki = mkdtempSync(join(tmpdir(), 'dcmb-pki-'));
    folder = pkiFolder(pki, 'cleared');
    await createIdentity(pki, 'cleared', 'acme', []);
    for (const name of ['own.pem', 'own-key.pem']) copyFileSync(join(folder, name), join(folder, `${name}.kept`));
  });
  beforeEach(() => {
    for (const name of ['own.pem', 'own-key.pem']) copyFileSync(join(folder, `${name}.kept`), join(folder, name));
    for (const name of ['next.pem', 'next-key.pem', 'previous.pem', 'previous-key.pem']) rmSync(join(folder, name), { force: true });
    told = [];
    nowMs = Date.now();
  });
  after(() => rmSync(pki, { recursive: true }));

  const thumbprint = ({ certificate }: ApplicationIdentity): string => thumbprintOf(certificate);
  const use = (dialled: readonly string[] = ['localhost']) => useNextCertificate(pki, 'cleared', { nowMs, dialled });
  const content = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const putNext = (identity: ApplicationIdentity): void => {
    writeFileSync(join(folder, 'next.pem'), identity.certificatePem);
    writeFileSync(join(folder, 'next-key.pem'), identity.privateKeyPem, { mode: 0o600 });
  };
  const put = (identity: ApplicationIdentity): void => {
    writeFileSync(join(folder, 'own-key.pem'), identity.privateKeyPem);
    writeFileSync(join(folder, 'own.pem'), identity.certificatePem);
  };
  const another = (change: Partial<Parameters<typeof createApplicationCertificate>[0]> = {}): Promise<ApplicationIdentity> => {
    const { commonName, applicationUri, organization, hosts, ips } = readCertificate(loadIdentity(pki, 'cleared').certificate);
    return createApplicationCertificate({
      applicationName: commonName,
      applicationUri,
      organization,
      hosts,
      ips,
      validityDays: 100,
      ...change,
    });
  };

  test('is used silently while it is fit', () => {
    const identity = own();
    assert.equal(thumbprint(identity.current), thumbprint(loadIdentity(pki, 'cleared')));
    assert.equal(identity.refresh(), false);
    assert.deepEqual(told, []);
  });

  test('is refused at the start with its file and the reason', () => {
    assert.throws(
      () => own(['plant7']),
      (error: Error & { code: string }) => {
        return (
          error.code === 'OWN_CERTIFICATE_UNFIT' && error.message.includes(join(folder, 'own.pem')) && error.message.includes('plant7')
        );
      },
    );
    nowMs += 5 * 366 * DAY_MS;
    assert.throws(() => own(), /expired/);
  });

  test('is told of within thirty days of its end, at the start and once a day', async () => {
    put(await another({ validityDays: 31 }));
    const identity = own();
    assert.deepEqual(codes(), []);
    nowMs += 2 * DAY_MS;
    identity.refresh();
    identity.refresh();
    assert.deepEqual(codes(), ['CERTIFICATE_EXPIRES']);
    assert.match(told[0]?.[1] ?? '', /own\.pem expires in 2[89] days\. Renew it: dcmb trust renew\.$/);
    nowMs += 40 * DAY_MS;
    identity.refresh();
    assert.match(told[1]?.[1] ?? '', /it expired on/);
    nowMs -= 20 * DAY_MS;
    told = [];
    own();
    assert.deepEqual(codes(), ['CERTIFICATE_EXPIRES']);
  });

  test('is replaced while the module runs, once both files are', async () => {
    const identity = own();
    const renewed = await another();
    writeFileSync(join(folder, 'own-key.pem'), renewed.privateKeyPem);
    assert.equal(identity.refresh(), false);
    writeFileSync(join(folder, 'own.pem'), renewed.certificatePem);
    assert.equal(identity.refresh(), true);
    assert.equal(identity.refresh(), false);
    assert.equal(thumbprint(identity.current), thumbprint(renewed));
    assert.deepEqual(codes(), ['CERTIFICATE_RENEWED']);
  });

  const unfit: [string, () => Promise<ApplicationIdentity>, RegExp][] = [
    ['of another application', () => another({ applicationUri: 'urn:else' }), /urn:else/],
    ['that does not name the host', () => another({ hosts: ['else'], ips: [] }), /localhost/],
    ['that has expired', () => another({ notBeforeMs: Date.now() - 200 * DAY_MS }), /expired/],
    ['that is none', async () => ({ ...(await another()), certificatePem: 'none' }), /own\.pem/],
  ];
  for (const [what, make, reason] of unfit) {
    test(`a new one ${what} is not taken, and the operator is told once, after ten seconds`, async () => {
      const identity = own();
      const before = thumbprint(identity.current);
      put(await make());
      assert.equal(identity.refresh(), false);
      nowMs += 9_000;
      assert.equal(identity.refresh(), false);
      assert.deepEqual(told, []);
      for (let i = 0; i < 3; i++) {
        nowMs += 1_000;
        assert.equal(identity.refresh(), false);
      }
      assert.equal(thumbprint(identity.current), before);
      assert.deepEqual(codes(), ['CERTIFICATE_UNFIT']);
      assert.match(told[0]?.[1] ?? '', reason);
      assert.doesNotMatch(told[0]?.[1] ?? '', /PRIVATE KEY/);
    });
  }

  test('a key that others may read is not taken', async () => {
    const identity = own();
    put(await another());
    chmodSync(join(folder, 'own-key.pem'), 0o644);
    assert.equal(identity.refresh(), false);
    chmodSync(join(folder, 'own-key.pem'), 0o600);
  });

  test('a client that only reads it goes on with the last pair that fitted', async () => {
    const identity = renewingIdentity(pki, 'cleared', ['localhost']);
    const before = thumbprint(identity());
    const renewed = await another();
    writeFileSync(join(folder, 'own.pem'), renewed.certificatePem);
    assert.equal(thumbprint(identity()), before);
    writeFileSync(join(folder, 'own-key.pem'), renewed.privateKeyPem);
    assert.equal(thumbprint(identity()), thumbprint(renewed));
  });

  for (const [what, make] of unfit) {
    test(`a client does not take a new one ${what} either`, async () => {
      const identity = renewingIdentity(pki, 'cleared', ['localhost']);
      const before = thumbprint(identity());
      const renewed = await another();
      put(await make());
      assert.equal(thumbprint(identity()), before);
      put(renewed);
      assert.equal(thumbprint(identity()), thumbprint(renewed));
    });
  }

  test('the next one is made beside it with the same names, and used when asked to', async () => {
    const before = readCertificate(loadIdentity(pki, 'cleared').certificate);
    const { identity } = await makeNextCertificate(pki, 'cleared', 100);
    const next = readCertificate(identity.certificate);
    for (const key of ['commonName', 'organization', 'applicationUri', 'hosts', 'ips'] as const) assert.deepEqual(next[key], before[key]);
    assert.equal(thumbprint(loadIdentity(pki, 'cleared')), before.thumbprint);
    await assert.rejects(makeNextCertificate(pki, 'cleared', 100), { code: 'BAD_CONFIG' });
    use();
    assert.equal(thumbprint(loadIdentity(pki, 'cleared')), next.thumbprint);
    assert.throws(() => use(), { code: 'BAD_CONFIG' });
  });

  test('one that was put half to use is put to use whole by the same command', async () => {
    const { identity } = await makeNextCertificate(pki, 'cleared', 100);
    renameSync(join(folder, 'next-key.pem'), join(folder, 'own-key.pem'));
    use();
    assert.equal(thumbprint(loadIdentity(pki, 'cleared')), thumbprint(identity));
  });

  test('the one before is kept with its key, readable by its owner only, also where the command was interrupted', async () => {
    const before = [content('own.pem'), content('own-key.pem')];
    await makeNextCertificate(pki, 'cleared', 100);
    const next = content('next.pem');
    assert.equal(use().previous, join(folder, 'previous.pem'));
    assert.deepEqual([content('previous.pem'), content('previous-key.pem')], before);
    assert.equal(statSync(join(folder, 'previous-key.pem')).mode & 0o777, 0o600);
    renameSync(join(folder, 'own.pem'), join(folder, 'next.pem'));
    writeFileSync(join(folder, 'own.pem'), before[0] ?? '');
    use();
    assert.equal(content('own.pem'), next);
    assert.deepEqual([content('previous.pem'), content('previous-key.pem')], before);
  });

  for (const [what, make] of unfit) {
    test(`a next one ${what} is not put to use, and nothing is replaced`, async () => {
      putNext(await make());
      const before = ['own.pem', 'own-key.pem', 'next.pem', 'next-key.pem'].map(content);
      assert.throws(
        () => use(),
        (error: Error) => error.message.includes(join(folder, 'next.pem')),
      );
      assert.deepEqual(['own.pem', 'own-key.pem', 'next.pem', 'next-key.pem'].map(content), before);
      assert.equal(existsSync(join(folder, 'previous.pem')), false);
    });
  }

  test('files beside it that cannot be used are warned of, each once', () => {
    const trust = trustListOf(pki, 'cleared', listener);
    trust.material();
    writeFileSync(join(folder, 'renewals.json'), '{');
    for (let i = 0; i < 3; i++) trust.material();
    rmSync(join(folder, 'renewals.json'));
    trust.material();
    assert.deepEqual(codes(), ['TRUST_FILE_UNFIT']);
    assert.ok(told[0]?.[1].startsWith(join(folder, 'renewals.json')));
  });
});
