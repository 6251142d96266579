import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { TagWriter } from '../../src/client/index.ts';
import type { ApplicationIdentity } from '../../src/server/identity/index.ts';
import { PlcServer } from '../support/plc-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { testIdentity, trusting } from '../support/ua-server.ts';

describe('connecting to a server', () => {
  let server: PlcServer;
  let serverIdentity: ApplicationIdentity;
  let client: ApplicationIdentity;
  let stranger: ApplicationIdentity;
  let user: ApplicationIdentity;

  before(async () => {
    [serverIdentity, client, stranger, user] = (await Promise.all(['plc', 'client', 'stranger', 'user'].map(testIdentity))) as [
      ApplicationIdentity,
      ApplicationIdentity,
      ApplicationIdentity,
      ApplicationIdentity,
    ];
    server = await PlcServer.start({
      identity: serverIdentity,
      clients: [client.certificate],
      userCertificates: [user.certificate],
      passwords: { line1: 'correct horse' },
      variables: [{ name: 'count', type: 'Int32', value: 0 }],
    });
  });
  after(() => server.stop());

  const options = () => ({
    endpointUrl: server.endpointUrl,
    identity: client,
    trust: trusting(serverIdentity.certificate),
    user: { kind: 'password', userName: 'line1', password: 'correct horse' } as const,
  });

  async function connects(overrides: object): Promise<void> {
    const writer = new TagWriter({ ...options(), ...overrides });
    try {
      await writer.connect();
      const [result] = await writer.write([{ nodeId: PlcServer.nodeId('count'), value: { type: 'Int32', value: 7 } }]);
      assert.deepEqual(result, { nodeId: PlcServer.nodeId('count'), accepted: true, status: 'Good' });
    } finally {
      await writer.close();
    }
  }

  async function refused(overrides: object): Promise<Error & { code: string; kind: string }> {
    const writer = new TagWriter({ ...options(), ...overrides });
    const error: unknown = await writer.connect().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    await writer.close();
    assert.ok(error instanceof Error && 'code' in error && 'kind' in error, 'expected a refusal');
    return error as Error & { code: string; kind: string };
  }

  test('with a password', () => connects({}));

  test('with a user certificate', () =>
    connects({ user: { kind: 'certificate', certificate: user.certificate, privateKeyPem: user.privateKeyPem } }));

  for (const securityPolicy of ['Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss']) {
    test(`with ${securityPolicy}`, () => connects({ securityPolicy }));
  }

  test('an untrusted server certificate is refused, and the sentence says how to trust it', async () => {
    const error = await refused({ trust: trusting() });
    assert.equal(error.code, 'SERVER_CERTIFICATE_UNTRUSTED');
    assert.equal(error.kind, 'Rejected');
    assert.match(error.message, /[0-9a-f]{64} .* is not trusted yet.* dcmb trust add\.$/);
  });

  test('an expired server certificate is refused', async () => {
    const error = await refused({ trust: { judge: async () => 'expired' } });
    assert.equal(error.code, 'SERVER_CERTIFICATE_REFUSED');
    assert.match(error.message, /expired/);
  });

  test('a wrong password is refused', async () => {
    const error = await refused({ user: { kind: 'password', userName: 'line1', password: 'wrong' } });
    assert.equal(error.code, 'USER_REFUSED');
    assert.ok(!error.message.includes('wrong'));
  });

  test('a user certificate that the server does not know is refused', async () => {
    const error = await refused({
      user: { kind: 'certificate', certificate: stranger.certificate, privateKeyPem: stranger.privateKeyPem },
    });
    assert.equal(error.code, 'USER_REFUSED');
  });

  test('an anonymous user is refused', async () => {
    const error = await refused({ user: { kind: 'anonymous' } });
    assert.equal(error.code, 'USER_REFUSED');
  });

  test('our own certificate untrusted by the server is told as such', async () => {
    const error = await refused({ identity: stranger });
    assert.equal(error.code, 'CLIENT_CERTIFICATE_REFUSED');
  });

  test('a private key that cannot be read is told as such, without a word of it', async () => {
    const user = { kind: 'certificate', certificate: client.certificate, privateKeyPem: 'no key at all' };
    for (const overrides of [{ user }, { identity: { ...client, privateKeyPem: 'no key at all' } }]) {
      const error = await refused(overrides);
      assert.equal(error.code, 'BAD_IDENTITY');
      assert.ok(!error.message.includes('no key at all'));
    }
  });

  test('a port where nothing listens is unavailable, not wrong', async () => {
    const error = await refused({ endpointUrl: 'opc.tcp://localhost:9' });
    assert.equal(error.code, 'SERVER_NOT_REACHABLE');
    assert.equal(error.kind, 'Unavailable');
  });

  test('a server that takes the connection and says nothing is given up in time', async () => {
    const proxy = await TcpProxy.start(server.port);
    proxy.freeze();
    const error = await refused({ endpointUrl: `opc.tcp://localhost:${proxy.port}`, requestTimeoutMs: 300 });
    await proxy.stop();
    assert.equal(error.code, 'TIMED_OUT');
    assert.equal(error.kind, 'Unavailable');
  });

  test('without a connection nothing is written, now or later', async () => {
    const writer = new TagWriter(options());
    await assert.rejects(writer.write([{ nodeId: PlcServer.nodeId('count'), value: { type: 'Int32', value: 1 } }]), {
      code: 'NOT_CONNECTED',
    });
    await writer.close();
  });
});
