import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePorts } from '../support/free-ports.ts';
import { until } from '../support/until.ts';
import { dcmb, RunningCommand, temporaryFolder } from '../cli/program.ts';

test('dcmb serve --log json: nothing on standard output, one JSON object a line on standard error', async (t) => {
  const plant = join(temporaryFolder(t), 'plant');
  const port = await freePorts(3);
  assert.equal((await dcmb(['init', plant, '--interval', '1s', '--epoch', '16', '--port', `${port}`])).status, 0);
  const serve = new RunningCommand(t, ['serve', join(plant, 'owner/dcmb.json'), '--log', 'json']);
  await until('it has started', () => serve.stderr.includes('"event":"started"'), 60_000);
  assert.equal(await serve.interrupt(), 0);
  const lines = serve.stderr.trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as { event: string; level: string; ingest?: string });
  assert.equal(events[0]?.event, 'started');
  assert.match(events[0].ingest ?? '', /^opc\.tcp:\/\//);
  assert.equal(events.at(-1)?.event, 'stopped');
  assert.deepEqual(serve.told, []);
});
