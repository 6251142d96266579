import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AttributeIds,
  type CallMethodResult,
  ClientMonitoredItem,
  type ClientSession,
  ClientSubscription,
  coerceNodeId,
  constructEventFilter,
  DataType,
  MethodIds,
  type NodeId,
  ObjectIds,
  ObjectTypeIds,
  resolveNodeId,
  TimestampsToReturn,
  type Variant,
} from 'node-opcua';
import { alarmId, channelNodeId, DCMB_URI, OBJECT_TYPES, operationChildId } from '../../src/nodeset/index.ts';
import type { AlarmLevel, ChannelOperation, LimitName } from '../../src/server/index.ts';
import { until } from '../support/until.ts';
import { ALARM_LIMITS } from '../support/alarm-limits.ts';
import { CHANNEL, type Ingest, nodeIdOf, NOW_MS, startIngest } from './ingest-support.ts';

const QUIET: ChannelOperation = {
  state: 'Running',
  stateText: '',
  cacheFillPercent: 12.5,
  cachedBatches: 3,
  cachedBytes: 2 ** 33 + 5,
  oldestUnsentMs: 2000,
  receiverLastSeenMs: NOW_MS - 1500,
  receiverSilenceMs: 1500,
  ledgerLagMs: 250,
  unanchoredBatches: 1,
  lastBlockMs: NOW_MS - 700,
  alarms: {
    cacheFill: { level: 'normal', text: '' },
    unsentAge: { level: 'normal', text: '' },
    receiverSilence: { level: 'normal', text: '' },
    ledgerLag: { level: 'normal', text: '' },
  },
};

function at(limit: LimitName, level: AlarmLevel, text: string): ChannelOperation {
  return { ...QUIET, alarms: { ...QUIET.alarms, [limit]: { level, text } } };
}

const FIELDS = [
  'EventId',
  'EventType',
  'SourceName',
  'SourceNode',
  'Message',
  'Severity',
  'ConditionName',
  'Retain',
  'ActiveState.Id',
  'AckedState.Id',
  'LimitState.CurrentState',
  'ConditionClassName',
] as const;

interface Alarm {
  readonly eventId: Buffer;
  readonly type: string;
  readonly source: string;
  readonly message: string;
  readonly severity: number;
  readonly name: string;
  readonly retain: boolean;
  readonly active: boolean;
  readonly acked: boolean;
  readonly limit: string;
  readonly conditionClass: string;
}

/** The alarms that a session gets from the Server object, as an alarm viewer subscribes to them. */
async function alarmsOf(session: ClientSession): Promise<{ seen: Alarm[]; subscription: ClientSubscription }> {
  const subscription = ClientSubscription.create(session, { requestedPublishingInterval: 50, publishingEnabled: true });
  const seen: Alarm[] = [];
  const filter = constructEventFilter(
    FIELDS.map((field) => field),
    undefined,
  );
  const item = ClientMonitoredItem.create(
    subscription,
    { nodeId: resolveNodeId(ObjectIds.Server), attributeId: AttributeIds.EventNotifier },
    { samplingInterval: 0, queueSize: 100, discardOldest: true, filter },
    TimestampsToReturn.Both,
  );
  item.on('changed', (fields) => {
    const alarm = alarmFrom(fields as unknown as Variant[]);
    if (alarm !== undefined) seen.push(alarm);
  });
  await new Promise((resolve) => item.once('initialized', () => resolve(undefined)));
  return { seen, subscription };
}

/** Undefined for events that are no alarms. */
function alarmFrom(fields: readonly Variant[]): Alarm | undefined {
  const field = (name: (typeof FIELDS)[number]): Variant | undefined => fields[FIELDS.indexOf(name)];
  const text = (name: (typeof FIELDS)[number]): string => (field(name)?.value as { text?: string } | null)?.text ?? '';
  if (field('ConditionName')?.dataType !== DataType.String) return undefined;
  return {
    eventId: field('EventId')?.value as Buffer,
    type: (field('EventType')?.value as NodeId).toString(),
    source: field('SourceName')?.value as string,
    message: text('Message'),
    severity: field('Severity')?.value as number,
    name: field('ConditionName')?.value as string,
    retain: field('Retain')?.value as boolean,
    active: field('ActiveState.Id')?.value as boolean,
    acked: field('AckedState.Id')?.value as boolean,
    limit: text('LimitState.CurrentState'),
    conditionClass: text('ConditionClassName'),
  };
}

const plain = ({ eventId: _id, type: _type, conditionClass: _class, ...rest }: Alarm): Omit<Alarm, 'eventId' | 'type' | 'conditionClass'> =>
  rest;

describe('alarms of a channel', () => {
  let ingest: Ingest;
  let operator: ClientSession;
  let plc: ClientSession;
  let viewer: Awaited<ReturnType<typeof alarmsOf>>;

  before(async () => {
    ingest = await startIngest({ tags: [{ name: 'speed', type: 'Double', timestamps: { use: 'server' } }] });
    operator = await ingest.as('operator');
    plc = await ingest.as('plc');
    viewer = await alarmsOf(operator);
  });
  after(() => ingest.stop());

  const next = async (show: () => void): Promise<Alarm> => {
    const before = viewer.seen.length;
    show();
    await until('the next alarm event', () => viewer.seen.length > before);
    return viewer.seen[before] as Alarm;
  };
  const show = (operation: ChannelOperation): void => ingest.server.publishOperation(CHANNEL.name, operation);
  const read = async (session: ClientSession, id: string) =>
    session.read({ nodeId: await nodeIdOf(session, id), attributeId: AttributeIds.Value });
  const callCondition = async (session: ClientSession, alarm: string, method: MethodIds, eventId: Buffer): Promise<CallMethodResult> =>
    session.call({
      objectId: await nodeIdOf(session, alarmId(CHANNEL.name, alarm)),
      methodId: resolveNodeId(method),
      inputArguments: [
        { dataType: DataType.ByteString, value: eventId },
        { dataType: DataType.LocalizedText, value: { text: 'seen' } },
      ],
    });
  const refresh = (session: ClientSession, subscription: ClientSubscription): Promise<CallMethodResult> =>
    session.call({
      objectId: resolveNodeId(ObjectTypeIds.ConditionType),
      methodId: resolveNodeId(MethodIds.ConditionType_ConditionRefresh),
      inputArguments: [{ dataType: DataType.UInt32, value: subscription.subscriptionId }],
    });

  test('the figures wait for their first value, and then are what the module says', async () => {
    assert.equal((await read(operator, operationChildId(CHANNEL.name, 'CacheFill'))).statusCode.name, 'BadWaitingForInitialData');
    show(QUIET);
    const values: Record<string, unknown> = {};
    for (const child of ['State', 'CacheFill', 'CachedBatches', 'CachedBytes', 'OldestUnsentAge', 'ReceiverLastSeen'] as const) {
      values[child] = (await read(operator, operationChildId(CHANNEL.name, child))).value.value;
    }
    for (const child of ['ReceiverSilence', 'LedgerLag', 'UnanchoredBatches', 'LastBlockTime'] as const) {
      values[child] = (await read(operator, operationChildId(CHANNEL.name, child))).value.value;
    }
    assert.deepEqual(values, {
      State: 1,
      CacheFill: 12.5,
      CachedBatches: 3,
      CachedBytes: [2, 5],
      OldestUnsentAge: 2000,
      ReceiverLastSeen: new Date(NOW_MS - 1500),
      ReceiverSilence: 1500,
      LedgerLag: 250,
      UnanchoredBatches: 1,
      LastBlockTime: new Date(NOW_MS - 700),
    });
    assert.equal(viewer.seen.length, 0, 'nothing is wrong: no alarm');
  });

  test('the unit and the limits can be read where the alarm is', async () => {
    const unit = await read(operator, `${operationChildId(CHANNEL.name, 'CacheFill')}-EngineeringUnits`);
    assert.equal((unit.value.value as { displayName: { text: string } }).displayName.text, '%');
    for (const [alarm, limits] of [
      ['CacheFillAlarm', ALARM_LIMITS.cacheFill],
      ['UnsentAgeAlarm', ALARM_LIMITS.unsentAge],
      ['ReceiverSilenceAlarm', ALARM_LIMITS.receiverSilence],
      ['LedgerLagAlarm', ALARM_LIMITS.ledgerLag],
    ] as const) {
      assert.equal((await read(operator, `${alarmId(CHANNEL.name, alarm)}-HighLimit`)).value.value, limits.high, alarm);
      assert.equal((await read(operator, `${alarmId(CHANNEL.name, alarm)}-HighHighLimit`)).value.value, limits.highHigh, alarm);
    }
  });

  test('a limit that is exceeded raises an alarm that says what to do; every step is one event', async () => {
    const high = await next(() => show(at('cacheFill', 'high', 'Fetch the batches.')));
    assert.deepEqual(plain(high), {
      source: CHANNEL.name,
      message: 'Fetch the batches.',
      severity: 500,
      name: 'CacheFillAlarm',
      retain: true,
      active: true,
      acked: false,
      limit: 'High',
    });
    assert.equal(high.conditionClass, 'SystemConditionClassType');
    assert.equal(high.type, coerceNodeId(await nodeIdOf(operator, OBJECT_TYPES.CacheFillAlarmType, DCMB_URI)).toString());
    show(at('cacheFill', 'high', 'Fetch the batches, now.'));
    const worse = await next(() => show(at('cacheFill', 'highHigh', 'Nearly lost.')));
    assert.deepEqual(
      { ...plain(worse) },
      { ...plain(high), message: 'Nearly lost.', severity: 800, limit: 'HighHigh' },
      'the same level again raised nothing',
    );
  });

  test('an acknowledged alarm that goes on stays in the list; one that is over leaves it', async () => {
    const { eventId } = viewer.seen.at(-1) as Alarm;
    const before = viewer.seen.length;
    const { statusCode } = await callCondition(operator, 'CacheFillAlarm', MethodIds.AcknowledgeableConditionType_Acknowledge, eventId);
    assert.equal(statusCode.name, 'Good');
    await until('the acknowledged alarm', () => viewer.seen.length > before);
    const { acked, active, retain } = viewer.seen.at(-1) as Alarm;
    assert.deepEqual({ acked, active, retain }, { acked: true, active: true, retain: true });
    const over = await next(() => show(QUIET));
    assert.deepEqual(
      { active: over.active, retain: over.retain, severity: over.severity },
      { active: false, retain: false, severity: 100 },
    );
  });

  test('what is over and was not acknowledged waits for the acknowledgement', async () => {
    await next(() => show(at('ledgerLag', 'high', 'The ledger is behind.')));
    const over = await next(() => show(QUIET));
    assert.deepEqual(
      { active: over.active, acked: over.acked, retain: over.retain, limit: over.limit },
      { active: false, acked: false, retain: true, limit: '' },
    );
    const later = await ingest.as('operator');
    const { seen, subscription } = await alarmsOf(later);
    assert.equal((await refresh(later, subscription)).statusCode.name, 'Good');
    await until('the refreshed alarm', () => seen.length > 0);
    assert.deepEqual(
      seen.map(({ name }) => name),
      ['LedgerLagAlarm'],
    );
    const { eventId } = seen[0] as Alarm;
    assert.equal(
      (await callCondition(later, 'LedgerLagAlarm', MethodIds.AcknowledgeableConditionType_Acknowledge, eventId)).statusCode.name,
      'Good',
    );
    await until('the acknowledged alarm', () => seen.length > 1);
    assert.equal((seen.at(-1) as Alarm).retain, false);
    await subscription.terminate();
  });

  test('a module that is off normal raises its own alarm, more severe with each state', async () => {
    const severities: number[] = [];
    for (const state of ['Degraded', 'Suspended', 'Faulted'] as const) {
      const alarm = await next(() => show({ ...QUIET, state, stateText: 'The disk is full. Make room.' }));
      assert.equal(alarm.name, 'ModuleStateAlarm');
      assert.equal(alarm.message, `${state}: The disk is full. Make room.`);
      assert.ok(alarm.active);
      severities.push(alarm.severity);
    }
    severities.push((await next(() => show({ ...QUIET, state: 'Stopping', stateText: 'A fault.' }))).severity);
    assert.deepEqual(severities, [400, 700, 900, 1000]);
    assert.equal((await next(() => show({ ...QUIET, state: 'Stopping', stateText: '' }))).active, false, 'a stop on request is no alarm');
    show(QUIET);
  });

  test('a PLC sees neither figures nor alarms, and can acknowledge and refresh nothing', async () => {
    for (const child of ['State', 'CacheFill', 'ReceiverLastSeen', 'LedgerLag'] as const) {
      assert.equal((await read(plc, operationChildId(CHANNEL.name, child))).statusCode.name, 'BadUserAccessDenied', child);
    }
    assert.equal((await read(plc, `${alarmId(CHANNEL.name, 'CacheFillAlarm')}-Message`)).statusCode.name, 'BadUserAccessDenied');
    const { seen, subscription } = await alarmsOf(plc);
    const raised = await next(() => show(at('unsentAge', 'high', 'Old.')));
    assert.equal((await refresh(plc, subscription)).statusCode.name, 'BadUserAccessDenied');
    const acknowledge = MethodIds.AcknowledgeableConditionType_Acknowledge;
    assert.equal((await callCondition(plc, 'UnsentAgeAlarm', acknowledge, raised.eventId)).statusCode.name, 'BadUserAccessDenied');
    assert.deepEqual(seen, []);
    await subscription.terminate();
  });

  test('nobody disables an alarm or shifts its limits', async () => {
    const objectId = await nodeIdOf(operator, alarmId(CHANNEL.name, 'UnsentAgeAlarm'));
    for (const method of [MethodIds.ConditionType_Disable, MethodIds.ConditionType_Enable]) {
      const { statusCode } = await operator.call({ objectId, methodId: resolveNodeId(method), inputArguments: [] });
      assert.equal(statusCode.name, 'BadUserAccessDenied');
    }
    const status = await operator.write({
      nodeId: `${objectId}-HighLimit`,
      attributeId: AttributeIds.Value,
      value: { value: { dataType: DataType.Double, value: 1e9 } },
    });
    assert.notEqual(status.name, 'Good');
  });

  test('the alarms stand below the channel as its conditions', async () => {
    const browsed = await operator.browse({
      nodeId: await nodeIdOf(operator, channelNodeId(CHANNEL.name)),
      referenceTypeId: 'HasCondition',
      resultMask: 63,
    });
    assert.deepEqual((browsed.references ?? []).map(({ browseName }) => browseName.name).sort(), [
      'CacheFillAlarm',
      'LedgerLagAlarm',
      'ModuleStateAlarm',
      'ReceiverSilenceAlarm',
      'UnsentAgeAlarm',
    ]);
  });
});
