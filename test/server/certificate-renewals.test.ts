import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { X509IdentityToken } from 'node-opcua';
import { type ApplicationIdentity, MaterialTrust, thumbprintOf, TrustList, Users } from '../../src/server/identity/index.ts';
import { oddIdentity } from '../support/test-certificates.ts';

describe('the record of which certificate takes the place of which', () => {
  let folder: string;
  let trust: TrustList;
  let told: string[];
  let operator: ApplicationIdentity;
  let next: ApplicationIdentity;
  const roots: string[] = [];
  before(async () => {
    [operator, next] = [await oddIdentity({ name: 'operator' }), await oddIdentity({ name: 'next' })];
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dcmb-renewals-'));
    roots.push(folder);
    told = [];
    trust = new TrustList(folder, { onFault: (message) => void told.push(message) });
    trust.add(operator.certificate);
  });
  after(() => {
    for (const each of roots) rmSync(each, { recursive: true });
  });

  const print = ({ certificate }: ApplicationIdentity): string => thumbprintOf(certificate);
  const record = (): string => join(folder, 'renewals.json');
  /** The user that the new certificate stands for, here and in a process that was handed the material. */
  const user = (): string | undefined => {
    const names = [trust, new MaterialTrust(trust.material())].map((source) => {
      const users = new Users([{ name: 'the operator', roles: ['Operator'], certificate: print(operator) }], source);
      return users.of(new X509IdentityToken({ certificateData: Buffer.from(next.certificate) }))?.name;
    });
    assert.equal(names[0], names[1]);
    return names[0];
  };

  test('is written by the command alone, and goes with the trust', () => {
    trust.add(next.certificate, print(operator));
    assert.deepEqual(JSON.parse(readFileSync(record(), 'utf8')), { [print(next)]: print(operator) });
    assert.equal(user(), 'the operator');
    assert.equal(new TrustList(folder).renews(print(next)), print(operator));
    trust.remove(print(next));
    assert.equal(user(), undefined);
    writeFileSync(join(folder, 'trusted', 'certs', 'again.der'), next.certificate);
    assert.equal(trust.isTrusted(print(next)), true);
    assert.equal(user(), undefined);
  });

  test('is of no effect for a certificate that is not trusted, and ends where one is trusted anew without it', () => {
    trust.refusedDer(next.certificate);
    writeFileSync(record(), JSON.stringify({ [print(next)]: print(operator) }));
    assert.equal(user(), undefined);
    trust.trust('next', print(operator));
    assert.equal(user(), 'the operator');
    trust.add(next.certificate);
    assert.equal(user(), undefined);
  });

  test('words before, in or after a certificate give no rights, and a file that is copied brings none', () => {
    const words = `Renews: ${print(operator)}`;
    const [first = '', ...rest] = next.certificatePem.split('\n');
    for (const text of [`${words}\n${next.certificatePem}`, `${next.certificatePem}\n${words}\n`, [first, words, ...rest].join('\n')]) {
      writeFileSync(join(folder, 'trusted', 'certs', 'next.pem'), text);
      assert.equal(user(), undefined);
    }
    writeFileSync(join(folder, 'stranger.pem'), `${words}\n${next.certificatePem}`);
    trust.add(readFileSync(join(folder, 'stranger.pem')));
    assert.equal(user(), undefined);
    assert.equal(existsSync(record()), false);
    assert.doesNotMatch(readFileSync(trust.find('next').file, 'utf8'), /Renews/);
  });

  const damaged: [string, (whole: string) => string][] = [
    ['cut off', (whole) => whole.slice(0, -4)],
    ['empty', () => ''],
    ['a list', (whole) => `[${whole}]`],
    ['of common names', (whole) => whole.replace(/[0-9a-f]{64}/, 'next')],
    ['longer than 1 MiB', (whole) => whole + ' '.repeat(1024 * 1024)],
    ['with one entry that is none', (whole) => whole.replace('{', '{"x": 1,')],
  ];
  for (const [what, change] of damaged) {
    test(`that is ${what} gives nobody rights, is told once by its file, and is not written over`, () => {
      trust.add(next.certificate, print(operator));
      const whole = readFileSync(record(), 'utf8');
      const changed: (string | undefined)[] = [];
      writeFileSync(record(), change(whole));
      changed.push(user(), user());
      assert.deepEqual(changed, [undefined, undefined]);
      assert.equal(told.length, 1);
      assert.ok(told[0]?.startsWith(`${record()} `), told[0]);
      assert.throws(() => trust.add(next.certificate, print(operator)), { code: 'BAD_RENEWALS' });
      assert.equal(readFileSync(record(), 'utf8'), change(whole));
      writeFileSync(record(), whole);
      assert.equal(user(), 'the operator');
    });
  }
});
