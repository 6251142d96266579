import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { toBase64Url } from '../../src/core/index.ts';
import { until } from '../support/until.ts';
import { MaliciousManufacturer } from './malicious-manufacturer.ts';
import { MaliciousScene, requireConvicted, requireInnocent } from './scene.ts';
import { Signing } from './signing.ts';

const N = 3;
const OTHER_HASH = toBase64Url(new Uint8Array(32).fill(7));

describe('a malicious manufacturer against an honest owner', () => {
  let scene: MaliciousScene;
  let manufacturer: MaliciousManufacturer;

  beforeEach(async () => {
    // Only the manufacturer is to be late: the machine that runs this may be slow.
    scene = await MaliciousScene.create({ anchorWithinMs: 120_000 });
    manufacturer = new MaliciousManufacturer(scene.plant);
  });
  afterEach(() => scene.end());

  test('a forged receipt: for another header than the delivered one', async () => {
    await scene.start(
      {},
      manufacturer.receipting((n, receipt) => (n === N ? manufacturer.forged(receipt, { header: OTHER_HASH }) : receipt)),
    );
    await scene.finds('owner', 'BAD_RECEIPT', N);
    requireConvicted(await scene.proof('owner', N, 'receipt'), 'manufacturer');
    requireInnocent(await scene.audit('owner'), 'owner');
    assert.equal(scene.ofOwner.of('finding').filter(({ code, n }) => code === 'BAD_RECEIPT' && n === N).length, 1, 'told once');
  });

  test('a forged receipt: for another delivery, put on the ledger', async () => {
    await scene.start();
    await scene.acknowledged(N);
    const [own] = (await scene.audit('owner')).channels;
    const ledger = await scene.ledger('manufacturer');
    const batch = (await ledger.query('batch', { channel: scene.channel, n: N })) as { header: string };
    const forged = (header: string) => {
      const lastBlock = { number: 0, hash: OTHER_HASH };
      const content = { v: 0, channel: scene.channel, n: N, header, delivery: OTHER_HASH, lastBlock };
      return { receipt: manufacturer.signing.envelope('application/vnd.dcmb.receipt.v0+json', content) };
    };
    const send = async (body: object) => ledger.submit(await ledger.prepare('receipt', body as never));
    await assert.rejects(send(forged(OTHER_HASH)), { code: 'HEADER_MISMATCH' });
    await send(forged(batch.header));
    assert.equal(own?.batches[N]?.verdict, 'PROVEN');
    const report = await scene.audit('owner');
    assert.ok(report.findings.some(({ code, n }) => code === 'BAD_RECEIPT' && n === N));
    requireInnocent(report, 'owner');
  });

  test('a forged receipt: by another key, for the owner to take or leave', async () => {
    const stranger = new Signing(scene.plant.manufacturerConfig().keys.ledger ?? '');
    const forge = (n: number, receipt: Parameters<typeof manufacturer.forged>[0]) => (n === N ? stranger.changed(receipt, {}) : receipt);
    await scene.start({}, manufacturer.receipting(forge));
    await scene.anchored(N + 2);
    assert.ok(scene.ofOwner.of('receipted').every(({ n }) => n !== N));
  });

  test('a withheld receipt: the owner deposits, and the silence after that is the manufacturer’s', async () => {
    await scene.start({}, manufacturer.withholdingReceipts());
    await until('it is deposited', () => scene.ofOwner.of('deposited').some(({ n }) => n === N), 60_000);
    const report = await scene.auditFinds('owner', 'manufacturer', 'LATE', N);
    assert.deepEqual([report.channels[0]?.batches[N]?.verdict, report.channels[0]?.batches[N]?.parties], ['LATE', ['manufacturer']]);
    requireConvicted(await scene.accuses('owner', { kind: 'unreceipted', n: N }), 'manufacturer');
  });

  test('a withheld epoch signature: the owner asks on the ledger, and the silence after that is the manufacturer’s', async () => {
    const [own] = scene.plant.ownerConfig().channels;
    const config = { owner: scene.plant.ownerConfig({ ...own, firstStartWaitMs: 500 }) };
    await scene.start({}, manufacturer.withholdingSignatures(), config);
    await scene.finds('owner', 'PROPOSAL_UNSIGNED');
    await scene.acknowledged(N);
    for (;;) {
      const report = await scene.auditFinds('owner', 'manufacturer', 'LATE');
      if (report.findings.some(({ object }) => object === 'epoch record 0, proposal')) break;
    }
    assert.ok(
      scene.ofOwner.of('anchored').every(({ marks }) => marks.includes('NO_TOKENS')),
      'evidence goes on without token sets',
    );
    requireConvicted(await scene.accuses('owner', { kind: 'unsigned', k: 0 }), 'manufacturer');
  });
});
