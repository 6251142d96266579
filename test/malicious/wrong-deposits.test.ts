import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { DeliveryPackage } from '../../src/evidence/index.ts';
import { until } from '../support/until.ts';
import { MaliciousOwner } from './malicious-owner.ts';
import { MaliciousScene, requireConvicted, requireFound, requireInnocent } from './scene.ts';

const N = 3;

describe('a malicious owner that deposits', () => {
  let scene: MaliciousScene;
  let owner: MaliciousOwner;

  beforeEach(async () => {
    // Nobody is to be late: the machine that runs this may be slow.
    scene = await MaliciousScene.create({ anchorWithinMs: 120_000, receiptWithinMs: 120_000 });
    owner = new MaliciousOwner(scene.plant);
  });
  afterEach(() => scene.end());

  const junk: readonly (readonly [what: string, forge: (box: Uint8Array) => Uint8Array])[] = [
    ['junk that nothing opens', (box) => box.map((byte) => byte ^ 1)],
    ['another condition than the anchored one, under the key of the batch', () => owner.boxOfAnotherCondition(N)],
  ];
  for (const [what, forge] of junk) {
    test(`${what}, in the place of a delivery that it withholds`, async () => {
      await scene.start(owner.withholding(N, { ledger: owner.depositing(N, forge) }));
      await scene.finds('manufacturer', 'BAD_DEPOSIT', N);
      requireConvicted(await scene.proof('manufacturer', N, 'deposit'), 'owner');
      await scene.disputed(N, 'deposit');
      requireFound(await scene.audit('manufacturer'), 'owner', 'DISPUTED', N);
      const report = await scene.audit('owner');
      requireFound(report, 'owner', 'BAD_DEPOSIT', N);
      assert.deepEqual([report.channels[0]?.batches[N]?.verdict, report.channels[0]?.batches[N]?.parties], ['DISPUTED', ['owner']]);
    });
  }

  test('soundly what it has delivered wrongly before: the manufacturer answers on the ledger, and its silence is none', async () => {
    const isSetAside = (): boolean => scene.ofManufacturer.of('finding').some(({ code, n }) => code === 'DISPUTED' && n === N);
    const earlier = new Map<number, DeliveryPackage>();
    await scene.start(
      owner.delivering(
        (n, delivered) => {
          earlier.set(n, delivered);
          return n === N ? earlier.get(N - 1) : undefined;
        },
        { ledger: owner.holdingDeposit(N, () => !isSetAside()) },
      ),
    );
    await scene.finds('manufacturer', 'DISPUTED', N);
    await until('it is deposited', () => scene.ofOwner.of('deposited').some(({ n }) => n === N), 60_000);
    await until('it is answered', () => scene.ofManufacturer.of('claimed').some(({ claim }) => claim === `receipt:${N}`), 60_000);
    const report = await scene.audit('owner');
    requireInnocent(report, 'manufacturer');
    const { verdict, acknowledgedBy } = report.channels[0]!.batches[N]!;
    assert.deepEqual([verdict, acknowledgedBy], ['PROVEN', 'receipt']);
    await assert.rejects(scene.accuses('owner', { kind: 'unreceipted', n: N }), { code: 'PROOF_DOES_NOT_HOLD' });
  });
});
