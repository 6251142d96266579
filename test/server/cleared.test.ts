import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AccessLevelFlag,
  AttributeIds,
  constructEventFilter,
  DataType,
  MessageSecurityMode,
  SecurityPolicy,
  type UserIdentityInfo,
  UserTokenType,
} from 'node-opcua';
import {
  channelChildId,
  channelNodeId,
  DELIVERY_STATE,
  LEDGER_STATE,
  METHOD_DESCRIPTIONS,
  streamChildId,
} from '../../src/nodeset/index.ts';
import { thumbprintOf } from '../../src/server/identity/index.ts';
import { CHANNEL, type ChildName, type Cleared, cleared, View, viewing } from './cleared-support.ts';
import { certificateUser, client, identity, passwordUser, until } from './support.ts';

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
    const filter = constructEventFilter(['SourceName', 'Severity', 'Message', 'Time', 'SourceNode', 'ConditionName']);
    const item = await subscription.monitor(channel, { filter, samplingInterval: 0, queueSize: 100, discardOldest: true }, 2);
    item.on('changed', (fields: { value: unknown }[]) => {
      const values = fields.map((field) => field.value);
      // Alarms have a test of their own.
      if (values[5] === null) events.push(values);
    });
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
    assert.deepEqual([...new Set(events.map(([, , , , source]) => String(source)))], [view.id(channelNodeId(CHANNEL))]);
  });

  test('nothing can be written, not the value nor the access level', async () => {
    const code = view.id(streamChildId(CHANNEL, 'wear', 'ConditionCode'));
    const write = (attributeId: AttributeIds, dataType: DataType, value: unknown) =>
      view.session.write({ nodeId: code, attributeId, value: { value: { dataType, value } } });
    assert.equal((await write(AttributeIds.Value, DataType.Int32, 0)).name, 'BadNotWritable');
    assert.ok((await write(AttributeIds.AccessLevel, DataType.Byte, 3)).isNotGood());
    const level = await view.session.read({ nodeId: code, attributeId: AttributeIds.AccessLevel });
    assert.equal(level.value.value, AccessLevelFlag.CurrentRead | AccessLevelFlag.HistoryRead);
  });

  test('the address space holds machine and channel and nothing of the ingest side', async () => {
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
      ours.filter((id) => !id.startsWith(channel) && !id.startsWith(view.id('s=Machine'))),
      [],
    );
    assert.deepEqual(
      ours.filter((id) => /Tag|Anchor$/.test(id.slice(channel.length))),
      [],
    );
    const bounds = ours.filter((id) => /Range|EngineeringUnits/.test(id)).map((id) => id.slice(channel.length));
    const importance = ['wear', 'rate'].flatMap((stream) =>
      ['EURange', 'EngineeringUnits'].map((name) => `/Streams/${stream}-Importance-${name}`),
    );
    assert.deepEqual(bounds.toSorted(), ['-IntervalLength-EngineeringUnits', ...importance].toSorted());
  });

  test('its methods say what they do', async () => {
    const names = ['FetchDelivery', 'Acknowledge', 'GetEvidence', 'FetchEpochRecord', 'CountersignEpochRecord'] as const;
    const nodes = names.map((name) => ({ nodeId: view.id(channelChildId(CHANNEL, name)), attributeId: AttributeIds.Description }));
    const texts = (await view.session.read(nodes)).map(({ value }) => (value.value as { text: string }).text);
    assert.deepEqual(
      texts,
      names.map((name) => METHOD_DESCRIPTIONS[`ClearedChannelType.${name}`]),
    );
  });

  test('a publication outside the agreement is refused before it leaves the module', () => {
    const fine = { stream: 0, code: 0, gridMs: 0, nextMs: 1, batch: 0, publishAtMs: 0 };
    assert.throws(() => on.server.publish([{ ...fine, code: 2 }]), { code: 'UNKNOWN_CONDITION' });
    assert.throws(() => on.server.publish([{ ...fine, stream: 2 }]), { code: 'UNKNOWN_CONDITION' });
  });
});
