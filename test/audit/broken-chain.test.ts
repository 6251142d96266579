import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type AuditExport, type AuditReport, formatReport, parseExport, writeExport } from '../../src/audit/index.ts';
import { fromBase64Url, type Json, toBase64Url } from '../../src/core/index.ts';
import type { FabricBlockJson } from '../fabric-blocks/forged-chain.ts';
import { forgedLedger } from '../fabric-blocks/forged-ledger.ts';
import { answered, forgedTransaction } from '../fabric-blocks/forged-transaction.ts';
import { TEST_MODULE, testParams, testSigner } from '../support/ledger-network.ts';
import { honestScene, verified } from './scene.ts';
import { changedAt, differently, type Path, reissued } from './tampering.ts';

function verdictLines(report: AuditReport): string[] {
  return formatReport(report).filter((line) => line.includes('UNVERIFIABLE ('));
}

/** What the report of a file says in which one value was changed. */
async function reportOn(root: Json, path: Path, change: (value: Json) => Json, contentsToo = false): Promise<AuditReport> {
  return verified(reissued(changedAt(root, path, change), contentsToo) as unknown as AuditExport);
}

describe('one changed byte in a block', () => {
  let embedded: Json = {};
  let fabric: Json = {};
  before(async () => {
    embedded = parseExport(writeExport((await honestScene()).parts()));
    fabric = parseExport(writeExport((await honestScene({ chain: forgedLedger() })).parts()));
  });

  const lastBlockOf = (root: Json): number => (root as unknown as AuditExport).ledger.blocks.length - 1;

  test('of the embedded ledger is one finding, of the file, and one line for the batches that nobody can judge', async () => {
    const payload = ['ledger', 'blocks', 9, 'transactions', 0, 'envelope', 'payload'];
    const report = await reportOn(embedded, payload, (value) => differently(value, 700, 1));
    assert.deepEqual(
      report.findings.map(({ code, object, party }) => [code, object, party]),
      [['BAD_LEDGER', 'block 9', 'exporter']],
    );
    assert.deepEqual(report.counts, { PROVEN: 1, UNVERIFIABLE: 11 });
    assert.deepEqual(verdictLines(report), ['           batches 1 to 11 (not judged): UNVERIFIABLE (lacking: ledger from block 9 on)']);
    assert.equal(report.passed, false);
  });

  test('of Fabric too: no orderer has signed the changed block', async () => {
    const at = lastBlockOf(fabric) - 6;
    const report = await reportOn(fabric, ['ledger', 'blocks', at, 'data', 0], (value) => differently(value, 700, 1));
    assert.deepEqual(
      report.findings.map(({ code, object, party }) => [code, object, party]),
      [['BAD_LEDGER', `block ${at}`, 'exporter']],
    );
    assert.match(report.findings[0]!.message, /orderer/);
    assert.ok((report.counts['PROVEN'] ?? 0) > 0 && (report.counts['UNVERIFIABLE'] ?? 0) > 1);
    const lines = verdictLines(report);
    assert.ok(lines.every((line) => line.includes(`lacking: ledger from block ${at} on`)));
    assert.equal(lines.filter((line) => line.includes('(not judged)')).length, 1);
  });

  test('before the channel was opened leaves nothing to judge, and blames nobody for that', async () => {
    const report = await reportOn(fabric, ['ledger', 'blocks', 9, 'data', 0], (value) => differently(value, 700, 1));
    assert.deepEqual(
      report.findings.map(({ code, party }) => [code, party]),
      [
        ['BAD_LEDGER', 'exporter'],
        ['AGREEMENT_NOT_COMMITTED', 'undecided'],
      ],
    );
    assert.match(report.findings[1]!.message, /before block 9, where the chain is broken/);
    assert.equal(report.passed, false);
  });

  test('before the genesis is one finding too', async () => {
    const report = await reportOn(fabric, ['ledger', 'blocks', 1, 'data', 0], (value) => differently(value, 700, 1));
    assert.deepEqual(
      report.findings.map(({ code, object }) => [code, object]),
      [['BAD_LEDGER', 'block 1']],
    );
  });

  test('of the codes that stand beside a block of Fabric is of the file: nobody signs them', async () => {
    const at = lastBlockOf(fabric);
    const report = await reportOn(fabric, ['ledger', 'blocks', at, 'codes', 0], () => 10, true);
    assert.deepEqual(
      report.findings.map(({ code, party }) => [code, party]),
      [['BAD_LEDGER', 'exporter']],
    );
  });

  test('a border between envelopes that was moved is of the file: signatures are over all of them together', async () => {
    const at = lastBlockOf(fabric);
    const path = ['ledger', 'blocks', at];
    const report = await reportOn(fabric, path, (value) => {
      const block = value as unknown as FabricBlockJson;
      const envelope = fromBase64Url(block.data[0]!);
      const data = [envelope.subarray(0, 5), envelope.subarray(5)].map(toBase64Url);
      return { ...block, data, codes: [0, 0] };
    });
    assert.ok(report.findings.some(({ code, object, party }) => code === 'BAD_LEDGER' && object === `block ${at}` && party === 'exporter'));
  });

  test('is told from what an orderer has signed and the contract does not give: that is of the ledger', async () => {
    const grown = forgedLedger();
    const scene = await honestScene({ chain: grown });
    const body = { key: toBase64Url(testSigner('one more').publicKey), module: TEST_MODULE, attestation: 'none' };
    const { plan } = await grown.planned('owner', 'registerKey', body, testParams().originMs + 60_000);
    const endorsedByBoth = forgedTransaction({ ...plan, ...answered({ kind: 'registerKey', channel: '', body: {} }) });
    grown.add({ envelopes: [endorsedByBoth.envelope], codes: [0] });
    const report = await verified(parseExport(writeExport(scene.parts())));
    assert.deepEqual(
      report.findings.map(({ code, object, party }) => [code, object, party]),
      [['BAD_LEDGER', `block ${grown.blocks.length - 1}`, 'ledger']],
    );
    assert.deepEqual(report.counts, { PROVEN: 12 });
    assert.equal(report.passed, false);
  });
});

describe('a report on Fabric', () => {
  test('counts what its verification rests on', async () => {
    const chain = forgedLedger();
    const scene = await honestScene({ chain });
    const report = await verified(parseExport(writeExport(scene.parts())), { expectedLedgerId: chain.ledgerId });
    const { blocks = 0, transactions = 0, orderers, endorsements, passedOver } = report.checks;
    assert.deepEqual([orderers, endorsements], [blocks - 1, transactions + 1]);
    const envelopes = chain.blocks.reduce((sum, { data }) => sum + data.length, 0);
    assert.equal(passedOver, envelopes - transactions - 1);
    assert.ok(passedOver > 1, 'configuration and definitions of the chaincodes');
    const lines = formatReport(report);
    assert.ok(lines.some((line) => /\d+ {2}transactions valid in their blocks and endorsed by at least 2 members/.test(line)));
    assert.ok(lines.some((line) => /\d+ {2}transactions of other kinds passed over/.test(line)));
  });
});
