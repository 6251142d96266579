import assert from 'node:assert/strict';
import type { Check } from './check.ts';
import { streamPath } from './checks-cleared.ts';
import type { EventField } from './protocol.ts';
import { refused, type Session, STANDARD, type Talk } from './talk.ts';

const standard = (type: string, path: string): EventField => ({ type, path: path.split('/').map((name) => ({ ns: 0, name })) });

/** Fields asked for, in the order of `AlarmEvent`. */
const FIELDS: readonly EventField[] = [
  standard(STANDARD.baseEventType, 'EventType'),
  standard(STANDARD.baseEventType, 'EventId'),
  standard(STANDARD.baseEventType, 'Severity'),
  standard(STANDARD.conditionType, 'Retain'),
  standard(STANDARD.alarmConditionType, 'ActiveState/Id'),
  standard(STANDARD.acknowledgeableConditionType, 'AckedState/Id'),
  { type: STANDARD.conditionType, path: [] },
];

type AlarmEvent = readonly [
  type: string,
  eventId: string,
  severity: number,
  retain: boolean | null,
  active: boolean | null,
  acked: boolean | null,
  condition: string | null,
];

/** The maintenance alarm of a stream, from its rise to its acknowledgement. */
export const ALARM_CHECKS: readonly Check[] = [
  { title: 'an alarm is raised, shown again by ConditionRefresh, and acknowledged', needs: 'alarms', run: alarmOnce },
  {
    title: 'an alarm is neither disabled nor acknowledged by an id that no event had',
    needs: 'alarms',
    run: (talk) =>
      talk.atCleared(talk.plant.manufacturer, async (session) => {
        const alarm = `Channels/${talk.plant.channel}/Streams/${talk.plant.stream}-MaintenanceRequired`;
        const never = [
          { type: 'ByteString', value: Buffer.from('never an event id').toString('base64') },
          { type: 'LocalizedText', value: '' },
        ] as const;
        await refused(session.call(alarm, STANDARD.acknowledge, ...never), 'BadEventIdUnknown');
        await refused(session.call(alarm, 'i=9028'), 'BadUserAccessDenied', 'BadNotExecutable', 'BadMethodInvalid');
      }),
  },
];

async function alarmOnce(talk: Talk): Promise<void> {
  await talk.atCleared(talk.plant.manufacturer, async (session) => {
    const alarm = session.node(`Channels/${talk.plant.channel}/Streams/${talk.plant.stream}-MaintenanceRequired`);
    await letOne(talk, talk.plant.goodValue);
    const active = await session.translate(`${streamPath(talk)}/t:ConditionCode`);
    await until(session, active, talk.plant.goodCode);
    const events = await session.followEvents(STANDARD.server, FIELDS);
    await letOne(talk, talk.plant.alarmValue);
    const fits = ([, , , , on, , condition]: AlarmEvent): boolean => on === true && condition === alarm;
    const raised = await session.await<AlarmEvent>(events, 'the alarm is active', fits);
    assert.equal(raised[2], talk.plant.alarmImportance, 'severity');
    await refreshed(session, events, fits);
    await session.call(alarm, STANDARD.acknowledge, { type: 'ByteString', value: raised[1] }, { type: 'LocalizedText', value: 'seen' });
    await session.await<AlarmEvent>(events, 'the alarm is acknowledged', (event) => event[6] === alarm && event[5] === true);
  });
}

async function refreshed(session: Session, events: number, fits: (event: AlarmEvent) => boolean): Promise<void> {
  await session.call(STANDARD.conditionType, STANDARD.conditionRefresh, { type: 'UInt32', value: events });
  const came: AlarmEvent[] = [];
  const isEnd = (event: AlarmEvent): boolean => {
    came.push(event);
    return event[0] === STANDARD.refreshEnd || event[0] === `ns=0;${STANDARD.refreshEnd}`;
  };
  await session.await<AlarmEvent>(events, 'RefreshEndEvent', isEnd);
  assert.ok(
    came.some((event) => event[0].endsWith(STANDARD.refreshStart)),
    'no RefreshStartEvent',
  );
  const again = came.find(fits);
  assert.ok(again !== undefined && again[3] === true, 'the refresh does not show the alarm');
}

async function until(session: Session, node: string, code: number): Promise<void> {
  const subscription = await session.follow(node, 0);
  await session.await<{ value: unknown }>(subscription, `condition ${code}`, (each) => each.value === code);
}

/** A PLC writes one value. */
async function letOne(talk: Talk, value: number): Promise<void> {
  await talk.atIngest(talk.plant.plc, (plc) => plc.write(`Tags/${talk.plant.tag}`, { type: 'Double', value }));
}
