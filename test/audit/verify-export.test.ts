import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type AuditReport, formatReport } from '../../src/audit/index.ts';
import { RESERVED_CODES } from '../../src/core/index.ts';
import { audited, honestScene, Scene } from './scene.ts';

describe('an honest export of two epochs and a bit', () => {
  let report: AuditReport;
  let scene: Scene;
  let ledgerId = '';
  before(async () => {
    scene = await honestScene();
    ledgerId = scene.chain.ledgerId;
    report = await audited(scene.parts(), { expectedLedgerId: ledgerId, knownBlock: scene.chain.last });
  });

  test('is PROVEN throughout, with nothing found', () => {
    assert.deepEqual(report.findings, []);
    assert.deepEqual(report.counts, { PROVEN: 12 });
    assert.equal(report.passed, true);
  });

  test('knows receipts from file and ledger, epoch records and deposits', () => {
    const ways = report.channels[0]?.batches.map(({ acknowledgedBy }) => acknowledgedBy);
    const expected = Array<string>(12).fill('receipt');
    expected[3] = expected[6] = 'epoch record';
    expected[5] = 'deposit';
    assert.deepEqual(ways, expected);
  });

  test('counts the conditions by stream and code from the opened records, calls left out', () => {
    const counted = report.channels[0]?.conditions.map(({ stream, name, codes }) => ({ stream, name, codes }));
    assert.deepEqual(report.channels[0]?.conditions[1]?.texts, {
      '0': 'Condition 0',
      '1': 'Condition 1',
      '2': 'Condition 2',
      [RESERVED_CODES.NONE]: 'No statement',
      [RESERVED_CODES.MISSED]: 'Module was down',
    });
    assert.deepEqual(counted, [
      { stream: 0, name: 'Stream0', codes: { '0': 3, '1': 3, '2': 3, [RESERVED_CODES.MISSED]: 1 } },
      { stream: 1, name: 'Stream1', codes: { '0': 4, '1': 2, '2': 2, [RESERVED_CODES.NONE]: 1, [RESERVED_CODES.MISSED]: 1 } },
    ]);
  });

  test('says how often each check was made', () => {
    assert.deepEqual(report.checks, {
      blocks: 24,
      transactions: 23,
      blockReferences: 22,
      agreements: 1,
      headers: 12,
      deadlines: 12,
      deliveries: 12,
      openings: 12,
      tokens: 20,
      fillers: 2,
      hashes: 12,
      batchKeys: 12,
      receipts: 9,
      deposits: 1,
      epochRecords: 3,
      seeds: 3,
    });
  });

  test('tells where the gaps are that the owner itself recorded', () => {
    const gaps = report.channels[0]?.gaps ?? [];
    assert.deepEqual(
      gaps.map(({ reason }) => reason),
      report.channels[0]?.batches.filter(({ interval, through }) => interval !== through).map(() => 'missed'),
    );
    assert.ok(gaps.length > 0 && gaps.every(({ interval, through, fromMs, toMs }) => through > interval && toMs > fromMs));
  });

  test('says whether the ledger id was compared with one that the auditor knows', async () => {
    const told = (lines: string[]): boolean => lines.some((line) => line.includes('The ledger id was compared with nothing'));
    const without = await audited(scene.parts());
    const compared = await audited(scene.parts(), { expectedLedgerId: ledgerId });
    assert.deepEqual([without.ledger?.idExpected, told(formatReport(without))], [false, true]);
    assert.deepEqual([compared.ledger?.idExpected, told(formatReport(compared))], [true, false]);
  });

  test('says how far it reaches and who has signed to have seen how much of the ledger', () => {
    assert.equal(report.ledger?.id, ledgerId);
    assert.equal(report.ledger?.lastBlock.number, 23);
    assert.equal(report.ledger?.seenByOwner, 22);
    assert.equal(report.ledger?.seenByManufacturer, 23);
    const originMs = Date.UTC(2026, 0, 1);
    assert.deepEqual(report.channels[0]?.covered, { fromMs: originMs, toMs: originMs + 11_000 });
  });

  test('reads plainly: what was checked, what was found, what is not shown by it', () => {
    const lines = formatReport(report);
    for (const words of [
      'covered up to block 23 of 2026-01-01T00:00:11.020Z',
      'from The owner to The manufacturer: Maintenance',
      'conditions of "Stream0": -3 "Module was down" × 1, 0 "Condition 0" × 3',
      '12  PROVEN',
      'Findings: none.',
      'Consistent is not true',
      'test network',
      'Result: PROVEN, nothing found.',
    ]) {
      assert.ok(
        lines.some((line) => line.includes(words)),
        words,
      );
    }
  });
});

describe('channels of other forms', () => {
  for (const [what, params] of [
    ['one stream, no calls', { streams: 1, callsPerInterval: 0, callGridMs: 1000 }],
    ['several publications an interval', { publications: 4, conditionDepth: 4 }],
    ['the stronger Argon2 profile', { argon2Profile: 1 }],
  ] as const) {
    test(`PROVEN with ${what}`, async () => {
      const scene = await Scene.open({ params });
      await scene.batches({ interval: 0 }, { interval: 1 });
      assert.deepEqual((await audited(scene.parts())).counts, { PROVEN: 2 });
    });
  }

  test('an export written by the manufacturer, without proofs of the batch keys, proves all that it receipted, and says that it checked none', async () => {
    const parts = (await honestScene()).parts();
    const channels = parts.channels.map((channel) => ({
      ...channel,
      batches: channel.batches.map((batch) => ({ ...batch, batchKeyProof: [] })),
    }));
    const report = await audited({ ...parts, channels });
    const deposited = report.channels[0]?.batches.filter(({ acknowledgedBy }) => acknowledgedBy === 'deposit') ?? [];
    assert.deepEqual(
      report.findings.map(({ code, n }) => [code, n]),
      deposited.map(({ n }) => ['BATCH_KEY_UNPROVEN', n]),
    );
    assert.deepEqual(report.counts, { PROVEN: 11, UNVERIFIABLE: 1 });
    assert.equal(report.checks.batchKeys, undefined);
  });

  test('channels that the export does not open are counted', async () => {
    const parts = (await honestScene()).parts();
    assert.equal((await audited({ ...parts, channels: [] })).ledger?.otherChannels, 1);
  });

  test('many findings and batches are cut short in the text, not in the report', async () => {
    const scene = await Scene.open({ seeds: [], params: { callsPerInterval: 0, callGridMs: 1000, epochIntervals: 64 }, sets: [0] });
    for (let interval = 0; interval < 55; interval++) await scene.batch({ interval, acknowledged: 'not' });
    const report = await audited(scene.parts());
    assert.deepEqual(report.counts, { UNVERIFIABLE: 55 });
    assert.equal(report.findings.length, 56);
    const lines = formatReport(report);
    assert.ok(lines.includes('  … and 5 more') && lines.includes('  … and 6 more'));
  });
});
