import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { initPlant, loadAgreement, type OwnerConfig, type Plant, readOwnerConfig } from '../../src/app/index.ts';
import { readChannel } from '../../src/app/channel-view.ts';
import { liveAnswer, readyAnswer } from '../../src/app/health.ts';
import { inTurns } from '../../src/app/in-turns.ts';
import { ModuleMetrics } from '../../src/app/module-metrics.ts';
import { moduleStateOf } from '../../src/app/module-state.ts';
import type { SenderStatus } from '../../src/app/module-status.ts';
import { loadOwnerFiles } from '../../src/app/sender-files.ts';

const DAY_MS = 86_400_000;
const HOST = { host: '127.0.0.1', advertisedHost: 'localhost' };

function policy(tag: object, stream: string): object {
  return {
    id: stream,
    version: 1,
    tags: [{ name: 'Heat', type: 'Double', ...tag }],
    streams: [
      {
        name: stream,
        title: { en: stream, de: stream },
        tags: ['Heat'],
        aggregate: 'max',
        conditions: [
          { code: 0, text: { en: 'Cold', de: 'Kalt' }, importance: 1, ranges: [{ to: 50 }] },
          { code: 1, text: { en: 'Hot', de: 'Heiß' }, importance: 500, ranges: [{ from: 50 }] },
        ],
        quality: { missing: 'hold' },
      },
    ],
  };
}

describe('a plant for several manufacturers', () => {
  const root = mkdtempSync(join(tmpdir(), 'dcmb-several-'));
  let plant: Plant;
  let file: string;
  const write = (name: string, content: object): string => {
    writeFileSync(join(root, name), JSON.stringify(content));
    return join(root, name);
  };
  const make = (folder: string, second: object): Promise<Plant> =>
    initPlant({
      folder: join(root, folder),
      policyFile: write('one.json', policy({ minimum: 0, maximum: 90 }, 'One')),
      cadence: { intervalMs: 1000, epochIntervals: 16 },
      ...HOST,
      ports: { ingest: 1001, cleared: 1002, applications: 1003 },
      channel: 'one',
      others: [
        {
          folder: 'manufacturer-two',
          channel: 'two',
          policyFile: write('two.json', second),
          termsFile: write('terms.json', {
            purpose: 'Test',
            interval: { lengthMs: 2000 },
            validity: { from: day(-1), to: day(2) },
          }),
          ports: { cleared: 1004, applications: 1005 },
        },
      ],
    });

  before(async () => {
    plant = await make('plant', policy({ minimum: 0, maximum: 90, description: 'told otherwise' }, 'Two'));
    file = join(plant.owner, 'dcmb.json');
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  test('has a configuration in which the channels share nothing that one manufacturer could know the other by', () => {
    const [one, two] = readOwnerConfig(file).channels;
    assert.deepEqual([one.name, two?.name], ['one', 'two']);
    const view = readChannel(file, 'two') as OwnerConfig;
    assert.equal(view.channels.length, 1);
    assert.equal(view.keys.exchange, join(plant.owner, 'two', 'keys', 'exchange.pem'));
    assert.equal(view.pki, join(plant.owner, 'two', 'pki'));
    assert.notEqual(view.ledger.id, readOwnerConfig(file).ledger.id);
    const [first, second] = [plant.manufacturer, plant.others[0]!.manufacturer].map((folder) =>
      loadAgreement(join(folder, 'agreement.json')),
    );
    assert.equal(first?.agreement.owner.evidenceKey, second?.agreement.owner.evidenceKey);
    assert.notEqual(first?.agreement.owner.exchangeKey, second?.agreement.owner.exchangeKey);
    assert.notEqual(first?.agreement.ledger, second?.agreement.ledger);
    assert.equal(readOwnerConfig(file).machine.name, 'machine', 'every manufacturer sees it: no channel’s name');
  });

  test('a command has to be told which channel, and is told which there are', () => {
    assert.throws(() => readChannel(file), /dcmb\.json has the channels one, two\. Say which by --channel\./);
    assert.throws(() => readChannel(file, 'three'), /has no channel "three"\. Take one of one, two\./);
    assert.equal(readChannel(join(plant.manufacturer, 'dcmb.json')).channels[0].name, 'one');
  });

  test('two channels that share what must be separate are refused, with place, both names and remedy', () => {
    const text = readFileSync(file, 'utf8');
    const cases: readonly (readonly [from: string | RegExp, to: string, says: RegExp])[] = [
      ['"name": "two"', '"name": "one"', /at "channels\/1\/name": the channels "one" and "one" have the same "name"\. .*rename/],
      ['"two/agreement.json"', '"agreement.json"', /"channels\/1\/agreement": the channels "one" and "two" have the same/],
      ['"two/keys/policy.nonce"', '"keys/policy.nonce"', /"policyNonce"\. .*commitments/],
      ['"two/data/store.db"', '"data/store.db"', /the same "store"\. Give each/],
      ['"keys": { "exchange": "two/keys/exchange.pem" },', '', /the same "keys\.exchange"\. It is erased/],
      ['"pki": "two/pki",', '', /the same "pki"\. .*let in/],
      ['"port": 1004', '"port": 1002', /at "channels\/1\/cleared\/port": .*port of its own/],
    ];
    for (const [from, to, says] of cases) {
      const spoilt = join(plant.owner, 'spoilt.json');
      assert.ok(text.includes(from as string), String(from));
      writeFileSync(spoilt, text.replace(from, to));
      assert.throws(() => readOwnerConfig(spoilt), says);
    }
  });

  test('a tag that two mapping policies take differently is refused, naming both', async () => {
    for (const [tag, key] of [
      [{ minimum: 0, maximum: 91 }, 'maximum'],
      [{ type: 'Float', minimum: 0, maximum: 90 }, 'type'],
      [{ minimum: 0, maximum: 90, timestamps: { use: 'source', maxAgeMs: 1000, maxFutureMs: 1000 } }, 'timestamps'],
    ] as const) {
      await assert.rejects(make('refused', policy(tag, 'Two')), (error: Error) => {
        assert.match(
          error.message,
          new RegExp(`The tag "Heat" has another "${key}" in .*one\\.json \\(channel "one"\\) than in .*two\\.json \\(channel "two"\\)`),
        );
        return true;
      });
      assert.ok(!existsSync(join(root, 'refused')));
    }
  });

  test('a channel whose agreement is over is left out, its tags stay; with no other the start is refused', async () => {
    const config = readOwnerConfig(file);
    const later = Date.now() + 3 * DAY_MS;
    const files = await loadOwnerFiles(config, later);
    assert.deepEqual([files.channels.map(({ config: { channels } }) => channels[0].name), [...files.left.keys()]], [['one'], ['two']]);
    assert.deepEqual(
      files.tags.map(({ name }) => name),
      ['Heat'],
    );
    const [, two] = config.channels;
    const view = { ...config, ...(readChannel(file, 'two') as OwnerConfig), channels: [two!] as const };
    await assert.rejects(loadOwnerFiles(view, later), { code: 'AGREEMENT_NOT_IN_FORCE' });
  });
});

test('sixteen starts go on a few at a time, each with its own outcome in its place', async () => {
  let [running, most] = [0, 0];
  const results = await inTurns(
    Array.from({ length: 16 }, (_, index) => async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      if (index === 5) throw new Error('five');
      return index;
    }),
    2,
  );
  assert.equal(most, 2);
  assert.deepEqual(
    results.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as Error).message)),
    [0, 1, 2, 3, 4, 'five', 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  );
});

describe('what operators see of several channels', () => {
  const status = (channel: string, state: SenderStatus['state'], isReady = true): SenderStatus =>
    ({
      channel,
      state,
      stateText: '',
      isReady,
      hasFailed: false,
      reasons: isReady ? [] : ['STORE_FAULT'],
      notes: [],
    }) as unknown as SenderStatus;

  test('the module is in the state that all have, Degraded while some do otherwise, and never said to run where none does', () => {
    const of = (...states: SenderStatus['state'][]): string =>
      moduleStateOf(states.map((state, index) => status(`c${index}`, state))).state;
    assert.equal(of('Running', 'Running'), 'Running');
    assert.equal(of('Running', 'Faulted'), 'Degraded');
    assert.equal(of('Suspended', 'Stopping'), 'Degraded');
    assert.equal(of('Starting', 'Faulted'), 'Faulted');
    assert.equal(of('Starting', 'Stopping'), 'Stopping');
    assert.equal(of('Faulted'), 'Faulted');
    const { text } = moduleStateOf([status('press', 'Running'), { ...status('saw', 'Faulted'), stateText: 'The disk is full.' }]);
    assert.equal(text, 'saw is Faulted: The disk is full.');
  });

  test('a module lives and is ready as long as one channel is, and says how each is', () => {
    const both = [status('press', 'Running'), status('saw', 'Faulted', false)];
    assert.equal(readyAnswer(both).status, 200);
    const { channels } = JSON.parse(readyAnswer(both).body) as {
      channels: Record<string, { ready: boolean; reasons: object[] }>;
    };
    assert.deepEqual([channels['press']?.ready, channels['saw']?.ready, channels['saw']?.reasons.length], [true, false, 1]);
    assert.equal(readyAnswer([both[1]!, both[1]!]).status, 503);
    const failed = { ...status('saw', 'Stopping', false), hasFailed: true };
    assert.equal(liveAnswer([both[0]!, failed]).status, 200);
    assert.equal(liveAnswer([failed, failed]).status, 503);
  });

  test('each figure of a channel carries its name; those of the process carry none', async () => {
    const metrics = new ModuleMetrics('owner', ['press', 'saw'], '0.1.0');
    metrics.count({ event: 'anchored', n: 1, transaction: '', block: 1, marks: [], header: '', tokens: [], channelName: 'saw' });
    metrics.count({ event: 'warning', code: 'PLC_GAP', message: '' });
    const figures = { cpuSeconds: 1, residentBytes: 2, heapUsedBytes: 3, openFiles: undefined, eventLoopDelaySeconds: 0, startSeconds: 5 };
    const level = { level: 'normal', text: '' };
    const alarms = { cacheFill: level, unsentAge: level, receiverSilence: level, ledgerLag: level };
    const both = [status('press', 'Running'), status('saw', 'Faulted', false)].map(
      (each) => ({ ...each, role: 'owner', alarms }) as SenderStatus,
    );
    const { body } = await metrics.text(both, figures);
    for (const line of [
      'dcmb_batches_anchored_total{channel="press"} 0',
      'dcmb_batches_anchored_total{channel="saw"} 1',
      'dcmb_module_state{state="Faulted",channel="saw"} 1',
      'dcmb_ready{channel="press"} 1',
      'dcmb_ready{channel="saw"} 0',
      'dcmb_warnings_total{code="PLC_GAP"} 1',
      'dcmb_warnings_total{code="STORE_FULL",channel="saw"} 0',
      'process_resident_memory_bytes 2',
      'process_cpu_seconds_total 1',
    ])
      assert.ok(body.split('\n').includes(line), `${line}\n${body}`);
  });
});

function day(offset: number): string {
  return `${new Date(Date.now() + offset * DAY_MS).toISOString().slice(0, 19)}Z`;
}
