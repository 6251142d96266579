import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  AttributeIds,
  ClientMonitoredItem,
  type ClientSession,
  coerceNodeId,
  constructEventFilter,
  DataType,
  type DataValue,
  type LocalizedText,
  makeBrowsePath,
  ReadRawModifiedDetails,
  type StatusCode,
  HistoryReadRequest,
  TimestampsToReturn,
} from 'node-opcua';
import { RejectedError, UnavailableError } from '../../src/core/index.ts';
import {
  channelChildId,
  channelNodeId,
  DCMB_URI,
  INSTANCE_URI,
  lastBatchChildId,
  METHOD_DESCRIPTIONS,
  METHODS,
  moduleChildId,
  tagChildId,
  tagId,
  toVariant,
} from '../../src/nodeset/index.ts';
import { passwordUser } from '../support/ua-client.ts';
import { CHANNEL, type Ingest, nodeIdOf, NOW_MS, startIngest, typed, type UserName, write } from './ingest-support.ts';

/** A value that occurs nowhere else. */
const SECRET = 53677635;
const TAG = 'cycles';
const OPEN_TAG = 'shift';

/** For who may see a node, and for whom it does not exist because he may not even browse it. */
const DENIED = { plc: 'BadUserAccessDenied', auditor: 'BadNodeIdUnknown' } as const;

describe('access to the ingest server', () => {
  let ingest: Ingest;
  const sessions = new Map<UserName, ClientSession>();
  const as = (user: UserName): ClientSession => {
    const session = sessions.get(user);
    assert.ok(session);
    return session;
  };

  before(async () => {
    ingest = await startIngest({
      tags: [
        { name: TAG, type: 'UInt32', timestamps: { use: 'server' } },
        { name: OPEN_TAG, type: 'UInt32', timestamps: { use: 'server' }, readableBy: ['Auditor'] },
        { name: 'untouched', type: 'UInt32', timestamps: { use: 'server' }, readableBy: ['Auditor'] },
      ],
    });
    for (const user of ['plc', 'operator', 'auditor'] as const) sessions.set(user, await ingest.as(user));
    for (const tag of [TAG, OPEN_TAG]) assert.equal((await write(as('plc'), tag, typed(DataType.UInt32, SECRET))).name, 'Good');
  });
  after(() => ingest.stop());
  beforeEach(() => {
    ingest.failure = undefined;
    ingest.anchors.length = 0;
  });

  async function read(user: UserName, id: string, attributeId: number = AttributeIds.Value): Promise<DataValue> {
    return as(user).read({ nodeId: await nodeIdOf(as(user), id), attributeId });
  }

  async function readStatus(user: UserName, id: string): Promise<string> {
    return (await read(user, id)).statusCode.name;
  }

  describe('sessions', () => {
    test('a user with nothing to do here gets none', async () => {
      await assert.rejects(ingest.as('manufacturer'), /BadUserAccessDenied|BadIdentityTokenRejected/);
    });

    test('a wrong password, an unknown user and nobody get none', async () => {
      await assert.rejects(ingest.asUser(passwordUser('operator', 'wrong')), /BadUserAccessDenied/);
      await assert.rejects(ingest.asUser(passwordUser('nobody', 'wrong')), /BadUserAccessDenied/);
      await assert.rejects(ingest.asUser({ type: 0 }), /BadIdentityTokenInvalid|BadIdentityTokenRejected|Cannot find ANONYMOUS/);
    });
  });

  describe('the value of a tag', () => {
    test('is written by PLCs only; what others try is not counted', async () => {
      const count = ingest.accepted.length;
      for (const user of ['operator', 'auditor'] as const) {
        assert.equal((await write(as(user), TAG, typed(DataType.UInt32, 1))).name, 'BadUserAccessDenied', user);
      }
      assert.equal(ingest.accepted.length, count);
      assert.equal(ingest.server.tagStatus(TAG).refused, 0);
    });

    test('is read by nobody', async () => {
      for (const user of sessions.keys()) assert.equal(await readStatus(user, tagId(TAG)), 'BadNotReadable', user);
    });

    test('is read by the roles that the configuration names, and by no other', async () => {
      await write(as('plc'), OPEN_TAG, typed(DataType.UInt32, SECRET));
      assert.equal((await read('auditor', tagId(OPEN_TAG))).value.value, SECRET);
      for (const user of ['plc', 'operator'] as const) assert.equal(await readStatus(user, tagId(OPEN_TAG)), 'BadUserAccessDenied', user);
      assert.equal(await readStatus('auditor', tagId('untouched')), 'BadWaitingForInitialData');
    });

    test('shows in no other attribute', async () => {
      for (const user of sessions.keys()) {
        for (let attribute = 1; attribute <= 27; attribute++) {
          const { value } = await read(user, tagId(TAG), attribute);
          assert.ok(!JSON.stringify(value).includes(String(SECRET)), `${user}, attribute ${attribute}`);
        }
      }
    });

    test('comes with no history', async () => {
      for (const user of sessions.keys()) {
        for (const tag of [TAG, OPEN_TAG]) {
          const request = new HistoryReadRequest({
            historyReadDetails: new ReadRawModifiedDetails({ startTime: new Date(0), endTime: new Date(), numValuesPerNode: 10 }),
            nodesToRead: [{ nodeId: coerceNodeId(await nodeIdOf(as(user), tagId(tag))) }],
          });
          const { results } = await as(user).historyRead(request);
          assert.ok(results?.[0]?.statusCode.isNotGood(), user);
        }
      }
    });

    test('has neither engineering unit nor range, which would tell thresholds', async () => {
      const nodeId = await nodeIdOf(as('operator'), tagId(TAG));
      for (const property of ['EURange', 'EngineeringUnits', 'InstrumentRange', 'EnumValues']) {
        const result = await as('operator').translateBrowsePath(makeBrowsePath(nodeId, `.${property}`));
        assert.equal(result.statusCode.name, 'BadNoMatch', property);
      }
    });

    for (const interval of [0, -1, 100]) {
      test(`reaches no subscriber who may not read it, at a sampling interval of ${interval}`, async () => {
        const seen: string[] = [];
        const watched: [UserName, string][] = [...sessions.keys()].map((user) => [user, TAG]);
        watched.push(['plc', OPEN_TAG], ['operator', OPEN_TAG]);
        const subscriptions = await Promise.all(watched.map(([user, tag]) => watch(as(user), tag, interval, seen)));
        for (let value = 0; value < 5; value++) {
          for (const tag of [TAG, OPEN_TAG]) await write(as('plc'), tag, typed(DataType.UInt32, SECRET + value));
          await new Promise((resolve) => setTimeout(resolve, 120));
        }
        await Promise.all(subscriptions.map((subscription) => subscription.terminate()));
        assert.deepEqual(seen, []);
      });
    }

    test('reaches a subscriber who may read it', async () => {
      const seen: string[] = [];
      const subscription = await watch(as('auditor'), OPEN_TAG, 0, seen);
      await write(as('plc'), OPEN_TAG, typed(DataType.UInt32, SECRET + 9));
      for (let wait = 0; wait < 50 && !seen.includes(String(SECRET + 9)); wait++) await new Promise((resolve) => setTimeout(resolve, 50));
      await subscription.terminate();
      assert.ok(seen.includes(String(SECRET + 9)));
    });
  });

  describe('how writing goes', () => {
    test('is waiting for data before the first write', async () => {
      for (const child of ['LastStatus', 'LastTime', 'AcceptedCount', 'RefusedCount'] as const) {
        assert.equal(await readStatus('operator', tagChildId('untouched', child)), 'BadWaitingForInitialData', child);
      }
    });

    test('is shown to operators', async () => {
      await write(as('plc'), TAG, typed(DataType.Double, 1));
      const { accepted, refused } = ingest.server.tagStatus(TAG);
      assert.ok(accepted > 0 && refused > 0);
      assert.equal((valueOf(await read('operator', tagChildId(TAG, 'LastStatus'))) as StatusCode).name, 'BadTypeMismatch');
      assert.deepEqual((await read('operator', tagChildId(TAG, 'LastTime'))).value.value, new Date(NOW_MS));
      assert.deepEqual((await read('operator', tagChildId(TAG, 'AcceptedCount'))).value.value, [0, accepted]);
      assert.deepEqual((await read('operator', tagChildId(TAG, 'RefusedCount'))).value.value, [0, refused]);
    });

    test('is shown to nobody else', async () => {
      for (const user of ['plc', 'auditor'] as const) {
        assert.equal(await readStatus(user, tagChildId(TAG, 'AcceptedCount')), DENIED[user], user);
      }
    });

    test('can be written by nobody', async () => {
      for (const user of sessions.keys()) {
        const nodeId = await nodeIdOf(as(user), tagChildId(TAG, 'AcceptedCount'));
        const status = await as(user).write({
          nodeId,
          attributeId: AttributeIds.Value,
          value: { value: toVariant({ type: 'UInt64', value: 0n }) },
        });
        assert.equal(status.name, user === 'auditor' ? DENIED.auditor : 'BadNotWritable', user);
      }
    });
  });

  describe('the module', () => {
    const stateText = async () => (valueOf(await read('operator', moduleChildId('StateText'))) as LocalizedText).text;

    test('shows its state to PLCs and operators', async () => {
      for (const user of ['plc', 'operator'] as const) assert.equal((await read(user, moduleChildId('State'))).value.value, 1);
      assert.equal(await readStatus('auditor', moduleChildId('State')), DENIED.auditor);
      ingest.server.publishModuleState('Degraded', 'The ledger does not answer.');
      assert.equal((await read('operator', moduleChildId('State'))).value.value, 2);
      assert.equal(await stateText(), 'The ledger does not answer.');
      ingest.server.publishModuleState('Running');
      assert.equal((await stateText()) ?? '', '');
    });

    test('stands among the components of an identified machine', async () => {
      const path = '/4:Machines/6:Press 4/4:Components/6:Dcmb/5:Tags/6:cycles';
      const result = await as('operator').translateBrowsePath(makeBrowsePath('ObjectsFolder', path));
      assert.equal(result.targets?.[0]?.targetId.toString(), await nodeIdOf(as('operator'), tagId(TAG)));
      const serial = await as('operator').translateBrowsePath(
        makeBrowsePath('ObjectsFolder', '/4:Machines/6:Press 4/2:Identification/2:SerialNumber'),
      );
      const target = serial.targets?.[0]?.targetId;
      assert.ok(target);
      assert.equal((await as('operator').read({ nodeId: target })).value.value, '0815');
    });

    test('describes its namespaces', async () => {
      const descriptions: [uri: string, id: string][] = [
        [DCMB_URI, `s=${DCMB_URI}.NamespaceUri`],
        [INSTANCE_URI, 's=Namespace-NamespaceUri'],
      ];
      for (const [uri, id] of descriptions) {
        const nodeId = await nodeIdOf(as('plc'), id, uri);
        assert.equal((await as('plc').read({ nodeId })).value.value, uri);
        const namespaces = await as('plc').browse({ nodeId: 'i=11715', resultMask: 63 });
        assert.ok(
          namespaces.references?.some((reference) => reference.browseName.name === uri),
          uri,
        );
      }
    });

    test('tells nobody what the sessions of others do', async () => {
      for (const nodeId of ['i=3707', 'i=3708', 'i=2290']) {
        for (const user of sessions.keys()) assert.ok((await as(user).read({ nodeId })).statusCode.isNotGood(), `${user} ${nodeId}`);
      }
    });
  });

  describe('Anchor', () => {
    async function anchor(user: UserName, methodId?: string) {
      const session = as(user);
      return session.call({
        objectId: await nodeIdOf(session, channelNodeId(CHANNEL.name)),
        methodId: methodId ?? (await nodeIdOf(session, channelChildId(CHANNEL.name, 'Anchor'))),
      });
    }

    test('answers an operator with the number of the batch', async () => {
      const { statusCode, outputArguments } = await anchor('operator');
      assert.equal(statusCode.name, 'Good');
      assert.equal(outputArguments?.[0]?.value, 7);
      assert.deepEqual(ingest.anchors, [CHANNEL.name]);
    });

    test("may be called by the type's method, as some clients do", async () => {
      const methodId = await nodeIdOf(as('operator'), METHODS['IngestChannelType.Anchor'], DCMB_URI);
      assert.equal((await anchor('operator', methodId)).statusCode.name, 'Good');
      assert.equal((await anchor('plc', methodId)).statusCode.name, 'BadUserAccessDenied');
    });

    test('says what it does', async () => {
      const session = as('operator');
      const nodeId = await nodeIdOf(session, channelChildId(CHANNEL.name, 'Anchor'));
      const { value } = await session.read({ nodeId, attributeId: AttributeIds.Description });
      assert.equal((value.value as { text: string }).text, METHOD_DESCRIPTIONS['IngestChannelType.Anchor']);
    });

    test('is denied to everybody else', async () => {
      for (const user of ['plc', 'auditor'] as const) assert.equal((await anchor(user)).statusCode.name, DENIED[user], user);
      assert.deepEqual(ingest.anchors, []);
    });

    const failures: [failure: Error, status: string][] = [
      [new RejectedError('TOO_MANY_CALLS', 'secret'), 'BadInvalidState'],
      [new UnavailableError('STARTING', 'secret'), 'BadResourceUnavailable'],
      [new TypeError('secret'), 'BadInternalError'],
    ];
    for (const [failure, status] of failures) {
      test(`gives ${status} for ${failure.constructor.name}`, async () => {
        ingest.failure = failure;
        const result = await anchor('operator');
        assert.equal(result.statusCode.name, status);
        assert.ok(!JSON.stringify(result).includes('secret'));
      });
    }
  });

  describe('a channel', () => {
    const batch = { batchId: 3, gridMs: NOW_MS, ledgerState: 'Anchored', deliveryState: 'Waiting', transactionId: 'tx-3' } as const;
    const readBatch = async (child: Parameters<typeof lastBatchChildId>[1]) =>
      valueOf(await read('operator', lastBatchChildId(CHANNEL.name, child)));

    test('waits for its first batch', async () => {
      assert.equal(await readStatus('operator', lastBatchChildId(CHANNEL.name, 'BatchId')), 'BadWaitingForInitialData');
    });

    test('shows its newest batch to operators only', async () => {
      ingest.server.publishBatch(CHANNEL.name, batch);
      ingest.server.publishBatch(CHANNEL.name, { ...batch, batchId: 2, ledgerState: 'Failed' });
      assert.deepEqual(
        [await readBatch('BatchId'), await readBatch('LedgerState'), await readBatch('DeliveryState'), await readBatch('TransactionId')],
        [3, 2, 0, 'tx-3'],
      );
      for (const user of ['plc', 'auditor'] as const) {
        assert.equal(await readStatus(user, lastBatchChildId(CHANNEL.name, 'BatchId')), DENIED[user], user);
      }
    });

    test('tells operators what happens to a batch, and nobody else', async () => {
      const seen: Record<string, unknown[]> = {};
      const subscriptions = await Promise.all([...sessions.keys()].map((user) => watchEvents(as(user), (seen[user] = []))));
      ingest.server.publishBatch(CHANNEL.name, batch, { kind: 'anchored' });
      ingest.server.publishBatch(CHANNEL.name, { ...batch, ledgerState: 'Failed' }, { kind: 'failed', reason: 'TOKENS_REQUIRED' });
      for (let wait = 0; wait < 50 && seen['operator']?.length !== 2; wait++) await new Promise((resolve) => setTimeout(resolve, 50));
      await Promise.all(subscriptions.map((subscription) => subscription.terminate()));
      assert.deepEqual(seen, {
        plc: [],
        operator: [
          [3, 'tx-3', null],
          [3, null, 'TOKENS_REQUIRED'],
        ],
        auditor: [],
      });
    });

    test('that does not exist is refused', () => {
      assert.throws(() => ingest.server.publishBatch('nobody', batch), { code: 'UNKNOWN_CHANNEL' });
    });
  });
});

function valueOf(dataValue: DataValue): unknown {
  return dataValue.value.value;
}

/** Watches the value of a tag; every value that arrives goes to `seen`. */
async function watch(session: ClientSession, tag: string, samplingInterval: number, seen: string[]) {
  const subscription = await session.createSubscription2({
    requestedPublishingInterval: 50,
    requestedMaxKeepAliveCount: 100,
    publishingEnabled: true,
  });
  const item = ClientMonitoredItem.create(
    subscription,
    { nodeId: await nodeIdOf(session, tagId(tag)), attributeId: AttributeIds.Value },
    { samplingInterval, queueSize: 100, discardOldest: true },
    TimestampsToReturn.Both,
  );
  item.on('changed', (dataValue: DataValue) => {
    if (dataValue.value.dataType !== DataType.Null) seen.push(String(dataValue.value.value));
  });
  item.on('err', () => undefined);
  return subscription;
}

/** Watches the Server object's events; BatchId, TransactionId and Reason of each go to `seen`. */
async function watchEvents(session: ClientSession, seen: unknown[]) {
  const dcmb = (await session.readNamespaceArray()).indexOf(DCMB_URI);
  const subscription = await session.createSubscription2({
    requestedPublishingInterval: 50,
    requestedMaxKeepAliveCount: 100,
    publishingEnabled: true,
  });
  const fields = ['BatchId', 'TransactionId', 'Reason'].map((name) => `${dcmb}:${name}`);
  const item = await subscription.monitor(
    { nodeId: 'i=2253', attributeId: AttributeIds.EventNotifier },
    { samplingInterval: 0, queueSize: 100, discardOldest: true, filter: constructEventFilter(fields) },
    TimestampsToReturn.Both,
  );
  item.on('changed', (values) => {
    const [batchId, ...others] = (values as unknown as { value: unknown }[]).map(({ value }) => value ?? null);
    if (batchId !== null) seen.push([batchId, ...others]);
  });
  return subscription;
}
