import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type OPCUAClient } from 'node-opcua';
import { x509 } from 'node-opcua-crypto';
import { statusNameOf } from '../../src/client/errors.ts';
import { type ApplicationIdentity, MaterialTrust, onlyThese, thumbprintOf, type TrustMaterial } from '../../src/server/identity/index.ts';
import { APPLICATION_USAGES, AUTHORITY_USAGES, certificateOf, oddIdentity, TestAuthority } from '../support/test-certificates.ts';
import { certificateUser, passwordUser, uaClient } from '../support/ua-client.ts';
import { type Ingest, PASSWORD, startIngest } from './ingest-support.ts';

const HOUR_MS = 3_600_000;
const tags = [{ name: 'cycles', type: 'UInt32', timestamps: { use: 'server' } }] as const;

/** Status that the application gets, `Good` for a session. */
async function statusFor(on: Ingest, own: ApplicationIdentity, user = passwordUser('operator', PASSWORD)): Promise<string> {
  const client: OPCUAClient = uaClient(own, on.own);
  try {
    await client.connect(on.server.endpointUrl);
    await (await client.createSession(user)).close();
    return 'Good';
  } catch (error) {
    return statusNameOf(error) || (error as Error).message;
  } finally {
    await client.disconnect();
  }
}

describe('what an application’s certificate gets from a server (OPC UA Part 4, clause 6.1.3)', () => {
  let on: Ingest;
  let root: TestAuthority;
  let middle: TestAuthority;
  const trust = new MaterialTrust(onlyThese([]));
  before(async () => {
    root = await TestAuthority.create({ name: 'Root' });
    middle = await TestAuthority.create({ name: 'Middle' }, root);
    on = await startIngest({ tags, config: { trust } });
  });
  after(() => on.stop());

  const vouched = async (material: Partial<TrustMaterial> = {}): Promise<TrustMaterial> => ({
    ...onlyThese([]),
    issuers: [root.der, middle.der],
    revocationLists: [await root.list(), await middle.list()],
    ...material,
  });

  // What passes through as it is are the codes that an honest client can act on. All others are BadSecurityChecksFailed,
  // so that a stranger learns nothing of whom the server trusts.
  const listed: [string, Parameters<typeof oddIdentity>[0], string][] = [
    ['fit', {}, 'Good'],
    ['with CA:TRUE', { isAuthority: true, usages: APPLICATION_USAGES | AUTHORITY_USAGES, uri: 'urn:test:odd' }, 'Good'],
    ['signed with SHA-1', { hash: 'SHA-1' }, 'BadSecurityChecksFailed'],
    ['with RSA 1024', { bits: 1024 }, 'BadSecurityChecksFailed'],
    ['that has expired', { from: -2 * HOUR_MS, to: -HOUR_MS }, 'BadCertificateTimeInvalid'],
    ['that is not valid yet', { from: HOUR_MS, to: 2 * HOUR_MS }, 'BadCertificateTimeInvalid'],
    ['without an ApplicationUri', { uri: '' }, 'BadCertificateUriInvalid'],
    ['without key usages of an application', { usages: x509.KeyUsageFlags.digitalSignature }, 'BadCertificateUseNotAllowed'],
  ];
  for (const [what, wishes, status] of listed) {
    test(`a listed one ${what}: ${status}`, async () => {
      const own = await oddIdentity(wishes);
      trust.replace(onlyThese([own.certificate]));
      assert.equal(await statusFor(on, own), status);
    });
  }

  test('a stranger: BadSecurityChecksFailed, whether its certificate is fit or has expired', async () => {
    trust.replace(onlyThese([]));
    assert.equal(await statusFor(on, await oddIdentity({})), 'BadSecurityChecksFailed');
    assert.equal(await statusFor(on, await oddIdentity({ from: -2 * HOUR_MS, to: -HOUR_MS })), 'BadSecurityChecksFailed');
  });

  const chains: [string, () => Promise<Partial<TrustMaterial>>, string][] = [
    ['with everything in order', async () => ({}), 'Good'],
    [
      'beside one that is revoked',
      async () => ({ revocationLists: [await root.list(), await middle.list({ revoked: [certificateOf(await middle.issue())] })] }),
      'Good',
    ],
    [
      'without a revocation list of its authority',
      async () => ({ revocationLists: [await root.list()] }),
      'BadCertificateRevocationUnknown',
    ],
    ['where lists are not needed', async () => ({ revocationLists: [], revocation: 'none' }), 'Good'],
    [
      'without a revocation list of the authority above',
      async () => ({ revocationLists: [await middle.list()] }),
      'BadSecurityChecksFailed',
    ],
    [
      'of an authority that is revoked',
      async () => ({ revocationLists: [await root.list({ revoked: [middle] }), await middle.list()] }),
      'BadSecurityChecksFailed',
    ],
    ['with the root missing', async () => ({ issuers: [middle.der] }), 'BadSecurityChecksFailed'],
    ['of nobody who is known', async () => ({ issuers: [], revocationLists: [] }), 'BadSecurityChecksFailed'],
  ];
  for (const [what, material, status] of chains) {
    test(`one of a chain of two ${what}: ${status}`, async () => {
      trust.replace(await vouched(await material()));
      assert.equal(await statusFor(on, await middle.issue()), status);
    });
  }

  test('one that its authority revoked: BadSecurityChecksFailed, also when it is listed', async () => {
    const own = await middle.issue({ name: 'revoked' });
    const revocationLists = [await root.list(), await middle.list({ revoked: [certificateOf(own)] })];
    for (const trusted of [[], [own.certificate]]) {
      trust.replace(await vouched({ revocationLists, trusted }));
      assert.equal(await statusFor(on, own), 'BadSecurityChecksFailed');
    }
  });

  test('one that a trusted CA:TRUE application signed is a stranger', async () => {
    const authority = await TestAuthority.create({ name: 'application', usages: APPLICATION_USAGES | AUTHORITY_USAGES });
    trust.replace(onlyThese([authority.der]));
    assert.equal(await statusFor(on, await authority.issue()), 'BadSecurityChecksFailed');
  });

  test('the chain that a client sends along vouches for nothing', async () => {
    const own = await middle.issue();
    trust.replace(onlyThese([]));
    const chain = Buffer.concat([own.certificate, middle.der, root.der]);
    assert.equal(trust.accepts(chain), false);
    trust.replace(await vouched());
    assert.equal(trust.accepts(chain), true);
  });

  test('its connection is closed when its authority revokes it', async () => {
    const own = await middle.issue({ name: 'revoked later' });
    trust.replace(await vouched());
    const client = uaClient(own, on.own);
    await client.connect(on.server.endpointUrl);
    const session = await client.createSession(passwordUser('operator', PASSWORD));
    const lost = new Promise<void>((resolve) => void client.once('connection_lost', () => resolve()));
    on.server.trustChanged();
    assert.equal((await session.read({ nodeId: 'i=2258' })).statusCode.name, 'Good');
    trust.replace(await vouched({ revocationLists: [await root.list(), await middle.list({ revoked: [certificateOf(own)] })] }));
    on.server.trustChanged();
    await lost;
    await client.disconnect();
  });
});

describe('what an X.509 user’s certificate gets from a server', () => {
  test('nothing but BadIdentityTokenRejected, unless it is a user’s and in order', async (t) => {
    const root = await TestAuthority.create({ name: 'Root' });
    const [application, fit, expired, revoked, stranger] = [
      await oddIdentity({ name: 'application' }),
      await root.issue({ name: 'fit' }),
      await root.issue({ name: 'expired', from: -2 * HOUR_MS, to: -HOUR_MS }),
      await root.issue({ name: 'revoked' }),
      await root.issue({ name: 'stranger' }),
    ];
    const users = [fit, expired, revoked].map((own) => ({
      name: own.applicationName,
      roles: ['Operator'] as const,
      certificate: thumbprintOf(own.certificate),
    }));
    const trust = new MaterialTrust({
      ...onlyThese([application.certificate]),
      issuers: [root.der],
      revocationLists: [await root.list({ revoked: [certificateOf(revoked)] })],
    });
    const on = await startIngest({ tags, config: { trust, users } });
    t.after(() => on.stop());
    assert.equal(await statusFor(on, application, certificateUser(fit)), 'Good');
    for (const own of [expired, revoked, stranger]) {
      assert.equal(await statusFor(on, application, certificateUser(own)), 'BadIdentityTokenRejected', own.applicationName);
    }
  });

  test('one that renews a user’s certificate has that user’s rights, by a person’s word only', async (t) => {
    const [application, before, renewed] = [
      await oddIdentity({ name: 'application' }),
      await oddIdentity({ name: 'before' }),
      await oddIdentity({ name: 'new' }),
    ];
    const users = [{ name: 'line', roles: ['Operator'] as const, certificate: thumbprintOf(before.certificate) }];
    const trust = new MaterialTrust(onlyThese([application.certificate, renewed.certificate]));
    const on = await startIngest({ tags, config: { trust, users } });
    t.after(() => on.stop());
    assert.equal(await statusFor(on, application, certificateUser(renewed)), 'BadIdentityTokenRejected');
    const renewals = { [thumbprintOf(renewed.certificate)]: thumbprintOf(before.certificate) };
    trust.replace({ ...onlyThese([application.certificate]), renewals });
    assert.equal(await statusFor(on, application, certificateUser(renewed)), 'BadIdentityTokenRejected');
    trust.replace({ ...onlyThese([application.certificate, renewed.certificate]), renewals });
    assert.equal(await statusFor(on, application, certificateUser(renewed)), 'Good');
  });
});
