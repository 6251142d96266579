import assert from 'node:assert/strict';
import type { Check } from './check.ts';
import type { ReadValue } from './protocol.ts';
import { refused, type Session, type Talk } from './talk.ts';

const NEVER_SEALED = 4_000_000_000;
const TEN_MINUTES_MS = 600_000;
const FAR_FUTURE_YEAR = 9000;

const streamOf = ({ plant }: Talk): string => `Channels/${plant.channel}/Streams/${plant.stream}`;

async function asManufacturer(talk: Talk, work: (session: Session) => Promise<unknown>): Promise<void> {
  await talk.atCleared(talk.plant.manufacturer, async (session) => {
    await session.whenGood(`${streamOf(talk)}-ConditionCode`);
    await work(session);
  });
}

/** The documented way to a stream from Root. */
export function streamPath({ plant }: Talk): string {
  return `Objects/m:Machines/i:${plant.machine}/m:Components/i:${plant.channel}/t:Streams/i:${plant.stream}`;
}

/** What a manufacturer, an X.509 user, can and cannot do at the cleared server. */
export const CLEARED_CHECKS: readonly Check[] = [
  {
    title: 'the documented BrowsePath leads to the cleared variables',
    run: (talk) =>
      asManufacturer(talk, async (session) => {
        for (const variable of ['Condition', 'ConditionCode', 'Importance', 'GridTime', 'BatchId']) {
          const found = await session.translate(`${streamPath(talk)}/t:${variable}`);
          assert.equal(found, session.node(`${streamOf(talk)}-${variable}`));
          await session.readGood(found);
        }
      }),
  },
  {
    title: 'browsing from Machines comes to the same variables',
    run: (talk) =>
      asManufacturer(talk, async (session) => {
        let node = 'i=85';
        for (const step of session.path(`${streamPath(talk)}/t:Condition`).slice(1)) {
          const child = (await session.browse(node)).find((each) => each.name === step.name && each.ns === step.ns);
          assert.ok(child !== undefined, `${node} has no ${step.ns}:${step.name}`);
          node = child.node;
        }
        assert.equal(node, session.node(`${streamOf(talk)}-Condition`));
      }),
  },
  {
    title: 'the machine is identified and its health is known',
    run: (talk) =>
      asManufacturer(talk, async (session) => {
        const machine = `Objects/m:Machines/i:${talk.plant.machine}`;
        assert.ok(await session.readGood(await session.translate(`${machine}/di:Identification/di:Manufacturer`)));
        assert.ok(await session.readGood(await session.translate(`${machine}/di:Identification/di:SerialNumber`)));
        const health = await session.whenGood(await session.translate(`${machine}/di:DeviceHealth`));
        assert.ok([0, 2, 4].includes(Number(health.value)), `DeviceHealth is ${String(health.value)}`);
      }),
  },
  { title: 'the condition is read, with usable times', run: (talk) => asManufacturer(talk, (session) => readsCondition(talk, session)) },
  {
    title: 'the code has its text in the enumeration',
    run: (talk) =>
      asManufacturer(talk, async (session) => {
        const { value } = await session.read(`${streamOf(talk)}-ConditionCode`);
        const enumeration = await session.translate(`${streamPath(talk)}/t:ConditionCode/EnumValues`);
        const named = (await session.readGood(enumeration)) as { value: number; displayName: string }[];
        assert.ok(named.find((each) => each.value === value)?.displayName, `code ${String(value)} has no name`);
      }),
  },
  {
    title: 'the condition is followed: grid times advance',
    run: (talk) =>
      asManufacturer(talk, async (session) => {
        const subscription = await session.follow(`${streamOf(talk)}-GridTime`, 0);
        const first = await session.await<ReadValue>(subscription, 'a grid time', (each) => each.status === 0);
        await session.await<ReadValue>(subscription, 'a later grid time', (each) => String(each.value) > String(first.value));
      }),
  },
  {
    title: 'nothing can be written',
    run: (talk) =>
      asManufacturer(talk, async (session) => {
        for (const [variable, type, value] of [
          ['ConditionCode', 'Int32', 0],
          ['Condition', 'LocalizedText', 'all well'],
        ] as const) {
          await refused(session.write(`${streamOf(talk)}-${variable}`, { type, value }), 'BadNotWritable');
        }
      }),
  },
  {
    title: 'a delivery is fetched, a batch that does not exist is not found, a junk receipt is refused',
    run: (talk) => asManufacturer(talk, (session) => callsMethods(talk, session)),
  },
  {
    title: 'there is no raw node and no Anchor',
    run: (talk) =>
      asManufacturer(talk, async (session) => {
        const tag = `Tags/${talk.plant.tag}`;
        await refused(session.readGood(tag), 'BadNodeIdUnknown');
        await refused(session.write(tag, { type: 'Double', value: talk.plant.goodValue }), 'BadNodeIdUnknown');
        await refused(method(talk, session, 'Anchor'), 'BadMethodInvalid', 'BadNodeIdUnknown', 'BadNotSupported');
      }),
  },
];

function method({ plant }: Talk, session: Session, name: string, ...given: Parameters<Session['call']>[2][]): Promise<readonly unknown[]> {
  return session.call(`Channels/${plant.channel}`, `Channels/${plant.channel}-${name}`, ...given);
}

async function readsCondition(talk: Talk, session: Session): Promise<void> {
  const [code, text] = [await session.read(`${streamOf(talk)}-ConditionCode`), await session.read(`${streamOf(talk)}-Condition`)];
  assert.equal(code.type, 'Int32');
  assert.equal(text.type, 'LocalizedText');
  assert.ok((text.value as { text: string }).text);
  for (const each of [code, text]) {
    const ageMs = Date.now() - Date.parse(each.sourceTime ?? '');
    assert.ok(ageMs > 0 && ageMs < TEN_MINUTES_MS, `source time ${String(each.sourceTime)}`);
    const served = each.serverTime === undefined ? 0 : new Date(each.serverTime).getUTCFullYear();
    assert.ok(served < FAR_FUTURE_YEAR, `server time ${String(each.serverTime)}`);
  }
}

async function callsMethods(talk: Talk, session: Session): Promise<void> {
  const batch = await session.readGood(`Channels/${talk.plant.channel}-LastBatch-BatchId`);
  const [delivery] = await method(talk, session, 'FetchDelivery', { type: 'UInt32', value: batch });
  const told = Object.keys(JSON.parse(String(delivery)) as object);
  assert.ok(told.includes('header') && told.includes('delivery'), `the delivery has ${told.join(', ')}`);
  await refused(method(talk, session, 'FetchDelivery', { type: 'UInt32', value: NEVER_SEALED }), 'BadNotFound');
  await refused(method(talk, session, 'Acknowledge', { type: 'String', value: '{}' }), 'BadInvalidArgument');
}
