import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TagWriter } from '../../src/client/index.ts';
import { type ApplicationIdentity, TrustList } from '../../src/server/identity/index.ts';
import { certificateOf, TestAuthority } from '../support/test-certificates.ts';
import { testIdentity, UaTestServer } from '../support/ua-server.ts';

describe('a server whose certificate a company’s authority issued', () => {
  let folder: string;
  let root: TestAuthority;
  let client: ApplicationIdentity;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dcmb-company-'));
    root = await TestAuthority.create({ name: 'Root' });
    client = await testIdentity('client');
  });
  after(() => rmSync(folder, { recursive: true }));

  function trustOf(name: string): TrustList {
    const trust = new TrustList(join(folder, name));
    trust.issuers.add(root.der);
    return trust;
  }

  /** What becomes of an attempt to connect: nothing, or code and message of the refusal. */
  async function attempt(identity: ApplicationIdentity, trust: TrustList): Promise<string> {
    const server = await UaTestServer.start({
      identity,
      clients: [client.certificate],
      passwords: { line1: 'correct horse' },
      build: () => undefined,
    });
    const user = { kind: 'password', userName: 'line1', password: 'correct horse' } as const;
    const writer = new TagWriter({ endpointUrl: server.endpointUrl, identity: client, trust, user });
    try {
      await writer.connect();
      return '';
    } catch (error) {
      return `${(error as { code: string }).code} ${(error as Error).message}`;
    } finally {
      await writer.close();
      await server.stop();
    }
  }

  test('is trusted under a name that it bears, with a revocation list in force', async () => {
    const [trust, own] = [trustOf('names'), await root.issue()];
    assert.match(await attempt(own, trust), /^SERVER_CERTIFICATE_REFUSED .*no revocation list in force .* dcmb trust crl\.$/);
    trust.issuers.addList(await root.list());
    assert.equal(await attempt(own, trust), '');
    const elsewhere = await root.issue({ hosts: ['plant7'] });
    assert.match(await attempt(elsewhere, trust), /^SERVER_CERTIFICATE_REFUSED .*does not name the host that was dialled/);
    trust.add(elsewhere.certificate);
    assert.equal(await attempt(elsewhere, trust), '');
  });

  test('is refused once it is revoked, and does not wait for a person', async () => {
    const [trust, own] = [trustOf('revoked'), await root.issue()];
    trust.issuers.addList(await root.list({ revoked: [certificateOf(own)] }));
    assert.match(await attempt(own, trust), /^SERVER_CERTIFICATE_REFUSED .*revoked it/);
    assert.deepEqual(trust.list(), []);
  });

  test('is a stranger where another authority issued it', async () => {
    const [trust, other] = [trustOf('stranger'), await TestAuthority.create({ name: 'Other' })];
    assert.match(await attempt(await other.issue(), trust), /^SERVER_CERTIFICATE_UNTRUSTED /);
    assert.equal(trust.list('rejected').length, 1);
  });
});
