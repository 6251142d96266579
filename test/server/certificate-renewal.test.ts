import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ClientSession, OPCUAClient, type UserIdentityInfo } from 'node-opcua';
import { TagWriter } from '../../src/client/index.ts';
import { type ApplicationIdentity, thumbprintOf } from '../../src/server/identity/index.ts';
import { oddIdentity } from '../support/test-certificates.ts';
import { trusting, UaTestServer } from '../support/ua-server.ts';
import { type Cleared, cleared } from './cleared-support.ts';
import { PASSWORD, startIngest } from './ingest-support.ts';
import { certificateUser, client, identity, passwordUser, until } from './support.ts';

const TIME = 'i=2258';
const tags = [{ name: 'cycles', type: 'UInt32', timestamps: { use: 'server' } }] as const;

async function certificateShown(endpointUrl: string): Promise<string> {
  const asking = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
  await asking.connect(endpointUrl);
  try {
    const shown = new Set((await asking.getEndpoints()).map(({ serverCertificate }) => thumbprintOf(serverCertificate)));
    assert.equal(shown.size, 1);
    return [...shown][0] ?? '';
  } finally {
    await asking.disconnect();
  }
}

async function status(session: ClientSession): Promise<string> {
  return (await session.read({ nodeId: TIME })).statusCode.name;
}

/** Opens a session as somebody who trusts only this certificate of the server, and closes it again. */
async function visit(endpointUrl: string, own: ApplicationIdentity, server: ApplicationIdentity, user: UserIdentityInfo) {
  const visiting = client(own, server);
  try {
    await visiting.connect(endpointUrl);
    const session = await visiting.createSession(user);
    assert.equal(await status(session), 'Good');
    await session.close();
  } finally {
    await visiting.disconnect();
  }
}

describe('a cleared server whose certificate is renewed', () => {
  let on: Cleared;
  let renewed: ApplicationIdentity;
  before(async () => {
    on = await cleared();
    renewed = await identity('cleared');
  });
  after(() => on.server.stop());
  const user = () => certificateUser(on.manufacturer);

  test('shows it to new connections, and goes on with those that are open, their next security token included', async () => {
    const open = client(on.manufacturer, on.own);
    // The stack renews a token after three quarters of its time.
    Object.assign(open, { defaultSecureTokenLifetime: 2000 });
    let renewals = 0;
    open.on('security_token_renewed', () => renewals++);
    await open.connect(on.server.endpointUrl);
    const session = await open.createSession(user());
    on.server.renew(renewed);
    await until(
      'the new certificate is shown',
      async () => (await certificateShown(on.server.endpointUrl)) === thumbprintOf(renewed.certificate),
    );
    await visit(on.server.endpointUrl, on.manufacturer, renewed, user());
    await assert.rejects(visit(on.server.endpointUrl, on.manufacturer, on.own, user()));
    const before = renewals;
    await until('the open connection has a new token', () => renewals > before);
    assert.equal(await status(session), 'Good');
    await session.close();
    await open.disconnect();
  });

  test('has the new one after its process was replaced, too', async () => {
    const before = on.server.processId;
    process.kill(before ?? 0, 'SIGKILL');
    await until('there is another process', () => on.server.processId !== undefined && on.server.processId !== before);
    await visit(on.server.endpointUrl, on.manufacturer, renewed, user());
  });

  test('takes no certificate of another application', async () => {
    const other = await identity('other');
    assert.throws(() => on.server.renew(other), { code: 'OWN_CERTIFICATE_UNFIT' });
    assert.equal(await certificateShown(on.server.endpointUrl), thumbprintOf(renewed.certificate));
  });
});

test('an ingest server does the same', async (t) => {
  const [own, renewed] = [await oddIdentity({ name: 'ingest' }), await oddIdentity({ name: 'ingest', to: 7_200_000 })];
  const on = await startIngest({ tags, config: { identity: own } });
  t.after(() => on.stop());
  const user = passwordUser('operator', PASSWORD);
  const open = client(on.application, own);
  await open.connect(on.server.endpointUrl);
  const session = await open.createSession(user);
  on.server.renew(renewed);
  assert.equal(await certificateShown(on.server.endpointUrl), thumbprintOf(renewed.certificate));
  await visit(on.server.endpointUrl, on.application, renewed, user);
  assert.equal(await status(session), 'Good');
  await session.close();
  await open.disconnect();
  assert.throws(() => on.server.renew(on.plc), { code: 'OWN_CERTIFICATE_UNFIT' });
});

test('a client takes its renewed certificate, as application and as user, with its next session', async (t) => {
  const [server, old, renewed] = [await identity('server'), await identity('client'), await identity('client')];
  const on = await UaTestServer.start({
    identity: server,
    clients: [renewed.certificate],
    userCertificates: [renewed.certificate],
    build: () => undefined,
  });
  t.after(() => on.stop());
  let own = old;
  const tries: string[] = [];
  const writer = new TagWriter(
    {
      endpointUrl: on.endpointUrl,
      trust: trusting(server.certificate),
      identity: () => own,
      user: () => ({ kind: 'certificate', ...own }),
      retryFirstMs: 20,
    },
    (state) => {
      tries.push(state.state === 'waiting' ? (state.error as Error & { code: string }).code : state.state);
      own = renewed;
    },
  );
  await writer.connectPatiently();
  assert.deepEqual(tries, ['CLIENT_CERTIFICATE_REFUSED', 'connected']);
  await writer.close();
});
