import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LedgerWatch } from '../../src/app/ledger-watch.ts';
import { PatientLedger } from '../../src/app/patient-ledger.ts';
import { RejectedError, UnavailableError } from '../../src/core/index.ts';
import type { BlockInfo, Ledger, LedgerEvent } from '../../src/ledger/index.ts';
import { pause } from '../support/pause.ts';
import { until } from '../support/until.ts';

const never = (): boolean => false;
const AWAY = new UnavailableError('LEDGER_UNAVAILABLE', 'The ledger is away, as the test wants it.');
const block = (number: number): BlockInfo => ({ number, hash: 'h'.repeat(43), timeMs: number });
const event = (number: number): LedgerEvent => ({ block: block(number), txId: `t${number}`, creator: 'owner', event: {} as never });

/** A ledger of so many blocks, with one event each. */
function ledgerOf(blocks: number): Pick<Ledger, 'lastBlock' | 'events' | 'close'> & { isClosed: boolean } {
  return {
    isClosed: false,
    lastBlock: async () => block(blocks),
    async *events(from, signal) {
      for (let number = from; number <= blocks; number++) yield event(number);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
    async close() {
      this.isClosed = true;
    },
  };
}

describe('a ledger that need not be there', () => {
  test('is opened at the first call that finds it, and asked for not too often before', async () => {
    let [isThere, opened] = [false, 0];
    const ledger = new PatientLedger(
      'id',
      'owner',
      async () => {
        opened++;
        if (!isThere) throw AWAY;
        return ledgerOf(3) as never;
      },
      never,
    );
    await ledger.tryOpen();
    await assert.rejects(ledger.lastBlock(), AWAY);
    await assert.rejects(ledger.query('channel', {}), AWAY);
    assert.equal(opened, 1);
    isThere = true;
    await pause(550);
    assert.deepEqual(await Promise.all([ledger.lastBlock(), ledger.lastBlock()]), [block(3), block(3)]);
    assert.equal(opened, 2);
    assert.deepEqual([ledger.id, ledger.organisation], ['id', 'owner']);
  });

  test('that is damaged counts as one that is away; one of another network is refused at once', async () => {
    const failing = (code: string): PatientLedger =>
      new PatientLedger(
        'id',
        'owner',
        () => Promise.reject(new RejectedError(code, 'No.')),
        (error) => error.code !== 'LEDGER_CORRUPT',
      );
    await failing('LEDGER_CORRUPT').tryOpen();
    for (const code of ['OTHER_LEDGER', 'NOT_A_MEMBER', 'NOT_A_LEDGER']) await assert.rejects(failing(code).tryOpen(), { code });
  });

  test('is closed once it is open, and opened no more after', async () => {
    const real = ledgerOf(1);
    const ledger = new PatientLedger('id', 'owner', async () => real as never, never);
    await ledger.lastBlock();
    await ledger.close();
    assert.equal(real.isClosed, true);
    const unopened = new PatientLedger('id', 'owner', () => assert.fail('opened after it was closed'), never);
    await unopened.close();
    await assert.rejects(unopened.lastBlock(), { code: 'CLOSED' });
  });
});

describe('watching a ledger', () => {
  test('begins with the block that is remembered, and follows when the ledger is back', async () => {
    let isThere = false;
    const real = ledgerOf(5);
    const ledger = {
      events: (from: number, signal: AbortSignal) => {
        if (!isThere) throw AWAY;
        return real.events(from, signal);
      },
    };
    const [seen, faults]: [number[], unknown[]] = [[], []];
    const watch = new LedgerWatch(ledger as never, block(2), {
      event: ({ block: { number } }) => void seen.push(number),
      fault: (error) => void faults.push(error),
    });
    watch.follow(3);
    await until('the fault is told', () => faults.length > 0);
    assert.deepEqual([watch.lastBlock, seen], [block(2), []]);
    isThere = true;
    await until('it has followed', () => watch.lastBlock.number === 5);
    assert.deepEqual(seen, [3, 4, 5]);
    await watch.stop();
  });

  test('from the ledger itself needs its answer', async () => {
    const away = { lastBlock: () => Promise.reject(AWAY) };
    await assert.rejects(
      LedgerWatch.start(
        away as never,
        0,
        () => undefined,
        () => undefined,
      ),
      AWAY,
    );
  });
});
