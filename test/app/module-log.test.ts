import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ModuleEvent } from '../../src/app/index.ts';
import { FINDINGS, WARNINGS } from '../../src/app/event-codes.ts';
import { ModuleLog } from '../../src/app/module-log.ts';
import { ModuleMetrics } from '../../src/app/module-metrics.ts';
import type { LogFields, LogLevel } from '../../src/platform/index.ts';

interface Line {
  readonly level: LogLevel;
  readonly fields: LogFields;
}

function logged(...events: ModuleEvent[]): Line[] {
  const lines: Line[] = [];
  const log = new ModuleLog({ write: (level, fields) => void lines.push({ level, fields }), close: () => undefined });
  for (const event of events) log.log(event);
  return lines;
}

/** A text with a space: no id, code or URL. */
const CANARY = 'canary 53677635';
const CONDITIONS = [{ stream: CANARY, code: 53_677_635, text: { en: CANARY, de: CANARY }, importance: 1 }];

/** One event of each kind, with the canary wherever a text, or a number of a condition, can stand. */
const EVENTS: { readonly [Kind in ModuleEvent['event']]: Extract<ModuleEvent, { event: Kind }> } = {
  started: { event: 'started', endpoints: { ingest: 'opc.tcp://localhost:4840', cleared: CANARY } },
  waiting: { event: 'waiting', for: CANARY },
  running: { event: 'running', channel: 'c'.repeat(43), interval: 7, nextGridMs: 1 },
  sealed: { event: 'sealed', n: 4, interval: 7, row: 0, readings: 2, refused: 1 },
  cleared: { event: 'cleared', n: 4, interval: 7, conditions: CONDITIONS },
  anchored: { event: 'anchored', n: 4, transaction: 't'.repeat(43), block: 9, marks: ['LATE'], header: CANARY, tokens: [CANARY] },
  delivered: { event: 'delivered', n: 4 },
  receipted: { event: 'receipted', n: 4 },
  deposited: { event: 'deposited', n: 4 },
  dropped: { event: 'dropped', what: 'readings', because: 'bytes', fromBatch: 1, toBatch: 3 },
  'cache-full': { event: 'cache-full', because: 'age', atLimit: 'stop' },
  'cache-free': { event: 'cache-free' },
  received: { event: 'received', n: 4, interval: 7, row: 0, via: 'delivery', conditions: CONDITIONS },
  acknowledged: { event: 'acknowledged', n: 4 },
  'epoch-record': { event: 'epoch-record', k: 1, step: 'committed' },
  action: { event: 'action', key: CANARY, state: 'failed', message: CANARY },
  claimed: { event: 'claimed', claim: CANARY, transaction: '' },
  link: { event: 'link', state: 'disconnected', message: CANARY },
  stranger: { event: 'stranger', application: 'ingest', name: CANARY, thumbprint: 'a'.repeat(64) },
  audited: {
    event: 'audited',
    server: 'cleared',
    service: 'Call',
    user: CANARY,
    method: 'FetchDelivery',
    status: 'Good',
    nodes: 1,
    commitment: 'c'.repeat(43),
  },
  refused: { event: 'refused', server: 'ingest', service: 'Write', status: 'BadTypeMismatch', count: 3 },
  finding: { event: 'finding', n: 4, code: 'MISSED', message: CANARY },
  erased: { event: 'erased', batches: 2 },
  failed: { event: 'failed', message: CANARY, code: 'STORE_DAMAGED' },
  'channel-failed': { event: 'channel-failed', message: CANARY, code: 'STORE_DAMAGED' },
  warning: { event: 'warning', code: 'STORE_FULL', message: CANARY },
  stopped: { event: 'stopped', sealed: 3, anchored: 2, receipted: 1 },
};

describe('the structured log', () => {
  for (const event of Object.values(EVENTS)) {
    test(`of "${event.event}" says neither free text nor conditions`, () => {
      const text = JSON.stringify(logged(event));
      assert.doesNotMatch(text, /canary|53677635/);
    });
  }

  test('no free text of any event gets in, whatever it is', () => {
    const free = fc.string({ minLength: 4 }).map((text) => `\u0001${text}`);
    fc.assert(
      fc.property(free, (text) => {
        const events: ModuleEvent[] = [
          { event: 'waiting', for: text },
          { event: 'started', endpoints: { ingest: text } },
          { event: 'anchored', n: 1, transaction: text, block: 1, marks: [text], header: text, tokens: [text] },
          { event: 'action', key: text, state: 'retry', message: text },
          { event: 'link', state: text, message: text },
          { event: 'stranger', application: text, name: text, thumbprint: text },
          { event: 'finding', n: 1, code: text, message: text },
          { event: 'warning', code: text, message: text },
          { event: 'failed', message: text, code: text },
        ];
        return !JSON.stringify(logged(...events)).includes(JSON.stringify(text).slice(1, -1));
      }),
    );
  });

  test('says what an operator needs: numbers, ids, and for a code what it means and what to do', () => {
    const [sealed] = logged(EVENTS.sealed);
    assert.deepEqual(sealed, { level: 'debug', fields: { event: 'sealed', n: 4, interval: 7, row: 0, readings: 2, refused: 1 } });
    const [finding] = logged(EVENTS.finding);
    assert.equal(finding?.level, 'warn');
    assert.deepEqual(finding.fields, {
      event: 'finding',
      n: 4,
      code: 'MISSED',
      text: FINDINGS.MISSED.means,
      remedy: FINDINGS.MISSED.remedy,
    });
    const [failed] = logged(EVENTS.failed);
    assert.deepEqual([failed?.level, failed?.fields['code']], ['error', 'STORE_DAMAGED']);
    const [warning] = logged(EVENTS.warning);
    assert.equal(warning?.fields['text'], WARNINGS.STORE_FULL.means);
  });

  test('an action that was done is not said: it tells the condition that caused it', () => {
    assert.deepEqual(logged({ event: 'action', key: 'email:4', state: 'done', message: '' }), []);
  });
});

describe('metrics', () => {
  test('no label or value comes of free text or conditions', async () => {
    for (const role of ['owner', 'manufacturer'] as const) {
      const metrics = new ModuleMetrics(role, ['press'], '0.1.0');
      for (const event of Object.values(EVENTS)) metrics.count(event);
      metrics.count({ event: 'finding', n: 1, code: CANARY, message: CANARY });
      const { body } = await metrics.text([{ ...STATUS, role }] as never, FIGURES);
      assert.doesNotMatch(body, /canary|53677635/);
      assert.match(body, /dcmb_findings_total\{code="MISSED",channel="press"\} 1/);
      assert.match(body, /dcmb_findings_total\{code="OTHER",channel="press"\} 1/);
      assert.match(body, /dcmb_refusals_total\{server="ingest",service="Write",status="BadTypeMismatch",channel="press"\} 3/);
      assert.equal(body.includes('dcmb_batches_sealed_total'), role === 'owner');
      assert.equal(body.includes('dcmb_receipts_given_total'), role === 'manufacturer');
    }
  });

  test("what has not happened yet stands at 0: Prometheus' increase() misses the first event of a series that begins with 1", async () => {
    const { body } = await new ModuleMetrics('owner', ['press'], '0.1.0').text([{ ...STATUS, role: 'owner' }] as never, FIGURES);
    for (const code of [...Object.keys(FINDINGS), 'OTHER'])
      assert.ok(body.includes(`dcmb_findings_total{code="${code}",channel="press"} 0`), code);
    assert.ok(body.includes('dcmb_warnings_total{code="STORE_FULL",channel="press"} 0'));
    assert.ok(body.includes('dcmb_batches_dropped_total{what="readings",channel="press"} 0'));
    assert.ok(!body.includes('dcmb_action_faults_total'));
  });
});

const FIGURES = { cpuSeconds: 1, residentBytes: 2, heapUsedBytes: 3, openFiles: undefined, eventLoopDelaySeconds: 0, startSeconds: 5 };
const STATUS = {
  channel: 'press',
  state: 'Running',
  isReady: true,
  alarms: Object.fromEntries(
    ['cacheFill', 'unsentAge', 'receiverSilence', 'ledgerLag'].map((name) => [name, { level: 'normal', text: '' }]),
  ),
};
