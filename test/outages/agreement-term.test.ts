import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hasCode } from '../../src/core/index.ts';
import { until } from '../support/until.ts';
import { pieces, TestPlant, Told } from '../app/plant.ts';

const TERM_MS = 25_000;

describe('an agreement has a beginning and an end', () => {
  let plant: TestPlant;
  const fromMs = Math.floor(Date.now() / 1000) * 1000;
  const toMs = fromMs + TERM_MS;
  before(async () => {
    const instant = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
    plant = await TestPlant.create({ applications: false, terms: { validity: { from: instant(fromMs), to: instant(toMs) } } });
  });
  after(() => plant.end());

  for (const [what, nowMs, message] of [
    ['before its beginning', fromMs - 1, /agreement\.json begins at .*Start the module then/],
    ['from its end on', toMs, /agreement\.json ended at .*Make a new agreement\.$/],
  ] as const) {
    test(`neither module starts ${what}`, async () => {
      const clock = { now: () => nowMs };
      const refusal = (error: unknown): boolean => hasCode(error, 'AGREEMENT_NOT_IN_FORCE') && message.test(error.message);
      await assert.rejects(plant.startSender(new Told(), plant.ownerConfig(), { clock }), refusal);
      await assert.rejects(plant.startReceiver(new Told(), plant.manufacturerConfig(), { clock }), refusal);
    });
  }

  test('a module that runs at its end seals the last interval, takes no more values, and stops in good order', async () => {
    const [ofOwner, ofManufacturer] = [new Told(), new Told()];
    const [sender] = await Promise.all([plant.startSender(ofOwner), plant.startReceiver(ofManufacturer)]);
    const plc = await plant.plc();
    await plc.write([pieces(100)]);
    await until('it has come to its end', () => ofOwner.of('failed').length > 0, TERM_MS + 10_000);
    assert.ok(hasCode(await sender.failed, 'AGREEMENT_NOT_IN_FORCE'));
    assert.match(ofOwner.of('failed')[0]?.message ?? '', /^The agreement ended at /);
    const [late] = await plc.write([pieces(101)]);
    assert.equal(late?.accepted, false);
    await plant.stop(sender);
    const { sealed } = ofOwner.of('stopped')[0]!;
    assert.deepEqual(ofOwner.of('stopped')[0], { event: 'stopped', sealed, anchored: sealed, receipted: sealed });
    const report = await plant.audit(plant.ownerFile);
    assert.deepEqual(report.findings, []);
    const last = ofOwner.of('sealed').at(-1)!;
    assert.equal(fromMs + (last.interval + 1) * 500, toMs);
  });
});
