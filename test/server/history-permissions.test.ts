import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AccessRestrictionsFlag,
  MessageSecurityMode,
  type OPCUAServer,
  PermissionType,
  resolveNodeId,
  type UAVariable,
  type UserIdentityInfo,
  WellKnownRoles,
} from 'node-opcua';
import { conditionsOf } from '../../src/server/cleared/conditions.ts';
import type { HistorizedNode } from '../../src/server/cleared/history-nodes.ts';
import { HistoryReader } from '../../src/server/cleared/history-read.ts';
import { type ApplicationIdentity, hashPassword, Users } from '../../src/server/identity/index.ts';
import { createSecureServer } from '../../src/server/secure-server.ts';
import { trusting } from '../support/ua-server.ts';
import { stream } from './cleared-support.ts';
import { client, identity, passwordUser } from './support.ts';

const URI = 'urn:dcmb:instance';
const READ = PermissionType.Browse | PermissionType.Read;
const POINT = { gridMs: 1000, shownMs: 1050, code: 1, batch: 0, ledgerState: 'Sealed', deliveryState: 'Waiting', txId: '' } as const;

/** A server on which roles differ in what they may do with nodes that have a history. */
describe('permissions of history', () => {
  let own: ApplicationIdentity;
  let person: ApplicationIdentity;
  let server: OPCUAServer;
  let asked = 0;

  before(async () => {
    [own, person] = await Promise.all([identity('own'), identity('person')]);
    const password = await hashPassword('x');
    const secure = await createSecureServer({
      endpoint: { port: 0, host: '127.0.0.1', hostname: 'localhost', alternateHostnames: ['127.0.0.1'] },
      identity: own,
      trust: trusting(person.certificate),
      users: new Users([
        { name: 'historian', roles: ['Manufacturer'], password },
        { name: 'reader', roles: ['Auditor'], password },
        { name: 'stranger', roles: ['Operator'], password },
      ]),
      verifyPassword: () => Promise.resolve(true),
      instanceUri: URI,
    });
    server = secure.server;
    const space = server.engine.addressSpace!;
    const namespace = space.getNamespace(URI);
    namespace.setDefaultRolePermissions([
      { roleId: resolveNodeId(WellKnownRoles.Anonymous), permissions: 0 },
      { roleId: secure.roles.Manufacturer, permissions: READ | PermissionType.ReadHistory },
      { roleId: secure.roles.Auditor, permissions: READ },
    ]);
    const nodes = new Map<string, HistorizedNode>();
    for (const name of ['plain', 'signed', 'encrypted', 'apart']) {
      const variable: UAVariable = namespace.addVariable({
        browseName: name,
        nodeId: `s=${name}`,
        dataType: 'Int32',
        organizedBy: space.rootFolder.objects,
      });
      nodes.set(variable.nodeId.toString(), { variable, name: 'ConditionCode', stream: 0, conditions: conditionsOf(stream('wear')) });
    }
    const variableOf = (name: string) => [...nodes.values()].find(({ variable }) => variable.browseName.name === name)!.variable;
    variableOf('signed').setAccessRestrictions(AccessRestrictionsFlag.SigningRequired);
    variableOf('encrypted').setAccessRestrictions(AccessRestrictionsFlag.EncryptionRequired);
    variableOf('apart').setRolePermissions([
      { roleId: secure.roles.Manufacturer, permissions: PermissionType.Browse | PermissionType.ReadHistory },
    ]);
    const request = () => {
      asked++;
      return Promise.resolve({ points: [POINT] });
    };
    new HistoryReader(space, nodes, { request } as never).install(server);
    await server.start();
  });
  after(() => server.shutdown(0));

  /** Status of reading the history of a node. */
  async function status(user: UserIdentityInfo, name: string): Promise<string> {
    const opening = client(person, own);
    await opening.connect(`opc.tcp://localhost:${server.endpoints[0]!.port}`);
    try {
      const session = await opening.createSession(user);
      const index = (await session.readNamespaceArray()).indexOf(URI);
      const { statusCode } = await session.readHistoryValue({ nodeId: `ns=${index};s=${name}` }, new Date(0), new Date(9000), {
        returnBounds: false,
      });
      await session.close();
      return statusCode.name;
    } finally {
      await opening.disconnect();
    }
  }

  test('a role with ReadHistory reads it', async () => {
    assert.equal(await status(passwordUser('historian', 'x'), 'plain'), 'Good');
    assert.equal(await status(passwordUser('historian', 'x'), 'encrypted'), 'Good', 'over an encrypted connection');
  });

  test('a role that may read the value, but not the history, is refused, and the module is not asked', async () => {
    asked = 0;
    assert.equal(await status(passwordUser('reader', 'x'), 'plain'), 'BadUserAccessDenied');
    assert.equal(asked, 0);
  });

  test('a role that may not see the node is told that there is none', async () => {
    assert.equal(await status(passwordUser('stranger', 'x'), 'plain'), 'BadNodeIdUnknown');
    assert.equal(await status(passwordUser('reader', 'x'), 'apart'), 'BadNodeIdUnknown');
    assert.equal(await status(passwordUser('historian', 'x'), 'nowhere'), 'BadNodeIdUnknown');
  });

  test('ReadHistory alone is enough: the value itself may be hidden', async () => {
    assert.equal(await status(passwordUser('historian', 'x'), 'apart'), 'Good');
  });

  test('AccessRestrictions are kept, which node-opcua by itself does not', async () => {
    const { engine } = server;
    const read = engine.historyRead.bind(engine);
    // No client gets an unencrypted session: one is put in its place.
    const session = { channel: { securityMode: MessageSecurityMode.None } };
    engine.historyRead = (context, request) => read(Object.create(context, { session: { value: session } }) as typeof context, request);
    try {
      for (const name of ['signed', 'encrypted'])
        assert.equal(await status(passwordUser('historian', 'x'), name), 'BadSecurityModeInsufficient');
      assert.equal(await status(passwordUser('historian', 'x'), 'plain'), 'Good');
    } finally {
      engine.historyRead = read;
    }
  });
});
