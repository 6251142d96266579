import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { SenderModule } from '../../src/app/index.ts';
import { alarmId, MODULE_STATE, operationChildId } from '../../src/nodeset/index.ts';
import { until } from '../support/until.ts';
import { encodingsOf } from './encodings.ts';
import { UaPerson } from './operator.ts';
import { heat, pieces, TestPlant, Told } from './plant.ts';

/** Values that stand nowhere else; the last one is out of the tag's range and refused. */
const SECRETS = [
  { value: 4_211_337, type: 'UInt32' },
  { value: -987_654.321, type: 'Double' },
  { value: 7_654_321.875, type: 'Double' },
] as const;

interface Page {
  readonly status: number;
  readonly body: string;
}

async function get(url: string): Promise<Page> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  return { status: response.status, body: await response.text() };
}

/** The value of a metric in the text that Prometheus scrapes. */
function metric(body: string, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const line = body
    .split('\n')
    .find((each) => each.startsWith(`${name}{`) && Object.entries(labels).every(([label, value]) => each.includes(`${label}="${value}"`)));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
}

describe("monitoring of the owner's module", () => {
  let plant: TestPlant;
  let sender: SenderModule;
  let logFile: string;
  let base: string;
  const told = new Told();

  before(async () => {
    plant = await TestPlant.create({ applications: false });
    logFile = join(plant.plant.folder, 'owner.log');
    const alarms = { receiverSilenceMs: { high: 2500, highHigh: 86_400_000 } };
    const config = plant.ownerConfig({ firstStartWaitMs: 0, alarms }, { monitoring: { port: 0 }, log: { level: 'debug', file: logFile } });
    sender = await plant.startSender(told, config);
    await until('it runs', () => told.of('running').length > 0, 60_000);
    base = (told.of('started')[0]?.endpoints['metrics'] ?? '').replace('/metrics', '');
    const plc = await plant.plc();
    const [first, second, third] = SECRETS;
    await plc.write([pieces(first.value), heat(second.value), heat(third.value)]);
    const sealed = told.of('sealed').length;
    await until('they are sealed and anchored', () => told.of('anchored').length > sealed + 1, 60_000);
    await until('the silence is told', () => sender.status().alarms.receiverSilence.level === 'high');
  });
  after(() => plant.end());

  test('the start tells where the metrics are: on a loopback address', () => {
    assert.match(base, /^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test('health: live, and ready with what lacks', async () => {
    assert.deepEqual(await get(`${base}/health/live`), { status: 200, body: '{"live":true,"reasons":[]}\n' });
    const { status, body } = await get(`${base}/health/ready`);
    const ready = JSON.parse(body) as { ready: boolean; state: string; reasons: unknown[]; notes: { reason: string; text: string }[] };
    assert.deepEqual(
      { status, ready: ready.ready, state: ready.state, reasons: ready.reasons },
      { status: 200, ready: true, state: 'Degraded', reasons: [] },
    );
    const silence = ready.notes.find(({ reason }) => reason === 'receiverSilence');
    assert.match(silence?.text ?? '', /has not called/);
  });

  test('metrics: what was sealed, refused and anchored, and how the channel is doing', async () => {
    const { status, body } = await get(`${base}/metrics`);
    assert.equal(status, 200);
    assert.equal(metric(body, 'dcmb_readings_sealed_total', { channel: 'press' }), 2);
    assert.equal(metric(body, 'dcmb_readings_refused_total'), 1);
    const anchored = metric(body, 'dcmb_batches_anchored_total') ?? 0;
    assert.ok(anchored > 0 && anchored <= told.of('anchored').length);
    assert.equal(metric(body, 'dcmb_module_state', { state: 'Degraded' }), 1);
    assert.equal(metric(body, 'dcmb_module_state', { state: 'Running' }), 0);
    assert.equal(metric(body, 'dcmb_alarm_level', { alarm: 'receiverSilence' }), 1);
    assert.equal(metric(body, 'dcmb_ready'), 1);
    assert.ok((metric(body, 'dcmb_cache_batches') ?? 0) > 0);
    assert.ok((metric(body, 'dcmb_cache_bytes') ?? 0) > 0);
    assert.ok((metric(body, 'dcmb_receiver_silence_seconds') ?? 0) > 2.5);
    assert.equal(metric(body, 'dcmb_receiver_last_seen_timestamp_seconds'), undefined, 'never seen is absent, not 0');
  });

  test('an operator sees the same by OPC UA: state, figures, and the alarm that is on', async () => {
    const operator = await UaPerson.at(plant, 'ingest', plant.plant.logins.operator);
    const alarm = alarmId('press', 'ReceiverSilenceAlarm');
    assert.equal(await operator.valueOf(operationChildId('press', 'State')), MODULE_STATE.Degraded);
    assert.ok(Number(await operator.valueOf(operationChildId('press', 'ReceiverSilence'))) > 2500);
    assert.equal(await operator.valueOf(`${alarm}-ActiveState-Id`), true);
    assert.equal(await operator.valueOf(`${alarm}-HighLimit`), 2500);
    assert.match(
      String(((await operator.valueOf(`${alarm}-Message`)) as { text: string }).text),
      /has not called for .* the limit being 2\.5 s/,
    );
    await operator.close();
  });

  test('neither values nor conditions get into metrics, health and log', async () => {
    const pages = await Promise.all(['/metrics', '/health/live', '/health/ready'].map((path) => get(base + path)));
    const seen = Buffer.from([...pages.map(({ body }) => body), readFileSync(logFile, 'utf8')].join('\n'));
    for (const secret of SECRETS) {
      for (const [name, bytes] of encodingsOf(secret.value, secret.type))
        assert.equal(seen.includes(bytes), false, `${secret.value}: ${name}`);
    }
    for (const word of ['Maintenance', 'Overheated', 'Soon', 'Well', 'Heat', 'Pieces']) assert.equal(seen.includes(word), false, word);
    assert.match(JSON.stringify(told.of('cleared')), /Maintenance: Now/, 'what the listener is told does have them');
  });

  test('the log is one JSON object a line, with time, level and event', () => {
    const lines = readFileSync(logFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const { time, level, event } of lines) {
      assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      assert.ok(['debug', 'info', 'warn', 'error'].includes(String(level)));
      assert.equal(typeof event, 'string');
    }
    const sealed = lines.filter(({ event }) => event === 'sealed');
    assert.equal(
      sealed.reduce((sum, { readings }) => sum + Number(readings), 0),
      2,
    );
  });

  test("the manufacturer's module: metrics and health of its own, and the owner's alarm is over", async () => {
    const heard = new Told();
    const receiverLog = join(plant.plant.folder, 'manufacturer.log');
    const config = plant.manufacturerConfig({}, { monitoring: { port: 0, host: '::1' }, log: { level: 'debug', file: receiverLog } });
    const receiver = await plant.startReceiver(heard, config);
    const metrics = heard.of('started')[0]?.endpoints['metrics'] ?? '';
    assert.match(metrics, /^http:\/\/\[::1\]:\d+\/metrics$/);
    const hasHeard = (): boolean => JSON.stringify(heard.of('received')).includes('Maintenance: Now');
    await until('it has caught up', () => heard.of('acknowledged').length > 3 && hasHeard(), 60_000);
    const { status, body } = await get(metrics);
    assert.equal(status, 200);
    assert.equal(metric(body, 'dcmb_link_up'), 1);
    assert.ok((metric(body, 'dcmb_batches_received_total', { via: 'delivery' }) ?? 0) > 3);
    assert.equal(metric(body, 'dcmb_cache_batches'), undefined, "the owner's figures are the owner's");
    assert.equal((await get(metrics.replace('/metrics', '/health/ready'))).status, 200);
    const seen = body + readFileSync(receiverLog, 'utf8');
    for (const word of ['Maintenance', 'Overheated', 'Now', 'Soon']) assert.equal(seen.includes(word), false, word);
    assert.match(JSON.stringify(heard.of('received')), /Maintenance: Now/, 'what the listener is told does have them');
    const owners = await get(`${base}/metrics`);
    assert.equal(metric(owners.body, 'dcmb_alarm_level', { alarm: 'receiverSilence' }), 0);
    assert.ok((metric(owners.body, 'dcmb_receiver_last_seen_timestamp_seconds') ?? 0) > Date.now() / 1000 - 30);
    await plant.stop(receiver);
    await assert.rejects(get(metrics));
    assert.match(readFileSync(receiverLog, 'utf8'), /"event":"acknowledged"/);
  });

  test('after the stop nothing listens any more', async () => {
    await plant.stop(sender, 0);
    await assert.rejects(get(`${base}/health/live`));
  });
});
