import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import {
  type EndpointDescription,
  LogLevel,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  setLogLevel,
  UserTokenType,
} from 'node-opcua';
import { type IngestTag } from '../../src/server/ingest/index.ts';
import { certificateUser, passwordUser, uaClient } from '../support/ua-client.ts';
import { testIdentity } from '../support/ua-server.ts';
import { CHANNEL, type Ingest, PASSWORD, startIngest } from './ingest-support.ts';

const tags: IngestTag[] = [{ name: 'cycles', type: 'UInt32', timestamps: { use: 'server' } }];

describe('the endpoint of the ingest server', () => {
  let ingest: Ingest;
  before(async () => {
    ingest = await startIngest({ tags });
  });
  after(() => ingest.stop());

  async function discover(): Promise<EndpointDescription[]> {
    const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
    await client.connect(ingest.server.endpointUrl);
    try {
      return await client.getEndpoints();
    } finally {
      await client.disconnect();
    }
  }

  test('advertises further URLs beside its own, with the same security', async (t) => {
    const advertisedEndpoints = ['opc.tcp://plant.example:4840', 'opc.tcp://[2001:db8::1]:4841'];
    const endpoint = { port: 0, host: '127.0.0.1', hostname: '127.0.0.1', advertisedEndpoints };
    const natted = await startIngest({ tags, config: { endpoint } });
    t.after(() => natted.stop());
    const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
    await client.connect(natted.server.endpointUrl);
    // A client that came by one of them is answered with that one (OPC UA Part 4, clause 5.5.4).
    for (const endpointUrl of [natted.server.endpointUrl, ...advertisedEndpoints]) {
      const endpoints = await client.getEndpoints({ endpointUrl });
      assert.deepEqual([...new Set(endpoints.map((each) => each.endpointUrl?.replace(/\/$/, '')))], [endpointUrl]);
      assert.deepEqual(new Set(endpoints.map(({ securityMode }) => securityMode)), new Set([MessageSecurityMode.SignAndEncrypt]));
      const tokens = endpoints.flatMap(({ userIdentityTokens }) => userIdentityTokens ?? []);
      assert.ok(tokens.length > 0);
      assert.ok(tokens.every(({ tokenType, securityPolicyUri }) => tokenType !== UserTokenType.Anonymous && securityPolicyUri));
    }
    await client.disconnect();
  });

  test('is discovered without security, and offers signed and encrypted sessions only', async () => {
    const endpoints = await discover();
    const offered = endpoints.map(({ securityMode, securityPolicyUri }) => `${MessageSecurityMode[securityMode]} ${securityPolicyUri}`);
    assert.deepEqual(offered.toSorted(), [
      'SignAndEncrypt http://opcfoundation.org/UA/SecurityPolicy#Aes128_Sha256_RsaOaep',
      'SignAndEncrypt http://opcfoundation.org/UA/SecurityPolicy#Aes256_Sha256_RsaPss',
      'SignAndEncrypt http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256',
    ]);
  });

  test("lets nothing of the stack's own log onto the terminal, such as a stranger's certificate", async (t) => {
    setLogLevel(LogLevel.Info);
    const quiet = await startIngest({ tags });
    t.after(() => quiet.stop());
    const printed = t.mock.method(console, 'log', () => undefined);
    await assert.rejects(uaClient(await testIdentity('stranger'), quiet.own).connect(quiet.server.endpointUrl));
    assert.deepEqual(
      printed.mock.calls.map(({ arguments: words }) => words.join(' ')),
      [],
    );
  });

  test('names the security policy of every user token, and takes nobody anonymously', async () => {
    for (const { securityPolicyUri, userIdentityTokens } of await discover()) {
      const offered = userIdentityTokens?.map(({ tokenType, securityPolicyUri: policy }) => [tokenType, policy]);
      assert.deepEqual(offered, [
        [UserTokenType.UserName, securityPolicyUri],
        [UserTokenType.Certificate, securityPolicyUri],
      ]);
    }
  });

  test('advertises the configured host name and shows the certificate that it was given', async () => {
    for (const { endpointUrl, serverCertificate } of await discover()) {
      assert.equal(endpointUrl, ingest.server.endpointUrl);
      assert.equal(new URL(ingest.server.endpointUrl).hostname, '127.0.0.1');
      assert.deepEqual(new Uint8Array(serverCertificate), new Uint8Array(ingest.own.certificate));
    }
  });

  for (const policy of [SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes128_Sha256_RsaOaep, SecurityPolicy.Aes256_Sha256_RsaPss]) {
    for (const [kind, user] of [
      ['a password', () => passwordUser('operator', PASSWORD)],
      ['a certificate', () => certificateUser(ingest.plc)],
    ] as const) {
      test(`takes ${kind} under ${policy.slice(policy.indexOf('#') + 1)}`, async () => {
        const client = uaClient(ingest.application, ingest.own, { policy });
        await client.connect(ingest.server.endpointUrl);
        const session = await client.createSession(user());
        await session.close();
        await client.disconnect();
      });
    }
  }

  const refused: [what: string, mode: MessageSecurityMode, policy: SecurityPolicy][] = [
    ['unsecured', MessageSecurityMode.None, SecurityPolicy.None],
    ['signed but unencrypted', MessageSecurityMode.Sign, SecurityPolicy.Basic256Sha256],
    ['Basic256', MessageSecurityMode.SignAndEncrypt, SecurityPolicy.Basic256],
  ];
  for (const [what, mode, policy] of refused) {
    test(`refuses ${what} sessions`, async () => {
      const client = uaClient(ingest.application, ingest.own, { mode, policy });
      await assert.rejects(async () => {
        await client.connect(ingest.server.endpointUrl);
        await client.createSession(passwordUser('operator', PASSWORD));
      });
      await client.disconnect();
    });
  }

  test('refuses an application that is not trusted', async () => {
    const client = uaClient(await testIdentity('stranger'), ingest.own);
    await assert.rejects(client.connect(ingest.server.endpointUrl));
    await client.disconnect();
  });

  test('takes more connections than the ten that the stack takes by default', async () => {
    const sessions = await Promise.all(Array.from({ length: 15 }, () => ingest.as('plc')));
    assert.equal(sessions.length, 15);
    for (const session of sessions) await session.close();
  });

  test('agrees to small buffers and messages, whatever a client asks for', async () => {
    const [receiveBuffer, sendBuffer, message, chunks] = await acknowledgedLimits(ingest.server.endpointUrl);
    assert.deepEqual([receiveBuffer, sendBuffer, message], [65536, 65536, 4 * 1024 * 1024]);
    assert.ok(chunks !== undefined && chunks > 0 && chunks <= 65);
  });

  test('tells its limits', async () => {
    const session = await ingest.as('operator');
    const limits = await session.read([{ nodeId: 'i=24095' }, { nodeId: 'i=24096' }, { nodeId: 'i=11705' }]);
    assert.deepEqual(
      limits.map(({ value }): unknown => value.value),
      [100, 200, 1000],
    );
  });
});

/** Says Hello with the largest limits there are, none (OPC UA Part 6, clause 7.1.2.3), and reads the four of the answer. */
async function acknowledgedLimits(endpointUrl: string): Promise<number[]> {
  const url = Buffer.from(endpointUrl);
  const hello = Buffer.alloc(32 + url.length);
  hello.write('HELF');
  hello.writeUInt32LE(hello.length, 4);
  hello.writeUInt32LE(0x7fffffff, 12);
  hello.writeUInt32LE(0x7fffffff, 16);
  hello.writeInt32LE(url.length, 28);
  url.copy(hello, 32);
  const { hostname, port } = new URL(endpointUrl);
  const socket = connect(Number(port), hostname);
  socket.write(hello);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  assert.equal(answer.toString('latin1', 0, 3), 'ACK');
  return [12, 16, 20, 24].map((at) => answer.readUInt32LE(at));
}

describe('starting the ingest server', () => {
  test('on a port in use says so', async () => {
    const first = await startIngest({ tags });
    const port = Number(new URL(first.server.endpointUrl).port);
    const endpoint = { port, host: '127.0.0.1', hostname: '127.0.0.1' };
    await assert.rejects(startIngest({ tags, config: { endpoint } }), (error: Error & { code?: string }) => {
      return error.code === 'PORT_IN_USE' && error.message.includes(String(port));
    });
    await first.stop();
  });

  const faults: [what: string, names: string[], told: RegExp][] = [
    ['two tags of one name', ['a', 'a'], /"a" stands twice/],
    ["a tag with the name of another one's child", ['a', 'a-LastTime'], /"a-LastTime" stands twice/],
    ['a tag without a name', [''], /"" is empty/],
    ['a tag with control characters', ['a\nb'], /control characters/],
  ];
  for (const [what, names, told] of faults) {
    test(`refuses ${what}`, async () => {
      const wrong = names.map((name): IngestTag => ({ name, type: 'Int32', timestamps: { use: 'server' } }));
      await assert.rejects(startIngest({ tags: wrong }), (error: Error & { code?: string }) => {
        return error.code === 'BAD_INGEST_CONFIG' && told.test(error.message);
      });
    });
  }

  test('refuses two channels of one name', async () => {
    await assert.rejects(startIngest({ tags, config: { channels: [CHANNEL, CHANNEL] } }), { code: 'BAD_INGEST_CONFIG' });
  });
});
