import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Clearing } from '../../src/policy/index.ts';
import { compile, condition, GOOD, policyText, reading, refusal, ua } from './policies.ts';

const RANGES = [condition(0, { ranges: [{ to: 5 }] }), condition(1, { ranges: [{ from: 5 }] })];
const zones = (stream: object, tag: object = {}): string =>
  policyText({ type: 'Float', length: 4, ...tag }, { conditions: RANGES, ...stream });

describe('an array tag', () => {
  test('is one tag for each element, in order, before the tags that follow it', () => {
    const { tags, streams } = compile(
      policyText({ length: 3, minimum: 1 }, { tags: ['U'], conditions: [condition(0, { ranges: [{}] })] }, [{ name: 'U', type: 'Double' }]),
    );
    assert.deepEqual(
      tags.map(({ name, minimum, array }) => [name, minimum, array?.name, array?.index, array?.length]),
      [
        ['T[0]', 1, 'T', 0, 3],
        ['T[1]', 1, 'T', 1, 3],
        ['T[2]', 1, 'T', 2, 3],
        ['U', undefined, undefined, undefined, undefined],
      ],
    );
    assert.deepEqual(streams[0]?.tags, [3]);
  });

  test('is cleared by the element that a stream names', () => {
    const clearing = new Clearing(compile(zones({ tags: ['T[2]'] })));
    clearing.accept(reading('T[2]', ua('Float', 9)));
    clearing.accept(reading('T[1]', ua('Float', 1)));
    assert.equal(clearing.condition(0, 0), 1);
  });

  test('is computed with by its elements', () => {
    const compute = { kind: 'linear', weights: { 'T[0]': 1, 'T[3]': 1 } };
    const clearing = new Clearing(compile(zones({ tags: ['T[0]', 'T[3]'], compute })));
    for (const [tag, value] of [
      ['T[0]', 3],
      ['T[3]', 4],
    ] as const)
      clearing.accept(reading(tag, ua('Float', value), { status: GOOD }));
    assert.equal(clearing.condition(0, 0), 1);
  });

  test('is refused as the source of a stream as a whole', () => {
    assert.match(refusal('POLICY_INCONSISTENT', zones({ tags: ['T'] })), /this tag is an array.*"T\[0\]"/);
  });

  test('is refused with an element that it does not have', () => {
    assert.match(refusal('POLICY_INCONSISTENT', zones({ tags: ['T[4]'] })), /no tag has this name/);
  });

  test('is refused beside a tag with the name of one of its elements, and the other way about', () => {
    const clash = { name: 'T[2]', type: 'Byte' };
    assert.match(
      refusal('POLICY_INCONSISTENT', policyText({ length: 4 }, { tags: ['T[0]'], conditions: RANGES }, [clash])),
      /two tags have this name/,
    );
    assert.match(
      refusal(
        'POLICY_INCONSISTENT',
        policyText({ name: 'T[2]' }, { tags: ['T[2]'], conditions: RANGES }, [{ name: 'T', type: 'Byte', length: 3 }]),
      ),
      /the name "T\[2\]" of one of its elements/,
    );
  });

  test('is refused where a policy would have more values than a batch has places', () => {
    const others = ['A', 'B', 'C', 'D'].map((name) => ({ name, type: 'Byte', length: 1000 }));
    assert.match(refusal('POLICY_INCONSISTENT', policyText({ length: 96 }, { tags: ['T[0]'], conditions: RANGES }, others)), /4096 values/);
    compile(policyText({ length: 95 }, { tags: ['T[0]'], conditions: RANGES }, others));
  });

  for (const length of [0, 1001, 1.5]) {
    test(`is refused with a length of ${length}`, () => {
      assert.match(refusal('BAD_FILE', zones({ tags: ['T[0]'] }, { length })), /1 to 1000/);
    });
  }
});
