import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { ModuleOptions } from '../../src/app/index.ts';
import { type Json, RejectedError } from '../../src/core/index.ts';
import type { SenderStore } from '../../src/store/index.ts';
import { pause } from '../support/pause.ts';
import { until } from '../support/until.ts';
import { replacing } from './replaced.ts';
import { MaliciousScene, requireInnocent } from './scene.ts';

const N = 2;
const RECEIPT_WITHIN_MS = 10_000;

/** What is deposited soundly must be answered on the ledger: an owner that makes that hard must not get its partner blamed. */
describe('an owner that keeps deliveries or receipts from the link, and deposits on the ledger', () => {
  let scene: MaliciousScene;

  beforeEach(async () => {
    scene = await MaliciousScene.create({ anchorWithinMs: 120_000, receiptWithinMs: RECEIPT_WITHIN_MS });
  });
  afterEach(() => scene.end());

  function storing(change: (store: SenderStore) => Partial<SenderStore>): ModuleOptions {
    return { adapters: { senderStore: (store) => replacing(store, change(store)) } };
  }

  /** The manufacturer answers the deposit of a batch, and no deadline of its own has passed after all. */
  async function requireAnswered(n: number): Promise<void> {
    await until(`batch ${n} is deposited`, () => scene.ofOwner.of('deposited').some((event) => event.n === n), 60_000);
    const ledger = await scene.ledger('owner');
    const isAnswered = async () => (await ledger.query('receipt', { channel: scene.channel, n })) !== undefined;
    for (const until = Date.now() + RECEIPT_WITHIN_MS; Date.now() < until && !(await isAnswered());) await pause(100);
    assert.ok(await isAnswered(), `batch ${n} has its receipt on the ledger`);
    requireInnocent(await scene.audit('owner'), 'manufacturer');
  }

  test('takes no receipt', async () => {
    const setReceipted = (): never => {
      throw new RejectedError('BAD_RECEIPT', 'Nothing is taken here.');
    };
    await scene.start(storing(() => ({ setReceipted })));
    await requireAnswered(N);
  });

  test('gives and deposits nothing of what comes before', async () => {
    const isWithheld = (n: number): boolean => n >= N && n < N + 3;
    await scene.start(
      storing((store) => ({
        batch: (n: number) => {
          const batch = store.batch(n);
          if (batch === undefined || !isWithheld(n)) return batch;
          const { tokens } = batch.deliveryPackage as { tokens: Json };
          return { ...batch, deliveryPackage: { tokens } };
        },
        awaitingReceipt: (from: number, limit: number) =>
          store
            .awaitingReceipt(from, limit + 3)
            .filter(({ n }) => !isWithheld(n))
            .slice(0, limit),
      })),
    );
    await requireAnswered(N + 3);
  });
});
