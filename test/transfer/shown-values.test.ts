import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { intervalEnd, intervalStart } from '../../src/core/index.ts';
import type { BatchHeader, BatchStatement } from '../../src/evidence/index.ts';
import { type ShownOtherwise, ShownValues } from '../../src/transfer/index.ts';
import { transferParams } from './fixture.ts';

const PARAMS = transferParams({ publications: 2, conditionDepth: 3 });

/** Codes by stream and publication. */
function delivered(shown: ShownValues, n: number, codes: readonly (readonly number[])[], through = n, row = 0): void {
  const header = { n, interval: n, through, row, toMs: intervalEnd(PARAMS, through) } as unknown as BatchHeader;
  const conditions = codes.flatMap((each, stream) => each.map((code, publication) => ({ stream, publication, code })));
  shown.delivered(header, { conditions } as unknown as BatchStatement);
}

function watch(): { shown: ShownValues; found: ShownOtherwise[] } {
  const found: ShownOtherwise[] = [];
  return { shown: new ShownValues(PARAMS, (difference) => found.push(difference)), found };
}

/** Grid time of a publication. */
const at = (interval: number, publication: number): number => intervalStart(PARAMS, interval) + (publication + 1) * 500;

describe('a cleared value and the record of the same grid time', () => {
  test('that agree are well, whichever comes first, at every publication of the interval', () => {
    const { shown, found } = watch();
    shown.shown(0, at(0, 0), 1);
    shown.shown(1, at(0, 1), 4);
    delivered(shown, 0, [
      [1, 2],
      [3, 4],
    ]);
    shown.shown(0, at(0, 1), 2);
    shown.shown(1, at(0, 0), 3);
    shown.shown(1, at(0, 0), 3);
    assert.deepEqual(found, []);
  });

  test('that differ are found, whichever comes first', () => {
    for (const isShownFirst of [true, false]) {
      const { shown, found } = watch();
      const steps = [
        () => shown.shown(1, at(0, 0), 9),
        () =>
          delivered(shown, 0, [
            [1, 2],
            [3, 4],
          ]),
      ];
      for (const step of isShownFirst ? steps : steps.reverse()) step();
      assert.deepEqual(found, [{ n: 0, stream: 1, gridMs: at(0, 0), unrecorded: false }]);
    }
  });

  test('a value for a time that the batch has no record of is found, before and after the delivery', () => {
    for (const isShownFirst of [true, false]) {
      const { shown, found } = watch();
      const steps = [
        () => shown.shown(0, at(0, 0) + 1, 1),
        () =>
          delivered(shown, 0, [
            [1, 2],
            [3, 4],
          ]),
      ];
      for (const step of isShownFirst ? steps : steps.reverse()) step();
      assert.deepEqual(found, [{ n: 0, stream: 0, gridMs: at(0, 0) + 1, unrecorded: true }]);
    }
  });

  test('a value from before the first delivery of this start says nothing', () => {
    const { shown, found } = watch();
    shown.shown(0, at(0, 1), 7);
    delivered(shown, 3, [
      [1, 2],
      [3, 4],
    ]);
    shown.shown(0, at(1, 1), 7);
    assert.deepEqual(found, []);
  });

  test('a batch that was called for is compared with nothing; one over several intervals by its end', () => {
    const { shown, found } = watch();
    delivered(
      shown,
      0,
      [
        [-1, -1],
        [-1, -1],
      ],
      0,
      1,
    );
    shown.shown(0, at(0, 1), 7);
    assert.deepEqual(found, []);
    delivered(
      shown,
      1,
      [
        [-3, -3],
        [-3, -3],
      ],
      4,
    );
    shown.shown(0, at(4, 1), -3);
    assert.deepEqual(found, []);
    shown.shown(1, at(4, 1), 2);
    assert.deepEqual(found, [{ n: 1, stream: 1, gridMs: at(4, 1), unrecorded: false }]);
  });

  test('in any order of arrival, exactly the values that differ are found', () => {
    const step = fc.record({ interval: fc.nat(5), publication: fc.nat(1), stream: fc.nat(1), isWrong: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(5), (values, after) => {
        const { shown, found } = watch();
        const code = (interval: number, stream: number, publication: number): number => 100 * interval + 10 * stream + publication;
        const show = ({ interval, publication, stream, isWrong }: (typeof values)[number]): void =>
          shown.shown(stream, at(interval, publication), code(interval, stream, publication) + (isWrong ? 1000 : 0));
        const early = values.slice(0, after);
        for (const value of early) show(value);
        for (let n = 0; n <= 5; n++)
          delivered(
            shown,
            n,
            [0, 1].map((stream) => [0, 1].map((publication) => code(n, stream, publication))),
          );
        for (const value of values.slice(after)) show(value);
        // Of several values for one time before the record, the last counts.
        const kept = new Map(early.map((value) => [`${value.stream} ${at(value.interval, value.publication)}`, value]));
        const wrong = [...kept.values(), ...values.slice(after)].filter(({ isWrong }) => isWrong);
        assert.equal(found.length, wrong.length);
        assert.ok(found.every(({ unrecorded }) => !unrecorded));
      }),
    );
  });
});
