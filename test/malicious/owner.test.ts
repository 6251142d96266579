import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { BatchHeader } from '../../src/evidence/index.ts';
import { MaliciousOwner } from './malicious-owner.ts';
import { MaliciousScene, requireConvicted, requireFound, requireInnocent } from './scene.ts';

const N = 3;

describe('a malicious owner against an honest manufacturer', () => {
  let scene: MaliciousScene;
  let owner: MaliciousOwner;

  beforeEach(async () => {
    // Only the owner is to be late: the machine that runs this may be slow.
    scene = await MaliciousScene.create({ receiptWithinMs: 120_000, depositAfterIntervals: 1000 });
    owner = new MaliciousOwner(scene.plant);
  });
  afterEach(() => scene.end());

  test('a fork: one header anchored, another delivered', async () => {
    await scene.start(owner.delivering((n, delivered) => (n === N ? owner.underAnotherHeader(delivered) : undefined)));
    await scene.finds('manufacturer', 'FORK', N);
    requireConvicted(await scene.proof('manufacturer', N, 'fork'), 'owner');
    await scene.disputed(N, 'fork');
    requireFound(await scene.audit('manufacturer'), 'owner', 'DISPUTED', N);
  });

  test('a fork: two headers delivered, none anchored', async () => {
    const ledger = owner.holding((n) => n >= N);
    const forged = (n: number): boolean => n === N;
    await scene.start(owner.delivering((n, delivered) => (forged(n) ? owner.underAnotherHeader(delivered) : undefined), { ledger }));
    await scene.finds('manufacturer', 'FORK', N);
    requireConvicted(await scene.proof('manufacturer', N, 'fork'), 'owner');
    await scene.disputed(N, 'fork');
    requireFound(await scene.audit('manufacturer'), 'owner', 'DISPUTED', N);
  });

  test('an omission: a number that is delivered and never anchored', async () => {
    await scene.start({ adapters: { ledger: owner.omitting((n) => n === N) } });
    await scene.finds('manufacturer', 'OVERDUE');
    await scene.anchored(N + 8);
    const report = await scene.audit('manufacturer');
    requireFound(report, 'owner', 'NUMBER_MISSING', N);
    requireFound(report, 'owner', 'INTERVAL_MISSING');
    assert.equal(report.channels[0]?.batches[N]?.verdict, 'MISSING');
    requireConvicted(await scene.accuses('manufacturer', { kind: 'skipped', n: N }), 'owner');
  });

  test('an omission: an interval left out of the chain', async () => {
    const later = ({ interval, through, fromMs, toMs }: BatchHeader): Partial<BatchHeader> => ({
      interval: interval + 1,
      through: through + 1,
      fromMs: fromMs + 500,
      toMs: toMs + 500,
    });
    await scene.start(owner.sealing(({ n, header }) => (n === N ? { header: later(header) } : undefined)));
    await scene.finds('manufacturer', 'BROKEN_CHAIN', N);
    requireConvicted(await scene.proof('manufacturer', N, 'chain'), 'owner');
    await scene.disputed(N, 'chain');
    requireFound(await scene.audit('manufacturer'), 'owner', 'DISPUTED', N);
  });

  test('a replay: the records of an earlier batch under a new number', async () => {
    await scene.start(
      owner.sealing(({ n }) => {
        const earlier = owner.sealed.get(N - 1);
        return n === N && earlier !== undefined
          ? { header: { root: earlier.header.root }, conditions: earlier.package.conditions }
          : undefined;
      }),
    );
    await scene.anchored(N);
    requireConvicted(await scene.proof('manufacturer', N, 'delivery'), 'owner');
    await scene.disputed(N, 'delivery');
    requireFound(await scene.audit('manufacturer'), 'owner', 'DISPUTED', N);
  });

  test('a replay: an earlier delivery offered again proves nothing, counts for nothing, and its batch has no receipt', async () => {
    const earlier = new Map<number, Parameters<typeof owner.underAnotherHeader>[0]>();
    await scene.start(
      owner.delivering((n, delivered) => {
        earlier.set(n, delivered);
        return n === N ? earlier.get(N - 1) : undefined;
      }),
    );
    await scene.finds('manufacturer', 'BROKEN_CHAIN', N);
    await scene.acknowledged(N + 12);
    assert.ok(
      scene.ofOwner.of('anchored').some(({ n }) => n === N),
      'the batch itself is sound',
    );
    const report = await scene.audit('owner');
    requireInnocent(report, 'manufacturer');
    assert.notEqual(report.channels[0]?.batches[N]?.acknowledgedBy, 'receipt');
    assert.notEqual(report.channels[0]?.batches[N]?.verdict, 'PROVEN');
  });

  test('a replay: the anchor of a batch again changes nothing on the ledger', async () => {
    await scene.start();
    await scene.anchored(N);
    const ledger = await scene.ledger('owner');
    const event = scene.ofOwner.of('anchored').find(({ n }) => n === N)!;
    const [block] = (await ledger.blocks(event.block, event.block)) as unknown as [{ transactions: { txId: string; envelope: object }[] }];
    const { envelope } = block.transactions.find(({ txId }) => txId === event.transaction)!;
    const bytes = new TextEncoder().encode(JSON.stringify(envelope));
    const again = await ledger.submit({ txId: event.transaction, bytes });
    assert.equal(again.block.number, event.block, 'the same bytes give the first commit');
    const { body } = JSON.parse(Buffer.from((envelope as { payload: string }).payload, 'base64url').toString()) as { body: object };
    await assert.rejects(async () => ledger.submit(await ledger.prepare('anchor', body as never)), { code: 'NUMBER_TAKEN' });
  });

  test('a batch that is made up later than it says is LATE by its block', async () => {
    let heldUntil: number | undefined;
    await scene.start({ adapters: { ledger: owner.holding((n) => n === N && Date.now() < (heldUntil ??= Date.now() + 8000)) } });
    await scene.finds('manufacturer', 'LATE_ANCHOR', N);
    const report = await scene.audit('manufacturer');
    requireFound(report, 'owner', 'LATE', N);
    assert.deepEqual([report.channels[0]?.batches[N]?.verdict, report.channels[0]?.batches[N]?.parties], ['LATE', ['owner']]);
    requireConvicted(await scene.accuses('manufacturer', { kind: 'late', n: N }), 'owner');
  });

  test('a back-dated batch: its header names an interval that is over', async () => {
    const earlier = ({ interval, through, fromMs, toMs }: BatchHeader): Partial<BatchHeader> => ({
      interval: interval - 1,
      through: through - 1,
      fromMs: fromMs - 500,
      toMs: toMs - 500,
    });
    // Refused by the contract, its module would end: the lie has to be delivered before.
    let heldUntil: number | undefined;
    const { adapters } = owner.sealing(({ n, header }) => (n === N ? { header: earlier(header) } : undefined));
    const ledger = owner.holding((n) => n === N && Date.now() < (heldUntil ??= Date.now() + 30_000));
    await scene.start({ adapters: { ...adapters, ledger } });
    await scene.finds('manufacturer', 'BROKEN_CHAIN', N);
    requireConvicted(await scene.proof('manufacturer', N, 'chain'), 'owner');
    await scene.disputed(N, 'chain');
    requireFound(await scene.audit('manufacturer'), 'owner', 'DISPUTED', N);
  });

  test('a wrong delivery: another condition than the anchored one', async () => {
    await scene.start(owner.delivering((n, delivered) => (n === N ? owner.withAnotherCondition(delivered) : undefined)));
    await scene.anchored(N);
    requireConvicted(await scene.proof('manufacturer', N, 'delivery'), 'owner');
    await scene.disputed(N, 'delivery');
    requireFound(await scene.audit('manufacturer'), 'owner', 'DISPUTED', N);
  });

  test('a token against the record', async () => {
    await scene.start(
      owner.sealing((made) =>
        made.n === N
          ? {
              tokens: owner.tokensOf(
                made,
                made.codes.map((code) => (code === 1 ? 2 : 1)),
              ),
            }
          : undefined,
      ),
    );
    await scene.finds('manufacturer', 'TOKEN_MISMATCH', N);
    requireConvicted(await scene.proof('manufacturer', N, 'token'), 'owner');
    await scene.disputed(N, 'token');
    const report = await scene.audit('owner');
    requireFound(report, 'owner', 'WRONG_TOKEN', N);
    requireFound(report, 'owner', 'DISPUTED', N);
  });
});
