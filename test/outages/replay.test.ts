import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type PlcFile, replay, type ReplayProgress } from '../../src/app/replay.ts';
import { until } from '../support/until.ts';
import { TestPlant, Told } from '../app/plant.ts';

const ROWS = 30;

describe('a replay whose server goes away and comes back', () => {
  let plant: TestPlant;
  before(async () => {
    plant = await TestPlant.create({ applications: false });
  });
  const stopping = new AbortController();
  after(async () => {
    stopping.abort();
    await plant.end();
  });

  function start(patient: boolean, progress: { rows: number }, signal = stopping.signal): Promise<ReplayProgress> {
    const plcFolder = join(plant.plant.folder, 'plc');
    const { tags } = JSON.parse(readFileSync(join(plcFolder, 'plc.json'), 'utf8')) as PlcFile;
    const names = Object.keys(tags);
    const dataFile = join(plant.plant.folder, 'data.csv');
    writeFileSync(dataFile, [names.join(','), ...Array.from({ length: ROWS }, () => names.map(() => '1').join(','))].join('\n'));
    const onProgress = ({ rows }: ReplayProgress): void => void (progress.rows = rows);
    return replay({ dataFile, plcFolder, rate: 10, loop: false, patient, signal, onProgress });
  }

  test('stops when asked to, also where the server never answers', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined)).listen(plant.port, '127.0.0.1');
    try {
      await once(silent, 'listening');
      const [stop, connected] = [new AbortController(), once(silent, 'connection') as Promise<[Socket]>];
      const replaying = start(true, { rows: 0 }, stop.signal);
      const [socket] = await connected;
      stop.abort();
      assert.equal((await replaying).rows, 0);
      socket.destroy();
    } finally {
      silent.close();
    }
  });

  test('waits where it is patient, and goes on with the same row', async () => {
    const progress = { rows: 0 };
    const [sender] = await Promise.all([plant.startSender(new Told()), plant.startReceiver(new Told())]);
    const replaying = start(true, progress);
    await until('rows are taken', () => progress.rows >= 3);
    await plant.stop(sender);
    const seen = progress.rows;
    assert.ok(seen < ROWS);
    await plant.startSender(new Told());
    const done = await replaying;
    assert.equal(done.rows, ROWS);
    assert.deepEqual(done.refused, {}, JSON.stringify(done));
  });
});
