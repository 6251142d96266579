import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AuditReport, type ExportParts, type FindingCode, formatReport, type Party, type Verdict } from '../../src/audit/index.ts';
import type { EmbeddedBlock } from '../../src/contract/index.ts';
import { type Json, RESERVED_CODES, toBase64Url } from '../../src/core/index.ts';
import { type BatchHeader, batchSalt, depositSize, signHeader } from '../../src/evidence/index.ts';
import { evidenceKey, testBytes, testGenesis, testSigner } from '../support/ledger-network.ts';
import { rechained, TestChain } from './chain.ts';
import { audited, type BatchPlan, honestScene, Scene } from './scene.ts';

const OTHER_HASH = toBase64Url(testBytes('something else'));

interface Expected {
  readonly n: number;
  readonly verdict: Verdict;
  readonly parties?: readonly Party[];
  readonly code: FindingCode;
  readonly party: Party;
}

/** One batch has the verdict, and a finding of the code names it and the party. */
function requireVerdict(report: AuditReport, { n, verdict, parties = [], code, party }: Expected): void {
  const all = JSON.stringify(report.findings, undefined, 1);
  const batch = report.channels[0]?.batches.find((candidate) => candidate.n === n);
  assert.ok(batch !== undefined, all);
  assert.equal(batch.verdict, verdict, all);
  assert.deepEqual(batch.parties, parties, all);
  assert.ok(
    report.findings.some((found) => found.n === n && found.code === code && found.party === party && found.message.length > 20),
    all,
  );
  assert.equal(report.passed, false);
  assert.ok(
    formatReport(report).some((line) => line.includes(code)),
    'the text names it',
  );
}

/** An honest owner's batches with one that is not. */
async function sceneWith(plan: Partial<BatchPlan>, interval = 1): Promise<Scene> {
  const scene = await Scene.open();
  for (const at of [0, 1, 2]) await scene.batch(at === interval ? { interval: at, ...plan } : { interval: at });
  return scene;
}

describe('what a party or an exporter does wrong is found, with the verdict and the party', () => {
  const table: readonly (readonly [string, Partial<BatchPlan>, Omit<Expected, 'n'> & { n?: number }])[] = [
    [
      'a header that does not name its predecessor',
      { header: { prev: OTHER_HASH } },
      { verdict: 'DISPUTED', parties: ['owner'], code: 'BROKEN_CHAIN', party: 'owner' },
    ],
    [
      'a header under another mapping policy',
      { header: { policy: OTHER_HASH } },
      { verdict: 'DISPUTED', parties: ['owner'], code: 'OUTSIDE_AGREEMENT', party: 'owner' },
    ],
    [
      'a header that names another module than the key log',
      { header: { module: OTHER_HASH } },
      { verdict: 'DISPUTED', parties: ['owner'], code: 'BAD_HEADER', party: 'owner' },
    ],
    [
      'a header that names a block that never was',
      { header: { lastBlock: { number: 3, hash: OTHER_HASH } } },
      { verdict: 'DISPUTED', parties: ['ledger'], code: 'BLOCK_CONTRADICTED', party: 'ledger' },
    ],
    ['a late anchor', { anchoredAfterMs: 600 }, { verdict: 'LATE', parties: ['owner'], code: 'LATE', party: 'owner' }],
    [
      'tokens of other conditions than the records',
      { codes: [0, 1], tokenCodes: [0, 2] },
      { verdict: 'DISPUTED', parties: ['owner'], code: 'WRONG_TOKEN', party: 'owner' },
    ],
    [
      'an H of other conditions than the records',
      { codes: [0, 1], hashCodes: [0, 2] },
      { verdict: 'DISPUTED', parties: ['owner'], code: 'WRONG_H', party: 'owner' },
    ],
    [
      'a root of another tree than the one delivered',
      { header: { root: OTHER_HASH } },
      { verdict: 'DISPUTED', parties: ['owner'], code: 'BAD_OPENING', party: 'owner' },
    ],
    [
      'a delivery signed for another header',
      { delivery: { header: OTHER_HASH } },
      { verdict: 'DISPUTED', parties: ['owner'], code: 'BAD_DELIVERY', party: 'owner' },
    ],
    [
      'a delivery to somebody else',
      { delivery: { recipient: OTHER_HASH } },
      { verdict: 'DISPUTED', parties: ['owner'], code: 'BAD_DELIVERY', party: 'owner' },
    ],
    [
      'a delivery with more raw tags than agreed',
      { delivery: { raw: [OTHER_HASH, OTHER_HASH] } },
      { verdict: 'DISPUTED', parties: ['owner'], code: 'BAD_DELIVERY', party: 'owner' },
    ],
    [
      'an opening that is not the delivered one',
      { delivery: { conditions: OTHER_HASH } },
      { verdict: 'UNVERIFIABLE', code: 'BAD_OPENING', party: 'exporter' },
    ],
    ['a receipt by somebody else', { receiptSigner: testSigner('forger') }, { verdict: 'UNACKED', code: 'BAD_RECEIPT', party: 'exporter' }],
    ['a receipt of another batch', { receipt: { n: 7 } }, { verdict: 'UNACKED', code: 'BAD_RECEIPT', party: 'exporter' }],
    ['a withheld receipt', { acknowledged: 'not' }, { verdict: 'UNACKED', code: 'RECEIPT_MISSING', party: 'undecided' }],
    [
      'two headers under one number, shown to ledger and receiver',
      { forkedTo: { h: OTHER_HASH } },
      { verdict: 'DISPUTED', parties: ['undecided'], code: 'BAD_RECEIPT', party: 'undecided' },
    ],
    [
      'a receipt for another delivery',
      { receipt: { delivery: OTHER_HASH } },
      { verdict: 'DISPUTED', parties: ['undecided'], code: 'BAD_RECEIPT', party: 'undecided' },
    ],
    [
      'a receipt by who has seen a block that is not there',
      { receipt: { lastBlock: { number: 99, hash: OTHER_HASH } } },
      { verdict: 'UNVERIFIABLE', code: 'BLOCK_NOT_SEEN', party: 'exporter' },
    ],
    [
      'a condition in a batch that was called for',
      { row: 1, codes: [1, RESERVED_CODES.NONE] },
      { verdict: 'DISPUTED', parties: ['owner'], code: 'BAD_RECORDS', party: 'owner' },
    ],
    ['a delivered batch that is never anchored', { neverAnchored: true }, { verdict: 'MISSING', code: 'NUMBER_MISSING', party: 'owner' }],
  ];
  for (const [what, plan, expected] of table) {
    test(what, async () => {
      const scene = await sceneWith(plan);
      requireVerdict(await audited(scene.parts()), { n: 1, ...expected });
    });
  }

  test('a skipped number is MISSING, and what follows it cannot be verified', async () => {
    const report = await audited((await sceneWith({ number: 2 })).parts());
    requireVerdict(report, { n: 1, verdict: 'MISSING', code: 'NUMBER_MISSING', party: 'owner' });
    requireVerdict(report, { n: 2, verdict: 'UNVERIFIABLE', code: 'BROKEN_CHAIN', party: 'owner' });
  });

  test('a number far ahead is one finding, not a list of millions', async () => {
    const report = await audited((await sceneWith({ number: 1e12 })).parts());
    assert.ok(report.findings.some(({ code, object }) => code === 'NUMBER_MISSING' && object === `batches 1 to ${1e12 - 1}`));
    assert.equal(report.channels[0]?.batches.length, 3);
  });

  test('a skipped interval breaks the chain', async () => {
    const scene = await Scene.open();
    await scene.batches({ interval: 0 }, { interval: 2 });
    requireVerdict(await audited(scene.parts()), { n: 1, verdict: 'DISPUTED', parties: ['owner'], code: 'BROKEN_CHAIN', party: 'owner' });
  });

  test('several intervals under one batch that does not say MISSED', async () => {
    const scene = await Scene.open();
    await scene.batches({ interval: 0, through: 2, codes: [1, 1] });
    requireVerdict(await audited(scene.parts()), { n: 0, verdict: 'DISPUTED', parties: ['owner'], code: 'BAD_RECORDS', party: 'owner' });
  });
});

describe('an anchor before the end of what it covers', () => {
  const anchoredBefore = async (earlyMs: number, intervalMs = 1000) => {
    const scene = await Scene.open({ params: { intervalMs, callsPerInterval: 0, callGridMs: intervalMs } });
    await scene.batch({ interval: 0, anchoredAfterMs: -earlyMs });
    return audited(scene.parts());
  };

  test('is a finding beyond the tolerance, which is a second or the interval, whichever is less', async () => {
    for (const [earlyMs, intervalMs] of [
      [1001, 2000],
      [501, 500],
    ] as const) {
      const report = await anchoredBefore(earlyMs, intervalMs);
      requireVerdict(report, { n: 0, verdict: 'DISPUTED', parties: ['undecided'], code: 'BLOCK_TIME', party: 'undecided' });
    }
  });

  test('is none within it, for two clocks never agree', async () => {
    assert.equal((await anchoredBefore(1000, 2000)).passed, true);
  });
});

describe('what stands beside a verdict', () => {
  test('NO_TOKENS stays with a PROVEN batch, and does not count as PROVEN', async () => {
    const scene = await Scene.open({ sets: [] });
    await scene.batches({ interval: 0, bare: true });
    const report = await audited(scene.parts());
    assert.deepEqual(report.counts, { 'PROVEN NO_TOKENS': 1 });
    assert.equal(report.passed, false);
    assert.deepEqual(report.channels[0]?.batches[0]?.marks, ['NO_TOKENS']);
  });

  test('a dispute does not hide a missing set or lateness', async () => {
    const scene = await Scene.open({ sets: [] });
    await scene.batches({ interval: 0, bare: true, hashCodes: [0, 0], anchoredAfterMs: 600 });
    assert.deepEqual((await audited(scene.parts())).counts, { 'DISPUTED LATE NO_TOKENS': 1 });
  });

  test('overdue on the ledger makes a later anchor LATE, and an interval that never comes is a finding', async () => {
    const scene = await Scene.open();
    await scene.batch({ interval: 0 });
    const dueMs = scene.params.originMs + 2000 + scene.params.anchorWithinMs;
    await scene.chain.commit('manufacturer', 'overdue', { channel: scene.channel, interval: 1 }, dueMs);
    await scene.batch({ interval: 1, anchoredAfterMs: 700 });
    await scene.chain.commit('manufacturer', 'overdue', { channel: scene.channel, interval: 2 }, dueMs + 1000);
    const report = await audited(scene.parts());
    requireVerdict(report, { n: 1, verdict: 'LATE', parties: ['owner'], code: 'LATE', party: 'owner' });
    assert.ok(
      report.findings.some(({ code, object, party }) => code === 'INTERVAL_MISSING' && object === 'interval 2' && party === 'owner'),
    );
  });

  test('every batch says what vouches for it and which kind of ledger it stands on', async () => {
    const report = await audited((await sceneWith({})).parts());
    assert.ok(report.channels[0]?.batches.every(({ vouchedBy, ledger }) => vouchedBy === 'claimed' && ledger === 'embedded test network'));
  });
});

describe('deposits and disputes on the ledger', () => {
  test('a deposit that does not open to the delivery is junk, and the owner answers for it', async () => {
    const scene = await Scene.open();
    await scene.batches({ interval: 0 }, { interval: 1, acknowledged: 'not' }, { interval: 2 }, { interval: 3 }, { interval: 4 });
    const box = toBase64Url(new Uint8Array(depositSize(scene.params)));
    await scene.chain.commit('owner', 'deposit', { channel: scene.channel, n: 1, box }, scene.params.originMs + 6000);
    requireVerdict(await audited(scene.parts()), { n: 1, verdict: 'DISPUTED', parties: ['owner'], code: 'BAD_DEPOSIT', party: 'owner' });
  });

  const deposited = (plan: Partial<BatchPlan>) => {
    const later = [2, 3, 4, 5].map((interval) => ({ interval }));
    return [{ interval: 0 }, { interval: 1, acknowledged: 'deposit' as const, ...plan }, ...later];
  };

  test('a deposit under a key that the owner made up acknowledges nothing', async () => {
    const scene = await Scene.open();
    await scene.batches(...deposited({ madeUpKey: true }));
    const report = await audited(scene.parts());
    requireVerdict(report, { n: 1, verdict: 'UNVERIFIABLE', code: 'BATCH_KEY_UNPROVEN', party: 'exporter' });
    assert.deepEqual(report.channels[0]?.batches[1]?.lacking, ['proof of the batch key']);
  });

  test("nor does the owner's own proof help a made-up key", async () => {
    const scene = await Scene.open();
    await scene.batches(...deposited({ madeUpKey: true }));
    const whole = scene.parts();
    const [channel] = whole.channels;
    const batches = channel!.batches.map((batch) =>
      batch.n === 1 ? { ...batch, batchKeyProof: channel!.batches[0]!.batchKeyProof } : batch,
    );
    const report = await audited({ ...whole, channels: [{ ...channel!, batches }] });
    requireVerdict(report, { n: 1, verdict: 'UNVERIFIABLE', code: 'WRONG_BATCH_KEY', party: 'exporter' });
  });

  test('a deposit cannot be checked where the export does not open its key', async () => {
    const whole = (await honestScene()).parts();
    const [channel] = whole.channels;
    const batches = channel!.batches.map((batch) => (batch.n === 5 ? { ...batch, delivery: [], conditions: [] } : batch));
    requireVerdict(await audited({ ...whole, channels: [{ ...channel!, batches }] }), {
      n: 5,
      verdict: 'UNVERIFIABLE',
      code: 'BAD_DEPOSIT',
      party: 'undecided',
    });
  });

  test('a fork that the manufacturer has proven on the ledger', async () => {
    const scene = await sceneWith({});
    const header = scene.headers[1]!;
    const forged: BatchHeader = { ...header, h: OTHER_HASH };
    const [one, other] = [await signHeader(header, evidenceKey('owner')), await signHeader(forged, evidenceKey('owner'))];
    await scene.chain.commit('manufacturer', 'dispute', { kind: 'fork', header: one, other }, scene.params.originMs + 6000);
    requireVerdict(await audited(scene.parts()), { n: 1, verdict: 'DISPUTED', parties: ['owner'], code: 'DISPUTED', party: 'owner' });
  });

  test('a proven fork of a number that is not anchored', async () => {
    const scene = await sceneWith({});
    const header: BatchHeader = { ...scene.headers[1]!, n: 9, salt: toBase64Url(batchSalt(scene.channel, 9)) };
    const [one, other] = [
      await signHeader(header, evidenceKey('owner')),
      await signHeader({ ...header, h: OTHER_HASH }, evidenceKey('owner')),
    ];
    await scene.chain.commit('manufacturer', 'dispute', { kind: 'fork', header: one, other }, scene.params.originMs + 6000);
    const report = await audited(scene.parts());
    assert.deepEqual(
      report.findings.map(({ code, n, party }) => [code, n, party]),
      [['DISPUTED', 9, 'owner']],
    );
  });
});

describe('seeds and epochs', () => {
  test('an epoch without a seed commitment cannot be verified', async () => {
    const scene = await Scene.open({ seeds: [] });
    await scene.batch({ interval: 0 });
    const report = await audited(scene.parts());
    assert.deepEqual(report.counts, { UNVERIFIABLE: 1 });
    assert.ok(report.findings.some(({ code, party }) => code === 'SEEDS_NOT_COMMITTED' && party === 'owner'));
  });

  test('nor can one whose seeds were committed to after its first batch', async () => {
    const scene = await Scene.open({ seeds: [] });
    await scene.batch({ interval: 0 });
    await scene.commitSeeds(0, scene.params.originMs + 1500);
    await scene.batch({ interval: 1 });
    const report = await audited(scene.parts());
    assert.deepEqual(report.counts, { UNVERIFIABLE: 1, PROVEN: 1 });
  });

  test('a rolling digest that is not that of the deliveries acknowledges nothing', async () => {
    const scene = await Scene.open();
    await scene.batch({ interval: 0, acknowledged: 'in the epoch record' });
    await scene.close({ digest: OTHER_HASH });
    const report = await audited(scene.parts());
    assert.deepEqual(report.counts, { UNACKED: 1 });
    assert.ok(report.findings.some(({ code, party }) => code === 'BAD_EPOCH_RECORD' && party === 'undecided'));
  });

  test('a batch that both signed as disputed is DISPUTED', async () => {
    const scene = await Scene.open();
    await scene.batch({ interval: 0, acknowledged: 'not' });
    await scene.close({ exceptions: [{ n: 0, reason: 'disputed' }] });
    requireVerdict(await audited(scene.parts()), {
      n: 0,
      verdict: 'DISPUTED',
      parties: ['undecided'],
      code: 'DISPUTED',
      party: 'undecided',
    });
  });
});

describe('the ledger', () => {
  const parts = async () => (await honestScene()).parts();
  const withBlocks = (whole: ExportParts, change: (blocks: readonly Json[]) => readonly Json[]): ExportParts => ({
    ...whole,
    blocks: change(whole.blocks),
  });

  test('another one than the auditor expects is a finding', async () => {
    const report = await audited(await parts(), { expectedLedgerId: OTHER_HASH });
    assert.deepEqual(
      report.findings.map(({ code, party }) => [code, party]),
      [['FOREIGN_LEDGER', 'exporter']],
    );
    assert.equal(report.passed, false);
  });

  test('a channel of another ledger is not on this one', async () => {
    const other = new TestChain({ name: 'Another network' });
    assert.notEqual(testGenesis().name, other.genesis.name);
    const report = await audited({ ...(await parts()), blocks: other.blocks });
    assert.deepEqual(
      report.findings.map(({ code }) => code),
      ['AGREEMENT_NOT_COMMITTED', 'NO_BATCH'],
    );
  });

  test('a missing block breaks the chain; what came before it is judged, the rest is UNVERIFIABLE', async () => {
    const report = await audited(withBlocks(await parts(), (blocks) => blocks.filter((_, number) => number !== 12)));
    assert.ok(report.findings.some(({ code, object, party }) => code === 'BAD_LEDGER' && object === 'block 12' && party === 'exporter'));
    assert.equal(report.ledger?.lastBlock.number, 11);
    assert.ok((report.counts['UNVERIFIABLE'] ?? 0) > 0 && report.counts['MISSING'] === undefined);
  });

  test('a block left out with the chain mended does not replay', async () => {
    const report = await audited(withBlocks(await parts(), (blocks) => rechained(blocks.filter((_, number) => number !== 3))));
    assert.ok(report.findings.some(({ code }) => code === 'BAD_LEDGER'));
  });

  test('a late anchor dated back, with the chain mended, contradicts who has seen the block', async () => {
    const scene = await sceneWith({ anchoredAfterMs: 900 });
    requireVerdict(await audited(scene.parts()), { n: 1, verdict: 'LATE', parties: ['owner'], code: 'LATE', party: 'owner' });
    const dated = rechained(
      (scene.parts().blocks as unknown as EmbeddedBlock[]).map((block) =>
        block.timeMs % 1000 === 900 ? { ...block, timeMs: block.timeMs - 800 } : block,
      ),
    );
    const report = await audited(withBlocks(scene.parts(), () => dated));
    requireVerdict(report, { n: 1, verdict: 'DISPUTED', parties: ['ledger'], code: 'BLOCK_CONTRADICTED', party: 'ledger' });
  });

  test('a tail cut off is found as far as a receipt or a delivery in the export reaches beyond it', async () => {
    const report = await audited(withBlocks(await parts(), (blocks) => blocks.slice(0, -2)));
    requireVerdict(report, { n: 11, verdict: 'MISSING', code: 'NUMBER_MISSING', party: 'undecided' });
    requireVerdict(report, { n: 10, verdict: 'MISSING', code: 'NUMBER_MISSING', party: 'undecided' });
  });

  test('a tail cut off with everything about it passes, covers less and says how far; a block known from elsewhere shows it', async () => {
    const whole = await parts();
    const last = (await honestScene()).chain.last;
    const [channel] = whole.channels;
    const cut = { blocks: whole.blocks.slice(0, -1), channels: [{ ...channel!, batches: channel!.batches.slice(0, -1) }] };
    const report = await audited(cut);
    assert.equal(report.passed, true);
    assert.equal(report.ledger?.lastBlock.number, last.number - 1);
    assert.ok(formatReport(report).some((line) => line.includes(`covered up to block ${last.number - 1} of 2026-01-01T00:00:10`)));
    const known = await audited(cut, { knownBlock: last });
    assert.deepEqual(
      known.findings.map(({ code, party }) => [code, party]),
      [['BLOCK_NOT_SEEN', 'exporter']],
    );
  });

  test('a known block that fits is no finding, another one of its number is', async () => {
    const { number, hash } = (await honestScene()).chain.last;
    assert.equal((await audited(await parts(), { knownBlock: { number, hash } })).passed, true);
    const report = await audited(await parts(), { knownBlock: { number, hash: OTHER_HASH } });
    assert.deepEqual(
      report.findings.map(({ code }) => code),
      ['BLOCK_CONTRADICTED'],
    );
  });

  test('a genesis that cannot be read leaves nothing to judge', async () => {
    const report = await audited(withBlocks(await parts(), (blocks) => [{ v: 0 }, ...blocks.slice(1)]));
    assert.equal(report.ledger, undefined);
    assert.deepEqual(
      report.findings.map(({ code, object }) => [code, object]),
      [['BAD_LEDGER', 'block 0']],
    );
    assert.ok(formatReport(report).some((line) => line.startsWith('Ledger: not readable')));
  });
});

describe('objects that belong to nothing', () => {
  test('an export without channels, or without batches, proves nothing', async () => {
    const whole = (await honestScene()).parts();
    assert.deepEqual(
      (await audited({ ...whole, channels: [] })).findings.map(({ code }) => code),
      ['NO_CHANNEL', 'NO_BATCH'],
    );
    const fresh = await Scene.open();
    assert.deepEqual(
      (await audited(fresh.parts())).findings.map(({ code }) => code),
      ['NO_BATCH'],
    );
  });

  test('a channel twice, a batch twice, an agreement with another nonce', async () => {
    const whole = (await honestScene()).parts();
    const [channel] = whole.channels;
    const codes = async (channels: ExportParts['channels']) => (await audited({ ...whole, channels })).findings.map(({ code }) => code);
    assert.deepEqual(await codes([channel!, channel!]), ['CHANNEL_TWICE']);
    assert.deepEqual(await codes([{ ...channel!, batches: [channel!.batches[0]!, ...channel!.batches] }]), ['ENTRY_OUT_OF_ORDER']);
    assert.deepEqual(await codes([{ ...channel!, nonce: OTHER_HASH }]), ['AGREEMENT_NOT_COMMITTED', 'NO_BATCH']);
  });

  test("another batch's delivery, opening or receipt", async () => {
    const whole = (await honestScene()).parts();
    const [channel] = whole.channels;
    const [first, , third] = channel!.batches;
    for (const [part, code, verdict] of [
      ['delivery', 'BAD_DELIVERY', 'UNVERIFIABLE'],
      ['conditions', 'BAD_OPENING', 'UNVERIFIABLE'],
      ['batchKeyProof', 'WRONG_BATCH_KEY', 'UNVERIFIABLE'],
    ] as const) {
      const batches = [{ ...first!, [part]: third![part] }, ...channel!.batches.slice(1)];
      requireVerdict(await audited({ ...whole, channels: [{ ...channel!, batches }] }), { n: 0, verdict, code, party: 'exporter' });
    }
  });

  test('a batch whose delivery is no longer there is UNVERIFIABLE, and says what is lacking', async () => {
    const whole = (await sceneWith({})).parts();
    const [channel] = whole.channels;
    const batches = channel!.batches.map((batch) => (batch.n === 1 ? { ...batch, delivery: [], conditions: [] } : batch));
    const report = await audited({ ...whole, channels: [{ ...channel!, batches }] });
    requireVerdict(report, { n: 1, verdict: 'UNVERIFIABLE', code: 'DELIVERY_MISSING', party: 'exporter' });
    assert.deepEqual(report.channels[0]?.batches[1]?.lacking, ['delivery']);
  });

  test("the key that signs decides, not the name: a delivery signed by the manufacturer is not the owner's", async () => {
    const scene = await sceneWith({ receiptSigner: evidenceKey('owner') });
    requireVerdict(await audited(scene.parts()), { n: 1, verdict: 'UNACKED', code: 'BAD_RECEIPT', party: 'exporter' });
  });
});
