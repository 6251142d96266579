import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AttributeIds,
  type ClientSession,
  constructEventFilter,
  DataType,
  MessageSecurityMode,
  type OPCUAClient,
  SecurityPolicy,
  StatusCodes,
  type UserIdentityInfo,
  UserTokenType,
} from 'node-opcua';
import { type Json, RejectedError, UnavailableError } from '../../src/core/index.ts';
import { channelChildId, channelNodeId, DELIVERY_STATE, LEDGER_STATE, streamChildId } from '../../src/nodeset/index.ts';
import type { ClearedServerConfig } from '../../src/server/cleared/index.ts';
import { type ApplicationIdentity, thumbprintOf } from '../../src/server/identity/index.ts';
import { CHANNEL, type Cleared, cleared } from './cleared-support.ts';
import { certificateUser, client, identity, passwordUser, until } from './support.ts';

type ChildName = Parameters<typeof streamChildId>[2];

/** A client's view of the server's nodes by the ids that everybody uses. */
class View {
  readonly session: ClientSession;
  readonly #client: OPCUAClient;
  readonly #index: number;

  private constructor(session: ClientSession, own: OPCUAClient, index: number) {
    this.session = session;
    this.#client = own;
    this.#index = index;
  }

  static async open(
    on: Cleared,
    user: UserIdentityInfo,
    options: Parameters<typeof client>[2] = {},
    own: ApplicationIdentity = on.manufacturer,
  ): Promise<View> {
    const opening = client(own, on.own, options);
    try {
      await opening.connect(on.server.endpointUrl);
      const session = await opening.createSession(user);
      const namespaces = await session.readNamespaceArray();
      return new View(session, opening, namespaces.indexOf('urn:dcmb:instance'));
    } catch (error) {
      await opening.disconnect();
      throw error;
    }
  }

  id(local: string): string {
    return `ns=${this.#index};${local}`;
  }

  read(stream: string, child: ChildName) {
    return this.session.read({ nodeId: this.id(streamChildId(CHANNEL, stream, child)), attributeId: AttributeIds.Value });
  }

  call(method: Parameters<typeof channelChildId>[1], dataType: DataType, value: unknown) {
    return this.session.call({
      objectId: this.id(channelNodeId(CHANNEL)),
      methodId: this.id(channelChildId(CHANNEL, method)),
      inputArguments: [{ dataType, value }],
    });
  }

  async close(): Promise<void> {
    await this.session.close();
    await this.#client.disconnect();
  }
}

/** Closes what `open` gave, whatever the work does. */
async function viewing<T>(
  on: Cleared,
  user: UserIdentityInfo,
  work: (view: View) => Promise<T>,
  options: Parameters<typeof client>[2] = {},
): Promise<T> {
  const view = await View.open(on, user, options);
  try {
    return await work(view);
  } finally {
    await view.close();
  }
}

describe('who gets into a cleared server', () => {
  let on: Cleared;
  before(async () => {
    on = await cleared();
  });
  after(() => on.server.stop());

  for (const policy of [SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes128_Sha256_RsaOaep, SecurityPolicy.Aes256_Sha256_RsaPss]) {
    test(`the manufacturer by certificate and the auditor by password, signed and encrypted (${policy.split('#')[1]})`, async () => {
      for (const user of [certificateUser(on.manufacturer), passwordUser('auditor', 'correct horse')]) {
        const status = await viewing(on, user, async (view) => (await view.read('wear', 'ConditionCode')).statusCode, { policy });
        assert.equal(status.name, 'BadWaitingForInitialData');
      }
    });
  }

  const refused: [string, (on: Cleared) => UserIdentityInfo | Promise<UserIdentityInfo>][] = [
    ['nobody', () => ({ type: UserTokenType.Anonymous })],
    ['a wrong password', () => passwordUser('auditor', 'wrong')],
    ['an unknown user', () => passwordUser('eve', 'correct horse')],
    ['a user whose role reads nothing here', () => passwordUser('plc', 'battery staple')],
    ['another certificate with the user’s common name', async () => certificateUser(await identity('manufacturer'))],
    ['a certificate user’s name with a password', () => passwordUser('maker', 'correct horse')],
  ];
  for (const [who, user] of refused) {
    test(`${who} gets no session`, async () => {
      await assert.rejects(async () => viewing(on, await user(on), () => Promise.resolve()));
    });
  }

  test('no session without encryption, though the endpoints can be asked for', async () => {
    const options = { mode: MessageSecurityMode.None, policy: SecurityPolicy.None };
    const asking = client(on.manufacturer, on.own, options);
    await asking.connect(on.server.endpointUrl);
    const endpoints = await asking.getEndpoints();
    await assert.rejects(asking.createSession(passwordUser('auditor', 'correct horse')));
    await asking.disconnect();
    assert.equal(endpoints.length, 3);
    for (const endpoint of endpoints) {
      assert.equal(endpoint.securityMode, MessageSecurityMode.SignAndEncrypt);
      for (const token of endpoint.userIdentityTokens ?? []) {
        assert.notEqual(token.tokenType, UserTokenType.Anonymous);
        assert.equal(token.securityPolicyUri, endpoint.securityPolicyUri);
      }
    }
    await assert.rejects(viewing(on, certificateUser(on.manufacturer), () => Promise.resolve(), { mode: MessageSecurityMode.Sign }));
  });

  test('a client that is not trusted gets no connection, and the module is told of its certificate; trusting it lets it in, at once', async () => {
    const stranger = await identity('stranger');
    await assert.rejects(View.open(on, certificateUser(on.manufacturer), {}, stranger));
    await until('the stranger is reported', () => on.strangers.some((der) => thumbprintOf(der) === thumbprintOf(stranger.certificate)));
    on.server.setTrusted([on.manufacturer.certificate, stranger.certificate]);
    const view = await View.open(on, certificateUser(on.manufacturer), {}, stranger);
    on.server.setTrusted([on.manufacturer.certificate]);
    await until('the connection is closed', async () => (await view.read('wear', 'ConditionCode').catch(() => undefined)) === undefined);
    await view.close().catch(() => undefined);
  });
});

describe('what a cleared server shows', () => {
  let on: Cleared;
  let view: View;
  before(async () => {
    on = await cleared();
    view = await View.open(on, certificateUser(on.manufacturer));
  });
  after(async () => {
    await view.close();
    await on.server.stop();
  });

  const grid = (offsetMs: number) => Math.ceil((Date.now() + offsetMs) / 100) * 100;
  const both = (code: number, gridMs: number, batch: number, publishAtMs: number) =>
    [0, 1].map((stream) => ({ stream, code, gridMs, nextMs: gridMs + 200, batch, publishAtMs }));

  test('before the first publication every variable says that it waits', async () => {
    for (const name of ['Condition', 'ConditionCode', 'Importance', 'GridTime', 'BatchId', 'LedgerState', 'TransactionId'] as const) {
      const value = await view.read('wear', name);
      assert.equal(value.statusCode.name, 'BadWaitingForInitialData');
      assert.equal(value.value.value, null);
    }
  });

  test('a publication appears at its time, with the grid time as source timestamp, and batch states at the next one', async () => {
    const gridMs = grid(0);
    const publishAtMs = Date.now() + 300;
    on.server.publish(both(1, gridMs, 7, publishAtMs));
    assert.equal((await view.read('wear', 'ConditionCode')).statusCode.name, 'BadWaitingForInitialData');
    await until('it is shown', async () => (await view.read('rate', 'ConditionCode')).statusCode.isGood());
    assert.ok(Date.now() >= publishAtMs);
    const expected: [ChildName, unknown][] = [
      ['ConditionCode', 1],
      ['Importance', 700],
      ['BatchId', 7],
      ['LedgerState', LEDGER_STATE.Sealed],
      ['DeliveryState', DELIVERY_STATE.Waiting],
      ['TransactionId', ''],
    ];
    for (const [name, value] of expected) {
      const got = await view.read('wear', name);
      assert.equal(got.value.value ?? '', value, name);
      assert.equal(got.sourceTimestamp?.getTime(), gridMs, name);
      assert.equal(got.sourcePicoseconds, 0, name);
    }
    assert.equal(String((await view.read('wear', 'Condition')).value.value), 'locale=en text=Maintenance imminent');
    assert.deepEqual((await view.read('wear', 'NextPublicationTime')).value.value, new Date(gridMs + 200));

    on.server.batchState(7, { ledgerState: 'Anchored', deliveryState: 'Receipted', txId: 'tx7' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const lastAnchored = () => view.session.read({ nodeId: view.id(`${channelChildId(CHANNEL, 'LastAnchoredBatch')}-TransactionId`) });
    assert.equal((await view.read('wear', 'LedgerState')).value.value, LEDGER_STATE.Sealed);
    assert.equal((await lastAnchored()).statusCode.name, 'BadWaitingForInitialData');
    on.server.publish(both(0, gridMs + 200, 8, Date.now()));
    await until('the next one is shown', async () => (await view.read('wear', 'BatchId')).value.value === 8);
    assert.equal((await lastAnchored()).value.value, 'tx7');
  });

  test('a subscriber gets all streams of a grid point together, an event for each change, and none without one', async () => {
    const subscription = await view.session.createSubscription2({ requestedPublishingInterval: 10, publishingEnabled: true });
    const items = ['wear', 'rate'].map((name) => ({
      nodeId: view.id(streamChildId(CHANNEL, name, 'ConditionCode')),
      attributeId: AttributeIds.Value,
    }));
    const group = await subscription.monitorItems(items, { samplingInterval: 0, queueSize: 10, discardOldest: true }, 2);
    const at: [number, number][] = [];
    group.on('changed', (_item, value) => void at.push([value.sourceTimestamp?.getTime() ?? 0, value.value.value as number]));
    await until('the first values are there', () => at.length === 2);
    const events: unknown[][] = [];
    const channel = { nodeId: view.id(channelNodeId(CHANNEL)), attributeId: AttributeIds.EventNotifier };
    const filter = constructEventFilter(['SourceName', 'Severity', 'Message', 'Time']);
    const item = await subscription.monitor(channel, { filter, samplingInterval: 0, queueSize: 100, discardOldest: true }, 2);
    item.on('changed', (fields: { value: unknown }[]) => void events.push(fields.map((field) => field.value)));
    await new Promise((resolve) => setTimeout(resolve, 100));

    for (const deliveryState of ['Waiting', 'Delivered', 'Receipted'] as const) {
      on.server.batchState(8, { ledgerState: 'Anchored', deliveryState, txId: 'tx8' });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(events.length, 0);

    const first = grid(1000);
    on.server.publish([...both(1, first, 9, Date.now() + 200), ...both(1, first + 200, 10, Date.now() + 400)]);
    await until('both changes came', () => at.length >= 4);
    await until('the second grid point is shown', async () => (await view.read('wear', 'BatchId')).value.value === 10);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await subscription.terminate();

    assert.deepEqual(at.slice(2), [
      [first, 1],
      [first, 1],
    ]);
    assert.deepEqual(
      events.filter(([name]) => name === CHANNEL).map(([, , message]) => (message as { text: string }).text),
      ['Batch 8 is on the ledger.', 'A receipt was given for batch 8.'],
    );
    const changes = events.filter(([name]) => name === 'wear' || name === 'rate');
    assert.deepEqual(
      changes.map(([name, severity, message, time]) => [name, severity, (message as { text: string }).text, (time as Date).getTime()]),
      ['wear', 'rate'].map((name) => [name, 700, `Title of ${name}: Maintenance imminent`, first]),
    );
  });

  test('nothing can be written, not the value nor the access level', async () => {
    const code = view.id(streamChildId(CHANNEL, 'wear', 'ConditionCode'));
    const write = (attributeId: AttributeIds, dataType: DataType, value: unknown) =>
      view.session.write({ nodeId: code, attributeId, value: { value: { dataType, value } } });
    assert.match((await write(AttributeIds.Value, DataType.Int32, 0)).name, /^BadNotWritable|BadUserAccessDenied$/);
    assert.ok((await write(AttributeIds.AccessLevel, DataType.Byte, 3)).isNotGood());
    const level = await view.session.read({ nodeId: code, attributeId: AttributeIds.AccessLevel });
    assert.equal(level.value.value, 1);
  });

  test('the address space holds the channel and nothing of the ingest side', async () => {
    const seen = new Set<string>();
    const walk = async (nodeId: string, depth: number): Promise<void> => {
      const { references } = await view.session.browse({
        nodeId,
        referenceTypeId: 'HierarchicalReferences',
        includeSubtypes: true,
        resultMask: 63,
      });
      for (const id of (references ?? []).map((reference) => reference.nodeId.toString())) {
        if (id === 'ns=0;i=2253' || seen.has(id)) continue;
        seen.add(id);
        if (depth < 7) await walk(id, depth + 1);
      }
    };
    await walk('ObjectsFolder', 0);
    const ours = [...seen].filter((id) => id.startsWith(view.id('')));
    const channel = view.id(channelNodeId(CHANNEL));
    assert.ok(ours.length > 20);
    assert.deepEqual(
      ours.filter((id) => !id.startsWith(channel)),
      [],
    );
    assert.deepEqual(
      ours.filter((id) => /Tag|Anchor$|Range|EngineeringUnits/.test(id.slice(channel.length))),
      [],
    );
  });

  test('a publication outside the agreement is refused before it leaves the module', () => {
    const fine = { stream: 0, code: 0, gridMs: 0, nextMs: 1, batch: 0, publishAtMs: 0 };
    assert.throws(() => on.server.publish([{ ...fine, code: 2 }]), { code: 'UNKNOWN_CONDITION' });
    assert.throws(() => on.server.publish([{ ...fine, stream: 2 }]), { code: 'UNKNOWN_CONDITION' });
  });
});

describe('the methods of a cleared server', () => {
  let on: Cleared;
  const receipts: Json[] = [];
  before(async () => {
    on = await cleared({
      acknowledge: (receipt) => {
        receipts.push(receipt);
        return (receipt as { n?: number }).n === 1 ? Promise.resolve() : Promise.reject(new RejectedError('BAD', 'a secret detail'));
      },
      getEvidence: (n) => Promise.reject(n === 1 ? new UnavailableError('DOWN', 'a secret detail') : new Error('a secret detail')),
      epochProposal: (k) => Promise.resolve({ k }),
    });
  });
  after(() => on.server.stop());

  test('the manufacturer fetches and acknowledges', async () => {
    await viewing(on, certificateUser(on.manufacturer), async (view) => {
      const delivery = await view.call('FetchDelivery', DataType.UInt32, 7);
      assert.equal(delivery.statusCode, StatusCodes.Good);
      assert.deepEqual(JSON.parse(String(delivery.outputArguments?.[0]?.value)), { delivery: 7 });
      assert.equal((await view.call('Acknowledge', DataType.String, '{"n":1}')).statusCode, StatusCodes.Good);
      assert.deepEqual(receipts, [{ n: 1 }]);
      const proposal = await view.call('FetchEpochRecord', DataType.UInt32, 3);
      assert.deepEqual(JSON.parse(String(proposal.outputArguments?.[0]?.value)), { k: 3 });
      assert.equal((await view.call('CountersignEpochRecord', DataType.String, '{}')).statusCode, StatusCodes.Good);
    });
  });

  test('what goes wrong is a status without details', async () => {
    await viewing(on, certificateUser(on.manufacturer), async (view) => {
      const status = async (...call: Parameters<View['call']>) => {
        const result = await view.call(...call);
        assert.ok(!JSON.stringify(result.toJSON()).includes('secret'));
        return result.statusCode.name;
      };
      assert.equal(await status('FetchDelivery', DataType.UInt32, 8), 'BadNotFound');
      assert.equal(await status('Acknowledge', DataType.String, '{"n":2}'), 'BadInvalidArgument');
      assert.equal(await status('Acknowledge', DataType.String, 'no JSON'), 'BadInvalidArgument');
      assert.equal(await status('Acknowledge', DataType.String, ''), 'BadInvalidArgument');
      assert.equal(await status('Acknowledge', DataType.String, `"${'x'.repeat(300_000)}"`), 'BadInvalidArgument');
      assert.equal(await status('Acknowledge', DataType.UInt32, 1), 'BadInvalidArgument');
      assert.equal(await status('GetEvidence', DataType.UInt32, 1), 'BadResourceUnavailable');
      assert.equal(await status('GetEvidence', DataType.UInt32, 2), 'BadResourceUnavailable');
    });
  });

  test('the auditor may ask for evidence, and for nothing that speaks for the recipient', async () => {
    await viewing(on, passwordUser('auditor', 'correct horse'), async (view) => {
      assert.equal((await view.call('GetEvidence', DataType.UInt32, 1)).statusCode.name, 'BadResourceUnavailable');
      for (const method of ['FetchDelivery', 'FetchEpochRecord'] as const) {
        assert.equal((await view.call(method, DataType.UInt32, 7)).statusCode.name, 'BadUserAccessDenied', method);
      }
      for (const method of ['Acknowledge', 'CountersignEpochRecord'] as const) {
        assert.equal((await view.call(method, DataType.String, '{"n":1}')).statusCode.name, 'BadUserAccessDenied', method);
      }
    });
    assert.ok(
      on.events.some(
        (event) => event.kind === 'called' && event.user === 'maker' && event.method === 'FetchDelivery' && event.status === 'Good',
      ),
    );
  });
});

describe('a cleared server that only passes data on', () => {
  test('has no methods, other readers, other words', async () => {
    const config: Partial<ClearedServerConfig> = { methods: [], readers: ['Auditor'], locale: 'de' };
    const on = await cleared({}, config);
    try {
      await assert.rejects(viewing(on, certificateUser(on.manufacturer), () => Promise.resolve()));
      await viewing(on, passwordUser('auditor', 'correct horse'), async (view) => {
        const method = await view.session.read({
          nodeId: view.id(channelChildId(CHANNEL, 'FetchDelivery')),
          attributeId: AttributeIds.BrowseName,
        });
        assert.equal(method.statusCode.name, 'BadNodeIdUnknown');
        on.server.publish([{ stream: 0, code: 1, gridMs: 1000, nextMs: 2000, batch: 0, publishAtMs: 0 }]);
        await until('it is shown', async () =>
          String((await view.read('wear', 'Condition')).value.value).endsWith('text=Wartung steht bevor'),
        );
      });
    } finally {
      await on.server.stop();
    }
  });

  test('a start that fails is told with its reason', async () => {
    await assert.rejects(cleared({}, { host: '203.0.113.1' }), { code: 'CLEARED_START_FAILED', message: /EADDRNOTAVAIL/ });
    const own = await identity('cleared');
    await assert.rejects(cleared({}, { identity: { ...own, privateKeyPem: 'no key' } }), { code: 'CLEARED_START_FAILED' });
  });

  test('a port in use is told in one sentence', async () => {
    const on = await cleared();
    try {
      const port = Number(new URL(on.server.endpointUrl).port);
      const second = cleared({}, { port });
      await assert.rejects(
        second,
        (error: Error & { code: string }) => error.code === 'CLEARED_PORT_IN_USE' && error.message.includes(String(port)),
      );
    } finally {
      await on.server.stop();
    }
  });
});
