import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { initPlant, type ModuleEvent, readOwnerConfig, SenderModule } from '../../src/app/index.ts';
import { freePorts } from '../support/free-ports.ts';
import { until } from '../support/until.ts';

const SHORT_MS = 1000;
const LONG_MS = 10_000;
const BAD_RESOURCE_UNAVAILABLE = 0x80040000;

function policy(stream: string, tags: readonly string[]): object {
  return {
    id: stream,
    version: 1,
    tags: tags.map((name) => ({ name, type: 'Double', minimum: 0, maximum: 90 })),
    streams: tags.map((tag) => ({
      name: `${stream}${tag}`,
      title: { en: tag, de: tag },
      tags: [tag],
      aggregate: 'max',
      conditions: [
        { code: 0, text: { en: 'Low', de: 'Tief' }, importance: 1, ranges: [{ to: 50 }] },
        { code: 1, text: { en: 'High', de: 'Hoch' }, importance: 500, ranges: [{ from: 50 }] },
      ],
      quality: { missing: 'hold' },
    })),
  };
}

/** One module's life in order: each test goes on where the one before it ended. */
describe('a module with two channels whose intervals differ', () => {
  const root = mkdtempSync(join(tmpdir(), 'dcmb-several-running-'));
  const events: ModuleEvent[] = [];
  let module: SenderModule;
  let taken: Server;
  const of = (event: ModuleEvent['event'], channelName: string): ModuleEvent[] =>
    events.filter((each) => each.event === event && each.channelName === channelName);
  /** Its first interval and that one's beginning, on its grid. */
  const begun = (channelName: string): { readonly interval: number; readonly atMs: number } => {
    const [running] = of('running', channelName);
    assert.ok(running?.event === 'running');
    return { interval: running.interval, atMs: running.nextGridMs - (channelName === 'short' ? SHORT_MS : LONG_MS) };
  };
  const offer = (tag: string): Promise<number> => module.offer(tag, { type: 'Double', value: 1 });

  before(async () => {
    const write = (name: string, content: object): string => {
      writeFileSync(join(root, name), JSON.stringify(content));
      return join(root, name);
    };
    const port = await freePorts(5);
    const plant = await initPlant({
      folder: join(root, 'plant'),
      policyFile: write('short.json', policy('Short', ['Heat', 'Own'])),
      cadence: { intervalMs: SHORT_MS, epochIntervals: 16 },
      host: '127.0.0.1',
      advertisedHost: 'localhost',
      ports: { ingest: port, cleared: port + 1, applications: port + 2 },
      channel: 'short',
      others: [
        {
          folder: 'manufacturer-long',
          channel: 'long',
          policyFile: write('long.json', policy('Long', ['Heat'])),
          termsFile: write('terms.json', {
            purpose: 'Test',
            interval: { lengthMs: LONG_MS },
            validity: { from: second(0), to: second(86_400) },
          }),
          ports: { cleared: port + 3, applications: port + 4 },
        },
      ],
    });
    taken = createServer().listen(port + 3, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const config = readOwnerConfig(join(plant.owner, 'dcmb.json'));
    const [short, ...others] = config.channels.map((channel) => ({ ...channel, firstStartWaitMs: 0 }));
    module = await SenderModule.start({ ...config, channels: [short!, ...others] }, { onEvent: (event) => void events.push(event) });
  });
  after(async () => {
    taken.close();
    await module.stop(0);
    rmSync(root, { recursive: true, force: true });
  });

  test('goes on with one while the port of the other is taken, says so once, and begins with the other when it is free', async () => {
    await until('the first runs', () => of('running', 'short').length === 1);
    assert.equal(await offer('Heat'), 0);
    const { state, stateText, hasFailed } = module.status('long');
    assert.deepEqual([state, hasFailed], ['Starting', false]);
    assert.match(stateText, /port/i);
    taken.close();
    await until('the second runs', () => of('running', 'long').length === 1);
    assert.deepEqual(
      of('warning', 'long').map((each) => each.event === 'warning' && each.code),
      ['CHANNEL_WAITS'],
    );
    assert.deepEqual([of('channel-failed', 'long'), module.status('long').state], [[], 'Running']);
    assert.deepEqual(Object.keys(module.clearedEndpoints), ['short', 'long']);
  });

  test('that stops gives values only to what has not finished, and refuses what nobody else would take', async () => {
    const leftOfLong = (): number => LONG_MS - ((Date.now() - begun('long').atMs) % LONG_MS);
    await until('a stop is near the end of both', () => leftOfLong() < 4900 && leftOfLong() > 4600);
    const last = begun('short').interval + Math.floor((Date.now() - begun('short').atMs) / SHORT_MS);
    assert.deepEqual([await offer('Own'), await offer('Heat')], [0, 0]);
    const stopped = module.stop(0);
    await until('the short one has sealed its last', () =>
      of('sealed', 'short').some((each) => each.event === 'sealed' && each.interval === last),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual([await offer('Own'), await offer('Heat')], [BAD_RESOURCE_UNAVAILABLE, 0]);
    await stopped;
    const readings = (channel: string): number =>
      of('sealed', channel).reduce((sum, each) => sum + (each.event === 'sealed' ? each.readings : 0), 0);
    assert.deepEqual([readings('short'), readings('long')], [3, 2]);
  });
});

function second(offset: number): string {
  return `${new Date(Math.floor(Date.now() / 1000 + offset) * 1000).toISOString().slice(0, 19)}Z`;
}
