import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type AuditExport, formatReport, parseExport, writeExport } from '../../src/audit/index.ts';
import type { Json } from '../../src/core/index.ts';
import { forgedLedger } from '../fabric-blocks/forged-ledger.ts';
import { audited, honestScene, type Scene, verified } from './scene.ts';
import { changedAt, differently, isFound, mutated, outcomeOf, type Path, pathsTo, reissued, valueAt, valuesOf } from './tampering.ts';

describe('an export of a ledger on Fabric', () => {
  let scene: Scene;
  let exported: AuditExport;
  let root: Json = {};
  let leaves: Path[] = [];
  before(async () => {
    scene = await honestScene({ chain: forgedLedger() });
    exported = parseExport(writeExport(scene.parts()));
    root = exported;
    leaves = valuesOf(root).filter(([first]) => first === 'ledger');
  });

  test('is PROVEN as a whole, on a Fabric test network', async () => {
    const report = await audited(scene.parts(), { expectedLedgerId: scene.chain.ledgerId });
    assert.deepEqual(report.findings, []);
    assert.deepEqual(report.counts, { PROVEN: 12 });
    assert.equal(report.ledger?.kind, 'fabric test network');
    assert.equal(report.ledger.lastBlock.hash, scene.chain.last.hash);
    assert.ok(formatReport(report).some((line) => line.includes('when they endorsed')));
  });

  test('is found to be of another ledger than the expected one', async () => {
    const { findings } = await audited(scene.parts(), { expectedLedgerId: 'A'.repeat(43) });
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['FOREIGN_LEDGER'],
    );
  });

  test('a chain that is cut off at its end is found by a known block', async () => {
    const { number, hash } = scene.chain.last;
    const { ledger, channels } = exported;
    const cut = { blocks: ledger.blocks.slice(0, -1), channels: [{ ...channels[0]!, batches: channels[0]!.batches.slice(0, -1) }] };
    const codes = async (options: { knownBlock?: { number: number; hash: string } }) =>
      (await audited(cut, options)).findings.map(({ code }) => code);
    assert.deepEqual(await codes({}), []);
    assert.deepEqual(await codes({ knownBlock: { number, hash } }), ['BLOCK_NOT_SEEN']);
  });

  test('from a broken block on nothing counts, and the report says where it is', async () => {
    const at = exported.ledger.blocks.length - 3;
    const changed = changedAt(root, ['ledger', 'blocks', at, 'codes', 0], () => 10);
    const report = await verified(reissued(changed, true) as unknown as AuditExport);
    assert.equal(report.ledger?.lastBlock.number, at - 1);
    assert.ok(report.findings.some(({ code, place }) => code === 'BAD_LEDGER' && place === `/ledger/blocks/${at}`));
    assert.ok((report.counts['PROVEN'] ?? 0) > 0 && !report.passed);
  });

  test('any letter of any value changed is found, with digest and contents made to fit again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 63 }), async (which, at, by) => {
        const path = leaves[which % leaves.length]!;
        const changed = changedAt(root, path, (value) => differently(value, at, by));
        const outcome = await outcomeOf(reissued(changed, true));
        assert.ok(isFound(outcome), path.join('/'));
      }),
      { numRuns: 25 },
    );
  });

  test('any block or envelope taken out, doubled or swapped is found', async () => {
    const lists = pathsTo(root, (value) => Array.isArray(value)).filter(([first]) => first === 'ledger');
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.nat(), fc.constantFrom('remove', 'double', 'swap'), async (which, first, second, how) => {
        const path = lists[which % lists.length]!;
        const list = valueAt(root, path) as readonly Json[];
        const changed = mutated(list, first % list.length, second % list.length, how);
        if (JSON.stringify(changed) === JSON.stringify(list)) return;
        assert.ok(isFound(await outcomeOf(reissued(changedAt(root, path, () => changed)))), `${how} of ${path.join('/')}`);
      }),
      { numRuns: 25 },
    );
  });
});
