import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuditReport } from '../../src/audit/index.ts';
import { RESERVED_CODES } from '../../src/core/index.ts';
import { audited, type BatchPlan, Scene } from './scene.ts';

const MISSED = [RESERVED_CODES.MISSED, RESERVED_CODES.MISSED];

/** Verdict and parties of each batch. */
function verdicts({ channels: [channel] }: AuditReport): string[] {
  return channel?.batches.map(({ label, parties }) => [label, ...parties].join(' ')) ?? [];
}

function found({ findings }: AuditReport): string[] {
  return findings.map(({ code, object, party }) => `${code} ${object} ${party}`);
}

describe('the deadline of a receipt', () => {
  const params = { receiptWithinMs: 1500 };

  test('is missed by a receipt that names a block beyond it; who delayed it does not show', async () => {
    const scene = await Scene.open({ params });
    await scene.batches({ interval: 0, acknowledged: 'not' }, { interval: 1 }, { interval: 2 });
    await scene.receiptNow(0);
    const report = await audited(scene.parts());
    assert.deepEqual(verdicts(report), ['LATE undecided', 'PROVEN', 'PROVEN']);
    assert.deepEqual(found(report), ['LATE batch 0, receipt undecided']);
  });

  test('is kept by a receipt that names an earlier block', async () => {
    const scene = await Scene.open({ params });
    await scene.batches({ interval: 0, acknowledged: 'not' }, { interval: 1 });
    await scene.receiptNow(0);
    assert.equal((await audited(scene.parts())).passed, true);
  });

  const deposited: BatchPlan = { interval: 0, acknowledged: 'deposit' };
  const later = (count: number) => Array.from({ length: count }, (_, at) => ({ interval: at + 1 }));

  test('is missed by a manufacturer that does not answer a deposit', async () => {
    const scene = await Scene.open({ params });
    await scene.batches(deposited, ...later(3));
    assert.deepEqual(verdicts(await audited(scene.parts()))[0], 'PROVEN');
    await scene.batches({ interval: 4 }, { interval: 5 });
    const report = await audited(scene.parts());
    assert.equal(verdicts(report)[0], 'LATE manufacturer');
    assert.deepEqual(found(report), ['LATE batch 0, receipt manufacturer']);
  });

  test('is missed by a manufacturer that answers a deposit too late, and by nobody known before that', async () => {
    for (const [batches, party] of [
      [4, 'undecided'],
      [6, 'manufacturer'],
    ] as const) {
      const scene = await Scene.open({ params });
      await scene.batches(deposited, ...later(batches));
      await scene.receiptNow(0);
      assert.equal(verdicts(await audited(scene.parts()))[0], `LATE ${party}`);
    }
  });

  test('is nobody’s where the deposit came after the dispute window, when the key of the epoch may be erased', async () => {
    for (const [depositAfter, verdict] of [
      [8, 'LATE manufacturer'],
      [20, 'PROVEN'],
    ] as const) {
      const scene = await Scene.open({ params: { ...params, depositAfter }, sets: [0, 1, 2, 3, 4, 5, 6] });
      await scene.batches(deposited, ...later(depositAfter + 3));
      assert.equal(verdicts(await audited(scene.parts()))[0], verdict);
    }
  });
});

describe('a proposal of an epoch record that the owner shows on the ledger', () => {
  const shown = async () => {
    const scene = await Scene.open({ params: { receiptWithinMs: 1500 } });
    await scene.batch({ interval: 0 });
    const { originMs } = scene.params;
    const proposal = await scene.propose({ opens: scene.opens(3) }, originMs + 1100);
    return { scene, proposal, originMs };
  };

  test('is the manufacturer’s to answer in time', async () => {
    const { scene } = await shown();
    await scene.batch({ interval: 1 });
    assert.equal((await audited(scene.parts())).passed, true);
    await scene.batches({ interval: 2 }, { interval: 3 });
    const report = await audited(scene.parts());
    assert.deepEqual(found(report), ['LATE epoch record 1, proposal manufacturer']);
    assert.deepEqual(verdicts(report), ['PROVEN', 'PROVEN', 'PROVEN', 'PROVEN']);
  });

  test('is answered by the record, or, convicting nobody, by an objection', async () => {
    const signed = await shown();
    await signed.scene.record({ opens: signed.scene.opens(3) }, signed.originMs + 1200);
    await signed.scene.batches({ interval: 1 }, { interval: 2 }, { interval: 3 });
    assert.equal((await audited(signed.scene.parts())).passed, true);

    const { scene, proposal, originMs } = await shown();
    await scene.chain.commit('manufacturer', 'epochObjection', { channel: scene.channel, k: 1, proposal }, originMs + 1200);
    await scene.batches({ interval: 1 }, { interval: 2 }, { interval: 3 });
    assert.deepEqual(found(await audited(scene.parts())), ['PROPOSAL_OBJECTED epoch record 1, proposal undecided']);
  });

  test('that is signed after the deadline was late all the same', async () => {
    const { scene, originMs } = await shown();
    await scene.record({ opens: scene.opens(3) }, originMs + 2700);
    await scene.batches({ interval: 1, anchoredAfterMs: 800 });
    assert.ok(found(await audited(scene.parts())).includes('LATE epoch record 1, proposal manufacturer'));
  });
});

describe('an interval that is called overdue', () => {
  const overdue = async (scene: Scene, interval: number, by: 'owner' | 'manufacturer', afterMs: number): Promise<void> => {
    const { originMs, intervalMs } = scene.params;
    await scene.chain.commit(by, 'overdue', { channel: scene.channel, interval }, originMs + (interval + 1) * intervalMs + afterMs);
  };

  test('does not make a batch LATE that its block shows to be in time', async () => {
    const scene = await Scene.open({ params: { anchorWithinMs: 500 } });
    await scene.batch({ interval: 0 });
    // Its sender's clock runs ahead of the ledger's, as far as the ledger lets it.
    const { originMs } = scene.params;
    await scene.chain.commit('manufacturer', 'overdue', { channel: scene.channel, interval: 1 }, originMs + 2500, originMs + 2005);
    await scene.batch({ interval: 1 });
    const report = await audited(scene.parts());
    assert.deepEqual(verdicts(report), ['PROVEN', 'PROVEN']);
    assert.deepEqual(found(report), ['FALSE_OVERDUE interval 1 manufacturer']);
  });

  test('outside the time of the agreement falls back on who called it', async () => {
    const scene = await Scene.open({ notAfterMs: Date.UTC(2026, 0, 1) + 2000 });
    await scene.batches({ interval: 0 }, { interval: 1 });
    await overdue(scene, 2, 'manufacturer', 600);
    const report = await audited(scene.parts());
    assert.deepEqual(verdicts(report), ['PROVEN', 'PROVEN']);
    assert.deepEqual(found(report), ['FALSE_OVERDUE interval 2 manufacturer']);
  });

  test('before the first batch convicts nobody', async () => {
    const scene = await Scene.open();
    await scene.batch({ interval: 2 });
    await overdue(scene, 0, 'manufacturer', 4000);
    assert.deepEqual(found(await audited(scene.parts())), ['INTERVAL_MISSING interval 0 undecided']);
  });

  test('and never comes is missing, by whichever side it was called', async () => {
    for (const by of ['owner', 'manufacturer'] as const) {
      const scene = await Scene.open();
      await scene.batch({ interval: 0 });
      await overdue(scene, 1, by, 600);
      assert.deepEqual(found(await audited(scene.parts())), ['INTERVAL_MISSING interval 1 owner']);
    }
  });
});

describe('what the evidence itself says is lost', () => {
  test('a batch of one missed interval needs no earlier seeds; one that shows a condition does', async () => {
    for (const [codes, expected] of [
      [MISSED, 'PROVEN'],
      [[1, 1], 'UNVERIFIABLE'],
    ] as const) {
      const scene = await Scene.open({ seeds: [0] });
      await scene.batches(...[0, 1, 2, 3].map((interval) => ({ interval })));
      await scene.commitSeeds(1, scene.params.originMs + 12_000);
      await scene.batch({ interval: 4, codes, gap: { reason: 'missed' }, anchoredAfterMs: 7100 });
      assert.ok(verdicts(await audited(scene.parts()))[4]?.startsWith(expected === 'PROVEN' ? 'LATE' : expected));
    }
  });

  test('a gap record names the batches whose readings were dropped', async () => {
    const scene = await Scene.open();
    await scene.batches({ interval: 0 }, { interval: 1 }, { interval: 2, gap: { reason: 'dropped', fromBatch: 0, toBatch: 1 } });
    const report = await audited(scene.parts());
    assert.equal(report.passed, true);
    assert.deepEqual(
      report.channels[0]?.gaps.map(({ n, reason, lost }) => [n, reason, lost]),
      [[2, 'dropped', { fromBatch: 0, toBatch: 1 }]],
    );
  });

  test('a delivery that expired is lacking, and nobody answers for it: by the gap record of a later batch', async () => {
    const scene = await Scene.open();
    await scene.batches({ interval: 0, acknowledged: 'not' }, { interval: 1, gap: { reason: 'dropped', fromBatch: 0, toBatch: 0 } });
    scene.withoutDelivery(0);
    const report = await audited(scene.parts());
    assert.deepEqual(verdicts(report), ['UNVERIFIABLE', 'PROVEN']);
    assert.deepEqual(report.channels[0]?.batches[0]?.lacking, ['delivery, expired']);
    assert.deepEqual(found(report), []);
  });

  test('or by a cumulative receipt that both signed', async () => {
    const scene = await Scene.open();
    await scene.batches({ interval: 0 }, { interval: 1, acknowledged: 'expired' }, { interval: 2 });
    await scene.close();
    scene.withoutDelivery(1);
    const report = await audited(scene.parts());
    assert.deepEqual([verdicts(report), found(report)], [['PROVEN', 'UNVERIFIABLE', 'PROVEN'], []]);
  });

  test('a delivery that is just not there is the exporter’s to answer for', async () => {
    const scene = await Scene.open();
    await scene.batches({ interval: 0, gap: { reason: 'dropped', fromBatch: 1, toBatch: 1 } }, { interval: 1, acknowledged: 'not' });
    scene.withoutDelivery(1);
    assert.ok(found(await audited(scene.parts())).includes('DELIVERY_MISSING batch 1, delivery exporter'));
  });
});
