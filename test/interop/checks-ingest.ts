import assert from 'node:assert/strict';
import { pause } from '../support/pause.ts';
import type { ReadValue } from './protocol.ts';
import type { Check } from './check.ts';
import { NotDone } from './stock-client.ts';
import { noSession, refused, type Session, type Talk } from './talk.ts';

const ANCHOR_WITHIN_MS = 5000;

async function writeGood({ plant }: Talk, session: Session): Promise<void> {
  await session.write(`Tags/${plant.tag}`, { type: 'Double', value: plant.goodValue });
}

/** What a PLC and an operator can and cannot do at the ingest server. */
export const INGEST_CHECKS: readonly Check[] = [
  {
    title: 'a PLC writes a tag, the value alone',
    run: (talk) => talk.atIngest(talk.plant.plc, (plc) => writeGood(talk, plc)),
  },
  {
    title: 'every offered security policy works',
    run: async (talk) => {
      for (const policy of ['Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss'] as const) {
        await talk.atIngest(talk.plant.plc, (plc) => writeGood(talk, plc), { policy });
      }
    },
  },
  {
    title: 'a PLC writes an array, whole or not at all',
    run: (talk) =>
      talk.atIngest(talk.plant.plc, async (plc) => {
        const tag = `Tags/${talk.plant.arrayTag}`;
        await plc.write(tag, { type: 'Float', value: [1.5, 2.5, 3.5, 4.5] });
        await refused(plc.write(tag, { type: 'Float', value: [1.5, 2.5, 3.5] }), 'BadTypeMismatch');
        await refused(plc.write(tag, { type: 'Float', value: 1.5 }), 'BadTypeMismatch');
        await refused(plc.write(tag, { type: 'Double', value: [1.5, 2.5, 3.5, 4.5] }), 'BadTypeMismatch');
      }),
  },
  {
    title: 'a PLC cannot read a tag',
    run: (talk) =>
      talk.atIngest(talk.plant.plc, async (plc) => {
        await refused(plc.readGood(`Tags/${talk.plant.tag}`), 'BadNotReadable', 'BadUserAccessDenied');
      }),
  },
  {
    title: 'following a tag gives no value, however often it is written',
    run: (talk) =>
      talk.atIngest(talk.plant.plc, async (plc) => {
        for (const samplingMs of [0, 100, -1]) await followedInVain(talk, plc, samplingMs);
      }),
  },
  {
    title: 'a wrong type, an array for a scalar, a value out of range or not finite is refused',
    run: (talk) =>
      talk.atIngest(talk.plant.plc, async (plc) => {
        const tag = `Tags/${talk.plant.tag}`;
        await refused(plc.write(tag, { type: 'Int32', value: 1 }), 'BadTypeMismatch');
        await refused(plc.write(tag, { type: 'Double', value: [20.5, 20.5] }), 'BadTypeMismatch');
        await refused(plc.write(tag, { type: 'Double', value: talk.plant.badValue }), 'BadOutOfRange');
        await refused(plc.write(tag, { type: 'Double', value: 'NaN' }), 'BadOutOfRange');
      }),
  },
  {
    title: 'a PLC cannot call Anchor',
    run: (talk) => talk.atIngest(talk.plant.plc, (plc) => refused(anchor(talk, plc), 'BadUserAccessDenied', 'BadNotExecutable')),
  },
  {
    title: 'an operator sees that a write was accepted, and not the value',
    run: (talk) =>
      talk.atIngest(talk.plant.plc, (plc) =>
        talk.atIngest(talk.plant.operator, async (operator) => {
          const count = `Tags/${talk.plant.tag}-AcceptedCount`;
          const before = Number(await operator.readGood(count));
          await writeGood(talk, plc);
          assert.ok(Number(await operator.readGood(count)) > before, 'the accepted write was not counted');
          await operator.readGood(`Tags/${talk.plant.tag}-LastTime`);
          await refused(operator.readGood(`Tags/${talk.plant.tag}`), 'BadNotReadable', 'BadUserAccessDenied');
        }),
      ),
  },
  {
    title: 'an operator cannot write a tag',
    run: (talk) => talk.atIngest(talk.plant.operator, (operator) => refused(writeGood(talk, operator), 'BadUserAccessDenied')),
  },
  {
    title: 'an operator calls Anchor and gets a batch number at once',
    run: (talk) =>
      talk.atIngest(talk.plant.operator, async (operator) => {
        const startedMs = Date.now();
        const [batch] = await anchor(talk, operator);
        assert.ok(Number.isInteger(batch) && Number(batch) >= 0, 'the answer is no batch number');
        assert.ok(Date.now() - startedMs < ANCHOR_WITHIN_MS, `took ${Date.now() - startedMs} ms`);
      }),
  },
  {
    title: 'a manufacturer gets no session at the ingest server',
    run: (talk) => noSession(talk.atIngest(talk.plant.manufacturer, () => Promise.resolve())),
  },
];

function anchor({ plant }: Talk, session: Session): Promise<readonly unknown[]> {
  return session.call(`Channels/${plant.channel}`, `Channels/${plant.channel}-Anchor`);
}

async function followedInVain(talk: Talk, plc: Session, samplingMs: number): Promise<void> {
  let subscription: number;
  try {
    subscription = await plc.follow(`Tags/${talk.plant.tag}`, samplingMs);
  } catch (error) {
    if (error instanceof NotDone) return; // refused is as good
    throw error;
  }
  for (let i = 0; i < 3; i += 1) {
    await writeGood(talk, plc);
    await pause(100);
  }
  const came = (await plc.take(subscription, 300)) as ReadValue[];
  assert.deepEqual(
    came.filter((each) => each.value !== null),
    [],
    `sampled at ${samplingMs}`,
  );
}
