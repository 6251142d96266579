import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RejectedError, UnavailableError } from '../../src/core/index.ts';
import { LedgerOutage, type Waiting } from '../../src/app/ledger-outage.ts';
import { ManualClock } from '../support/ledger-network.ts';

const START = 1_800_000_000_000;

/** An outage with what was told of it, in lines. */
function outage(): { told: string[]; clock: ManualClock; outage: LedgerOutage; wait: (waiting: Waiting | undefined) => void } {
  const told: string[] = [];
  const clock = new ManualClock(START);
  let waiting: Waiting | undefined;
  return {
    told,
    clock,
    wait: (now) => (waiting = now),
    outage: new LedgerOutage({
      clock,
      listener: (event) => void told.push(event.event === 'warning' ? `${event.code} ${event.message}` : event.event),
      waiting: () => waiting,
    }),
  };
}

describe('an outage of the ledger', () => {
  test("is told once at its beginning with the fault's own code, once a minute, and at its end", () => {
    const scene = outage();
    for (let second = 0; second <= 150; second += 5) {
      scene.clock.timeMs = START + second * 1000;
      scene.outage.fault(new UnavailableError('NOT_ORDERED', 'No orderer takes it.'));
      scene.wait({ count: 1 + second / 10, oldestMs: START });
      scene.outage.look();
    }
    scene.wait({ count: 15, oldestMs: START });
    scene.outage.anchored();
    scene.outage.anchored();
    assert.deepEqual(scene.told, [
      'NOT_ORDERED No orderer takes it.',
      'LEDGER_BEHIND 7 batches wait for the ledger, the oldest for 60 s.',
      'LEDGER_BEHIND 13 batches wait for the ledger, the oldest for 120 s.',
      'LEDGER_BACK The ledger takes batches again, after 150 s; 15 still wait.',
    ]);
  });

  test('is told though nothing was tried, as after a start on a ledger that is away', () => {
    const scene = outage();
    scene.wait({ count: 1, oldestMs: START - 59_000 });
    scene.outage.look();
    assert.deepEqual(scene.told, []);
    scene.clock.timeMs += 1000;
    scene.outage.look();
    scene.wait(undefined);
    scene.outage.anchored();
    assert.deepEqual(scene.told, [
      'LEDGER_BEHIND 1 batch waits for the ledger, the oldest for 60 s.',
      'LEDGER_BACK The ledger takes batches again, after 60 s.',
    ]);
  });

  test('began, for a module that was started in the middle of it, when its oldest batch was due', () => {
    const scene = outage();
    scene.wait({ count: 2, oldestMs: START - 50_000 });
    scene.outage.fault(new UnavailableError('LEDGER_UNAVAILABLE', 'Away.'));
    scene.clock.timeMs += 5000;
    scene.wait(undefined);
    scene.outage.anchored();
    assert.equal(scene.told[1], 'LEDGER_BACK The ledger takes batches again, after 55 s.');
  });

  test('is not told while all is well', () => {
    const scene = outage();
    scene.outage.look();
    scene.outage.anchored();
    assert.deepEqual(scene.told, []);
  });

  test('has a code of docs/operating.md, whatever the fault; another fault in it is told too', () => {
    const scene = outage();
    for (const code of ['NOT_ENDORSED', 'NOT_ENDORSED', 'CERTIFICATION_UNAVAILABLE', 'LEDGER_BUSY'])
      scene.outage.fault(new UnavailableError(code, 'Away.'));
    scene.outage.fault(new RejectedError('DATED_BACK', 'A clock is wrong.'));
    scene.outage.anchored();
    scene.outage.fault(new UnavailableError('NOT_ENDORSED', 'Away again.'));
    assert.deepEqual(
      scene.told.map((line) => line.split(' ')[0]),
      ['NOT_ENDORSED', 'CERTIFICATION_UNAVAILABLE', 'LEDGER_UNAVAILABLE', 'LEDGER_FAULT', 'LEDGER_BACK', 'NOT_ENDORSED'],
    );
  });
});
