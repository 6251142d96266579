import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  AttributeIds,
  constructEventFilter,
  DataType,
  LocalizedText,
  MethodIds,
  ObjectIds,
  ObjectTypeIds,
  resolveNodeId,
} from 'node-opcua';
import { channelNodeId, DEVICE_HEALTH_ID, maintenanceAlarmId, streamChildId } from '../../src/nodeset/index.ts';
import { CHANNEL, type Cleared, cleared, View, viewing } from './cleared-support.ts';
import { certificateUser, passwordUser, until } from './support.ts';

const FIELDS = ['EventId', 'ConditionName', 'SourceName', 'SourceNode', 'Severity', 'Message', 'Time', 'Retain', 'Comment', 'Quality'];
const STATES = [...FIELDS, 'ActiveState.Id', 'AckedState.Id', 'ClientUserId'];
type Fields = Record<string, unknown>;

/** Alarm events as a client of the Server object gets them. */
async function watchAlarms(view: View): Promise<{ events: Fields[]; id: number; item: number; end: () => Promise<void> }> {
  const events: Fields[] = [];
  const subscription = await view.session.createSubscription2({ requestedPublishingInterval: 10, publishingEnabled: true });
  const server = { nodeId: resolveNodeId(ObjectIds.Server), attributeId: AttributeIds.EventNotifier };
  const filter = constructEventFilter([...STATES, 'EventType']);
  const item = await subscription.monitor(server, { filter, samplingInterval: 0, queueSize: 100, discardOldest: true }, 2);
  item.on('changed', (values: { value: unknown }[]) => {
    const event: Fields = Object.fromEntries([...STATES, 'EventType'].map((name, index) => [name, values[index]?.value]));
    events.push(event);
  });
  return { events, id: subscription.subscriptionId, item: item.monitoredItemId ?? 0, end: () => subscription.terminate() };
}

const isAlarm = ({ ConditionName }: Fields) => ConditionName === 'MaintenanceRequired';
const textOf = (value: unknown) => (value as LocalizedText | null)?.text ?? '';

describe('the alarm of a stream', () => {
  let on: Cleared;
  let maker: View;
  let seen: Awaited<ReturnType<typeof watchAlarms>>;
  let batch = 0;
  before(async () => {
    on = await cleared();
    maker = await View.open(on, certificateUser(on.manufacturer));
    seen = await watchAlarms(maker);
  });
  after(async () => {
    await seen.end();
    await maker.close();
    await on.server.stop();
  });
  beforeEach(async () => {
    await show(0);
    const alarm = await unacknowledged();
    if (alarm !== undefined) await acknowledge(maker, alarm);
    // What is on its way belongs to the test before.
    await new Promise((resolve) => setTimeout(resolve, 100));
    seen.events.length = 0;
  });

  /** Shows a condition on the first stream; the second one stays fine. */
  async function show(code: number): Promise<number> {
    batch++;
    const gridMs = Math.ceil(Date.now() / 100) * 100 + batch;
    const shown = { gridMs, nextMs: gridMs + 200, batch, publishAtMs: Date.now() };
    on.server.publish([
      { stream: 0, code, ...shown },
      { stream: 1, code: 0, ...shown },
    ]);
    await until('it is shown', async () => (await maker.read('wear', 'BatchId').catch(() => undefined))?.value.value === batch);
    return gridMs;
  }

  async function unacknowledged(): Promise<Buffer | undefined> {
    const alarm = maker.id(maintenanceAlarmId(CHANNEL, 'wear'));
    const [acked, event] = await maker.session.read([
      { nodeId: `${alarm}-AckedState-Id`, attributeId: AttributeIds.Value },
      { nodeId: `${alarm}-EventId`, attributeId: AttributeIds.Value },
    ]);
    return acked?.value.value === false ? (event?.value.value as Buffer) : undefined;
  }

  async function acknowledge(view: View, eventId: Buffer, comment = '', methodId = MethodIds.AcknowledgeableConditionType_Acknowledge) {
    const result = await view.session.call({
      objectId: view.id(maintenanceAlarmId(CHANNEL, 'wear')),
      methodId: resolveNodeId(methodId),
      inputArguments: [
        { dataType: DataType.ByteString, value: eventId },
        { dataType: DataType.LocalizedText, value: new LocalizedText({ locale: comment === '' ? null : 'de', text: comment }) },
      ],
    });
    return result.statusCode.name;
  }

  const health = async () =>
    (await maker.session.read({ nodeId: maker.id(DEVICE_HEALTH_ID), attributeId: AttributeIds.Value })).value.value as number;
  const alarms = (count: number) =>
    until(`${count} alarm events`, () => seen.events.filter(isAlarm).length >= count).then(() => seen.events.filter(isAlarm));

  test('comes with an important condition, at the grid time, with the importance as severity, and goes with it', async () => {
    const gridMs = await show(1);
    const [came] = await alarms(1);
    assert.deepEqual(
      [came?.['SourceName'], came?.['Severity'], textOf(came?.['Message']), (came?.['Time'] as Date).getTime()],
      ['wear', 700, 'Maintenance imminent', gridMs],
    );
    assert.deepEqual([came?.['ActiveState.Id'], came?.['AckedState.Id'], came?.['Retain']], [true, false, true]);
    assert.equal(String(came?.['SourceNode']), maker.id(streamChildId(CHANNEL, 'wear', 'ConditionCode')));
    assert.equal(await health(), 4);
    await show(0);
    const [, went] = await alarms(2);
    assert.deepEqual([went?.['ActiveState.Id'], went?.['AckedState.Id'], went?.['Retain'], went?.['Severity']], [false, false, true, 1]);
    assert.equal(await health(), 0);
  });

  test('says nothing while the condition stays', async () => {
    await show(1);
    await alarms(1);
    await show(1);
    await show(1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(seen.events.filter(isAlarm).length, 1);
  });

  test('where nothing is known of a stream, the machine’s health is to be checked', async () => {
    await show(-1);
    assert.equal(await health(), 2);
  });

  test('is acknowledged by the manufacturer once, with a comment, and stays of interest while it is active', async () => {
    await show(1);
    const [came] = await alarms(1);
    const eventId = came?.['EventId'] as Buffer;
    assert.equal(await acknowledge(maker, eventId, 'Ersatzteil bestellt'), 'Good');
    const [, acked] = await alarms(2);
    assert.deepEqual([acked?.['AckedState.Id'], acked?.['Retain'], textOf(acked?.['Comment'])], [true, true, 'Ersatzteil bestellt']);
    assert.equal(acked?.['ClientUserId'], 'maker');
    assert.equal(await acknowledge(maker, acked?.['EventId'] as Buffer), 'BadConditionBranchAlreadyAcked');
    await show(0);
    const [, , over] = await alarms(3);
    assert.deepEqual([over?.['ActiveState.Id'], over?.['Retain']], [false, false]);
  });

  test('refuses an unknown event, a comment that is too long, and what is no alarm', async () => {
    await show(1);
    const [came] = await alarms(1);
    const eventId = came?.['EventId'] as Buffer;
    assert.equal(await acknowledge(maker, Buffer.alloc(16, 1)), 'BadEventIdUnknown');
    assert.equal(await acknowledge(maker, eventId, 'x'.repeat(1025)), 'BadInvalidArgument');
    const onType = await maker.session.call({
      objectId: resolveNodeId(ObjectTypeIds.AcknowledgeableConditionType),
      methodId: resolveNodeId(MethodIds.AcknowledgeableConditionType_Acknowledge),
      inputArguments: [
        { dataType: DataType.ByteString, value: eventId },
        { dataType: DataType.LocalizedText, value: new LocalizedText({ text: '' }) },
      ],
    });
    assert.equal(onType.statusCode.name, 'BadNodeIdInvalid');
  });

  test('is commented on by the manufacturer; a comment that is left out changes none', async () => {
    await show(1);
    const [came] = await alarms(1);
    const comment = MethodIds.ConditionType_AddComment;
    assert.equal(await acknowledge(maker, came?.['EventId'] as Buffer, 'Gesehen', comment), 'Good');
    const [, commented] = await alarms(2);
    assert.deepEqual([textOf(commented?.['Comment']), commented?.['AckedState.Id']], ['Gesehen', false]);
    assert.equal(await acknowledge(maker, commented?.['EventId'] as Buffer), 'Good');
    const [, , acked] = await alarms(3);
    assert.equal(textOf(acked?.['Comment']), 'Gesehen');
  });

  test('is seen by the auditor, who can neither acknowledge nor comment, and nobody disables it', async () => {
    await viewing(on, passwordUser('auditor', 'correct horse'), async (auditor) => {
      const watched = await watchAlarms(auditor);
      await show(1);
      await until('the auditor sees it', () => watched.events.some(isAlarm));
      const eventId = watched.events.find(isAlarm)?.['EventId'] as Buffer;
      assert.equal(await acknowledge(auditor, eventId), 'BadUserAccessDenied');
      assert.equal(await acknowledge(auditor, eventId, 'x', MethodIds.ConditionType_AddComment), 'BadUserAccessDenied');
      await watched.end();
    });
    const disabled = await maker.session.call({
      objectId: maker.id(maintenanceAlarmId(CHANNEL, 'wear')),
      methodId: resolveNodeId(MethodIds.ConditionType_Disable),
    });
    assert.equal(disabled.statusCode.name, 'BadUserAccessDenied');
  });

  test('ConditionRefresh tells one subscription the alarms that stand, between its two marks, and no other one', async () => {
    await show(1);
    await alarms(1);
    const late = await watchAlarms(maker);
    const refresh = (subscription: number) =>
      maker.session.call({
        objectId: resolveNodeId(ObjectTypeIds.ConditionType),
        methodId: resolveNodeId(MethodIds.ConditionType_ConditionRefresh),
        inputArguments: [{ dataType: DataType.UInt32, value: subscription }],
      });
    assert.equal((await refresh(late.id)).statusCode.name, 'Good');
    await until('the refresh is over', () => late.events.length >= 3);
    const types = late.events.map(({ EventType }) => String(EventType));
    assert.deepEqual(
      [types[0], types[2]],
      [`ns=0;i=${ObjectTypeIds.RefreshStartEventType}`, `ns=0;i=${ObjectTypeIds.RefreshEndEventType}`],
    );
    assert.equal(late.events[1]?.['ActiveState.Id'], true);
    assert.equal(seen.events.filter(isAlarm).length, 1);
    assert.equal((await refresh(4_000_000)).statusCode.name, 'BadSubscriptionIdInvalid');
    await late.end();
  });

  test('ConditionRefresh of another session’s subscription is answered like that of none', async () => {
    await viewing(on, passwordUser('auditor', 'correct horse'), async (auditor) => {
      for (const subscription of [seen.id, 4_000_000]) {
        const refreshed = await auditor.session.call({
          objectId: resolveNodeId(ObjectTypeIds.ConditionType),
          methodId: resolveNodeId(MethodIds.ConditionType_ConditionRefresh),
          inputArguments: [{ dataType: DataType.UInt32, value: subscription }],
        });
        assert.equal(refreshed.statusCode.name, 'BadSubscriptionIdInvalid');
      }
    });
  });

  test('ConditionRefresh2 tells one monitored item', async () => {
    await show(1);
    await alarms(1);
    const late = await watchAlarms(maker);
    const refresh = (item: number) =>
      maker.session.call({
        objectId: resolveNodeId(ObjectTypeIds.ConditionType),
        methodId: resolveNodeId(MethodIds.ConditionType_ConditionRefresh2),
        inputArguments: [
          { dataType: DataType.UInt32, value: late.id },
          { dataType: DataType.UInt32, value: item },
        ],
      });
    assert.equal((await refresh(late.item)).statusCode.name, 'Good');
    await until('the refresh is over', () => late.events.length >= 3);
    assert.equal((await refresh(4_000_000)).statusCode.name, 'BadMonitoredItemIdInvalid');
    await late.end();
  });

  test('its events come on the channel as well', async () => {
    const subscription = await maker.session.createSubscription2({ requestedPublishingInterval: 10, publishingEnabled: true });
    const events: unknown[] = [];
    const channel = { nodeId: maker.id(channelNodeId(CHANNEL)), attributeId: AttributeIds.EventNotifier };
    const filter = constructEventFilter(['ConditionName']);
    const item = await subscription.monitor(channel, { filter, samplingInterval: 0, queueSize: 10 }, 2);
    item.on('changed', (values: { value: unknown }[]) => void events.push(values[0]?.value));
    await show(1);
    await until('it came', () => events.includes('MaintenanceRequired'));
    await subscription.terminate();
  });
});

describe('an alarm over a restart of the server’s process', () => {
  test('stays acknowledged, with its comment and who gave it, without a new event', async () => {
    const on = await cleared();
    const gridMs = Math.ceil(Date.now() / 100) * 100;
    on.server.publish([{ stream: 0, code: 1, gridMs, nextMs: gridMs + 200, batch: 1, publishAtMs: Date.now() }]);
    const alarm = (view: View, child: string) => view.session.read({ nodeId: `${view.id(maintenanceAlarmId(CHANNEL, 'wear'))}-${child}` });
    await viewing(on, certificateUser(on.manufacturer), async (view) => {
      await until('it is active', async () => (await alarm(view, 'ActiveState-Id')).value.value === true);
      const done = await view.session.call({
        objectId: view.id(maintenanceAlarmId(CHANNEL, 'wear')),
        methodId: resolveNodeId(MethodIds.AcknowledgeableConditionType_Acknowledge),
        inputArguments: [
          { dataType: DataType.ByteString, value: (await alarm(view, 'EventId')).value.value as Buffer },
          { dataType: DataType.LocalizedText, value: new LocalizedText({ locale: 'de', text: 'Bestellt' }) },
        ],
      });
      assert.equal(done.statusCode.name, 'Good');
    });
    const before = on.server.processId;
    process.kill(before!, 'SIGKILL');
    await until('another process serves', () => on.server.isServing && on.server.processId !== before);
    await viewing(on, certificateUser(on.manufacturer), async (view) => {
      const children = ['ActiveState-Id', 'AckedState-Id', 'Retain', 'Severity', 'ClientUserId', 'Comment', 'Message', 'Time'];
      const values = await Promise.all(children.map(async (child) => (await alarm(view, child)).value.value as unknown));
      assert.deepEqual(values.slice(0, 5), [true, true, true, 700, 'maker']);
      assert.deepEqual(values.slice(5, 7).map(textOf), ['Bestellt', 'Maintenance imminent']);
      assert.equal((values[7] as Date).getTime(), gridMs);
    });
    await on.server.stop();
  });
});
