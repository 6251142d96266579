import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { RejectedError, UnavailableError } from '../../src/core/index.ts';
import type { Commit, Ledger, PreparedTransaction } from '../../src/ledger/index.ts';
import { type Claim, ReceiverStore } from '../../src/store/index.ts';
import { LedgerClaims } from '../../src/transfer/index.ts';
import { STORE_KEY } from '../support/store-key.ts';

const NEVER = new AbortController().signal;
const CLAIM = { id: 'dispute:3:fork', kind: 'dispute', n: 3, body: { kind: 'fork' } } as const;

/** A ledger that answers as it is told; it counts what it prepares and keeps what it is sent. */
class Bench {
  readonly store = new ReceiverStore(':memory:', 'test', STORE_KEY);
  readonly sent: string[] = [];
  readonly done: [string, string | undefined][] = [];
  readonly refused: [string, string][] = [];
  prepared = 0;
  /** Answers to come; after them every transaction is committed. */
  answers: (Error | 'crash')[] = [];
  /** Refusals to come when something is prepared. */
  unprepared: Error[] = [];

  constructor(t: TestContext) {
    t.after(() => this.store.close());
  }

  claims(): LedgerClaims {
    const ledger: Pick<Ledger, 'prepare' | 'submit'> = {
      prepare: async (kind, body) => {
        const refusal = this.unprepared.shift();
        if (refusal !== undefined) throw refusal;
        const txId = `tx${this.prepared++}`;
        return { txId, bytes: new TextEncoder().encode(`${txId} ${kind} ${JSON.stringify(body)}`) };
      },
      submit: async ({ txId, bytes }: PreparedTransaction) => {
        assert.equal(this.store.openClaims()[0]?.transactionId, txId, 'stored before it is sent');
        this.sent.push(new TextDecoder().decode(bytes));
        const answer = this.answers.shift();
        if (answer !== undefined) throw answer === 'crash' ? new Error('killed') : answer;
        return { txId } as Commit;
      },
    };
    return new LedgerClaims(ledger, this.store, {
      done: ({ id }: Claim, commit) => void this.done.push([id, commit?.txId]),
      refused: ({ id }: Claim, code) => void this.refused.push([id, code]),
    });
  }
}

describe('what the receiver claims on the ledger', () => {
  test('is sent once', async (t) => {
    const bench = new Bench(t);
    bench.store.addClaim(CLAIM);
    const claims = bench.claims();
    await claims.serve(NEVER);
    await claims.serve(NEVER);
    assert.deepEqual([bench.sent, bench.done], [['tx0 dispute {"kind":"fork"}'], [[CLAIM.id, 'tx0']]]);
  });

  test('is sent again with the same bytes after silence, a lost answer or a crash', async (t) => {
    const bench = new Bench(t);
    bench.store.addClaim(CLAIM);
    bench.answers = [
      new UnavailableError('LEDGER_UNAVAILABLE', 'Not now.'),
      new UnavailableError('OUTCOME_UNKNOWN', 'Who knows.'),
      'crash',
    ];
    await assert.rejects(bench.claims().serve(NEVER), UnavailableError);
    await assert.rejects(bench.claims().serve(NEVER), UnavailableError);
    await assert.rejects(bench.claims().serve(NEVER), /killed/);
    await bench.claims().serve(NEVER);
    assert.deepEqual([new Set(bench.sent).size, bench.sent.length, bench.prepared], [1, 4, 1]);
    assert.deepEqual(bench.done, [[CLAIM.id, 'tx0']]);
  });

  test('that the ledger has already is done', async (t) => {
    for (const code of ['DISPUTE_EXISTS', 'OVERDUE_EXISTS', 'BATCH_PRESENT', 'RECEIPT_EXISTS']) {
      const bench = new Bench(t);
      bench.store.addClaim(CLAIM);
      bench.answers = [new RejectedError(code, 'There.')];
      await bench.claims().serve(NEVER);
      assert.deepEqual([bench.done, bench.refused, bench.store.openClaims()], [[[CLAIM.id, undefined]], [], []]);
    }
  });

  test('that the ledger does not take yet is made anew later, and holds up none behind it', async (t) => {
    const bench = new Bench(t);
    bench.store.addClaim(CLAIM);
    bench.answers = [new RejectedError('NOT_ANCHORED', 'Not yet.')];
    const claims = bench.claims();
    await claims.serve(NEVER);
    assert.deepEqual([bench.done, bench.store.openClaims().length], [[], 1]);
    await claims.serve(NEVER);
    assert.deepEqual([bench.done, bench.prepared], [[[CLAIM.id, 'tx1']], 2]);
  });

  test('that waited for too long, or was marked invalid, is made anew, and holds up none behind it', async (t) => {
    const bench = new Bench(t);
    bench.store.addClaim(CLAIM);
    bench.answers = [new RejectedError('DATED_BACK', 'Too old.'), new UnavailableError('INVALIDATED', 'Marked invalid.')];
    for (const expected of [1, 1, 0]) {
      await bench.claims().serve(NEVER);
      assert.equal(bench.store.openClaims().length, expected);
    }
    assert.deepEqual([bench.sent.length, bench.done], [3, [[CLAIM.id, 'tx2']]]);
  });

  test('may be refused when it is prepared already, with the same effect', async (t) => {
    const bench = new Bench(t);
    bench.store.addClaim(CLAIM);
    bench.unprepared = [
      new UnavailableError('NOT_ENDORSED', 'Not now.'),
      ...['NOT_ANCHORED', 'DATED_AHEAD', 'DISPUTE_EXISTS'].map((code) => new RejectedError(code, 'No.')),
    ];
    await assert.rejects(bench.claims().serve(NEVER), UnavailableError);
    for (const expected of [1, 1, 0]) {
      await bench.claims().serve(NEVER);
      assert.equal(bench.store.openClaims().length, expected);
    }
    assert.deepEqual([bench.sent, bench.done, bench.refused], [[], [[CLAIM.id, undefined]], []]);
  });

  test('that the ledger refuses for good is told, and not sent again', async (t) => {
    const bench = new Bench(t);
    bench.store.addClaim(CLAIM);
    bench.answers = [new RejectedError('PROOF_DOES_NOT_HOLD', 'No.')];
    const claims = bench.claims();
    await claims.serve(NEVER);
    await claims.serve(NEVER);
    assert.deepEqual(
      [bench.refused, bench.sent.length, bench.store.claim(CLAIM.id)?.state],
      [[[CLAIM.id, 'PROOF_DOES_NOT_HOLD']], 1, 'refused'],
    );
  });

  test('waits where the module stops', async (t) => {
    const bench = new Bench(t);
    bench.store.addClaim(CLAIM);
    await bench.claims().serve(AbortSignal.abort());
    assert.deepEqual(bench.sent, []);
  });

  test('that is spent again and again stays due, and is told: a clock is wrong', async (t) => {
    const bench = new Bench(t);
    bench.store.addClaim(CLAIM);
    const ahead = new RejectedError('DATED_AHEAD', 'A clock is ahead.');
    bench.unprepared = [ahead, ahead];
    const claims = bench.claims();
    await claims.serve(NEVER);
    await assert.rejects(claims.serve(NEVER), ahead);
    assert.deepEqual([bench.refused, bench.done], [[], []]);
    await claims.serve(NEVER);
    assert.deepEqual(bench.done, [[CLAIM.id, 'tx0']]);
  });
});
