import assert from 'node:assert/strict';
import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { encodingsOf } from '../app/encodings.ts';
import { freePorts } from '../support/free-ports.ts';
import { Capture, type Flows } from './capture.ts';
import { streamPath } from './checks-cleared.ts';
import type { RunningPlant, StockPlant } from './harness.ts';
import { startPlant } from './plant.ts';
import { STACKS } from './stacks.ts';
import { StockClient } from './stock-client.ts';
import { Talk } from './talk.ts';

/** Written by nobody else, so that where it is found it is the reading. */
const RAW_VALUE = 61.537_182_649_5;
const LEAST_BYTES = 20_000;

/** What must not be read by who listens, by what it is. */
function needles(plant: StockPlant): ReadonlyMap<string, Buffer> {
  const texts = [plant.tag, plant.arrayTag, plant.stream, 'Maintenance due', 'Fällige Wartung', 'Runs cool', 'Läuft kühl'];
  const forms = texts.flatMap((text): [string, Buffer][] => [
    [text, Buffer.from(text)],
    [`${text} as UTF-16`, Buffer.from(text, 'utf16le')],
    [`${text} as base64`, Buffer.from(Buffer.from(text).toString('base64').replace(/=+$/, '').slice(0, -1))],
  ]);
  return new Map([...forms, ...encodingsOf(RAW_VALUE, 'Double')]);
}

/** Names of what is found, with the direction that it is found in. */
function found(flows: Flows, wanted: ReadonlyMap<string, Buffer>): string[] {
  return [...flows].flatMap(([flow, bytes]) =>
    [...wanted].filter(([, each]) => bytes.includes(each)).map(([name]) => `${name} in ${flow}`),
  );
}

describe('a capture of the loopback while four stacks write, browse, read and follow', () => {
  let plant: RunningPlant;
  let plainPort: number;
  let flows: Flows;

  before(async () => {
    plant = await startPlant();
    plainPort = await freePorts(1);
    const first = portOf(plant.description.ingest);
    const capture = new Capture([first, first + 1, first + 2, plainPort]);
    await capture.start();
    try {
      for (const stack of STACKS) await traffic(new StockClient(stack), plant.description);
      await inClear(plainPort, needles(plant.description));
    } finally {
      flows = await capture.stop();
    }
  });
  after(() => plant.stop());

  const secured = (): Flows => new Map([...flows].filter(([flow]) => !flow.split('>').includes(String(plainPort))));

  test('no raw value, tag name or condition is in it', () => {
    assert.deepEqual(found(secured(), needles(plant.description)), []);
  });

  test('it has what is in clear by the standard, from both servers, and enough else', () => {
    const { ingest, cleared } = plant.description;
    for (const url of [ingest, cleared]) {
      const toServer = [...secured()].filter(([flow]) => flow.endsWith(`>${portOf(url)}`));
      assert.ok(
        toServer.some(([, bytes]) => bytes.includes('HELF') && bytes.includes(`localhost:${portOf(url)}`)),
        `no Hello to ${url}`,
      );
      const total = toServer.reduce((sum, [, bytes]) => sum + bytes.length, 0);
      assert.ok(total > LEAST_BYTES, `${total} bytes to ${url}`);
    }
  });

  test('the same search finds each of these where it was sent in clear', () => {
    const wanted = needles(plant.description);
    assert.equal(found(new Map([...flows].filter(([flow]) => flow.endsWith(`>${plainPort}`))), wanted).length, wanted.size);
  });
});

function portOf(url: string): number {
  return Number(new URL(url).port);
}

async function traffic(client: StockClient, plant: StockPlant): Promise<void> {
  const talk = new Talk(plant, client);
  try {
    await talk.atIngest(plant.plc, async (plc) => {
      for (let i = 0; i < 20; i += 1) await plc.write(`Tags/${plant.tag}`, { type: 'Double', value: RAW_VALUE });
      await plc.write(`Tags/${plant.arrayTag}`, { type: 'Float', value: [RAW_VALUE, 1, 2, 3] });
    });
    await talk.atIngest(plant.operator, (operator) => operator.browse('Module-Tags'));
    await talk.atCleared(plant.manufacturer, async (session) => {
      const condition = await session.translate(`${streamPath(talk)}/t:Condition`);
      await session.whenGood(condition);
      const subscription = await session.follow(condition, 0);
      await session.await(subscription, 'a condition', () => true);
    });
  } finally {
    await client.stop();
  }
}

/** A connection that sends everything as it is. */
async function inClear(port: number, wanted: ReadonlyMap<string, Buffer>): Promise<void> {
  const server = createServer((socket) => socket.resume());
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect(port, '127.0.0.1');
  for (const each of wanted.values()) socket.write(each);
  socket.end();
  await once(socket, 'close');
  server.close();
  await once(server, 'close');
}
