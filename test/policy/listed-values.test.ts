import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Clearing } from '../../src/policy/index.ts';
import { BAD, codeOf, compile, condition, policyText, reading, refusal, ua } from './policies.ts';

const OTHERWISE = { otherwise: true };

describe('Booleans', () => {
  test('map by listed values, without otherwise', () => {
    const policy = compile(
      policyText({ type: 'Boolean' }, { conditions: [condition(4, { values: [true] }), condition(5, { values: [false] })] }),
    );
    assert.deepEqual([codeOf(policy, true), codeOf(policy, false)], [4, 5]);
  });

  test('max is "was true at some time", min is "was true all the time"', () => {
    const conditions = [condition(1, { values: [true] }), condition(0, { values: [false] })];
    const any = compile(policyText({ type: 'Boolean' }, { aggregate: 'max', conditions }));
    const all = compile(policyText({ type: 'Boolean' }, { aggregate: 'min', conditions }));
    assert.deepEqual(
      [codeOf(any, false, true, false), codeOf(any, false), codeOf(all, true, false, true), codeOf(all, true)],
      [1, 0, 0, 1],
    );
  });

  test('a value that is not listed is a hole', () => {
    assert.match(
      refusal('POLICY_HOLE', policyText({ type: 'Boolean' }, { conditions: [condition(0, { values: [true] })] })),
      /covers false\./,
    );
    assert.match(
      refusal('POLICY_HOLE', policyText({ type: 'Boolean' }, { conditions: [condition(0)], quality: { bad: 0 } })),
      /covers true and false\./,
    );
  });

  test('otherwise after both is unreachable, and so is a number', () => {
    const both = [condition(0, { values: [true, false] }), condition(1, OTHERWISE)];
    assert.match(refusal('POLICY_UNREACHABLE', policyText({ type: 'Boolean' }, { conditions: both })), /condition 1 \("otherwise"\)/);
    const number = [condition(0, { values: [1] }), condition(1, OTHERWISE)];
    assert.match(
      refusal('POLICY_UNREACHABLE', policyText({ type: 'Boolean' }, { conditions: number })),
      /lists 1, but the stream has true and false/,
    );
  });
});

describe('enumerations', () => {
  const tag = {
    type: 'Int32',
    enumeration: [
      { value: 0, name: 'Off' },
      { value: 1, name: 'Idle' },
      { value: 7, name: 'Run' },
    ],
  };

  test('map by number or by name', () => {
    const policy = compile(policyText(tag, { conditions: [condition(0, { values: [0, 'Idle'] }), condition(1, { values: ['Run'] })] }));
    assert.deepEqual(
      [0, 1, 7].map((value) => codeOf(policy, value)),
      [0, 0, 1],
    );
  });

  test('a value that the enumeration does not have is a bad reading', () => {
    const policy = compile(policyText(tag, { conditions: [condition(0, OTHERWISE), condition(9)], quality: { bad: 9 } }));
    assert.deepEqual([codeOf(policy, 1), codeOf(policy, 2)], [0, 9]);
  });

  test('holes, overlaps and unknown values are refused with the value', () => {
    assert.match(refusal('POLICY_HOLE', policyText(tag, { conditions: [condition(0, { values: [0, 7] })] })), /covers 1 \("Idle"\)/);
    const twice = [condition(0, { values: [0, 1, 7] }), condition(1, { values: ['Run'] })];
    assert.match(refusal('POLICY_OVERLAP', policyText(tag, { conditions: twice })), /"Run": conditions 0 and 1 both list it/);
    const unknown = [condition(0, { values: [2] }), condition(1, OTHERWISE)];
    assert.match(
      refusal('POLICY_UNREACHABLE', policyText(tag, { conditions: unknown })),
      /lists 2, but the stream has the values of its enumeration/,
    );
    const complete = [condition(0, { values: [0, 1, 7] }), condition(1, OTHERWISE)];
    refusal('POLICY_UNREACHABLE', policyText(tag, { conditions: complete }));
  });
});

describe('plain integers by listed values', () => {
  test('need otherwise unless every value of the range is listed', () => {
    const tag = { type: 'Byte', minimum: 1, maximum: 3 };
    compile(policyText(tag, { conditions: [condition(0, { values: [1, 2] }), condition(1, { values: [3] })] }));
    assert.match(refusal('POLICY_HOLE', policyText(tag, { conditions: [condition(0, { values: [1, 3] })] })), /covers 2\./);
    refusal('POLICY_UNREACHABLE', policyText(tag, { conditions: [condition(0, { values: [1, 2, 3] }), condition(1, OTHERWISE)] }));
    const policy = compile(policyText({ type: 'Int64' }, { conditions: [condition(0, { values: [42] }), condition(1, OTHERWISE)] }));
    assert.deepEqual([codeOf(policy, 42n), codeOf(policy, 43n)], [0, 1]);
  });

  test('outside the range, not an integer, or mixed with ranges are refused', () => {
    const tag = { type: 'Byte', minimum: 1, maximum: 3 };
    refusal('POLICY_UNREACHABLE', policyText(tag, { conditions: [condition(0, { values: [4] }), condition(1, OTHERWISE)] }));
    refusal('POLICY_UNREACHABLE', policyText(tag, { conditions: [condition(0, { values: ['1'] }), condition(1, OTHERWISE)] }));
    refusal(
      'POLICY_INCONSISTENT',
      policyText(tag, { conditions: [condition(0, { values: [1] }), condition(1, { ranges: [{ from: 2 }] })] }),
    );
    assert.match(refusal('BAD_FILE', policyText(tag, { conditions: [condition(0, { values: [1.5] })] })), /a value of the stream's type/);
  });

  test('reals cannot be listed, and numbers by ranges have no otherwise', () => {
    refusal('POLICY_UNREACHABLE', policyText({ type: 'Double' }, { conditions: [condition(0, { values: [1] }), condition(1, OTHERWISE)] }));
    refusal(
      'POLICY_INCONSISTENT',
      policyText({ type: 'Double' }, { conditions: [condition(0, { ranges: [{ to: 1 }] }), condition(1, OTHERWISE)] }),
    );
  });
});

describe('texts', () => {
  test('need otherwise', () => {
    const policy = compile(policyText({ type: 'String' }, { conditions: [condition(0, { values: ['ok', ''] }), condition(1, OTHERWISE)] }));
    assert.deepEqual(
      ['ok', '', 'OK', 'constructor', '__proto__'].map((text) => codeOf(policy, text)),
      [0, 0, 1, 1, 1],
    );
    assert.match(
      refusal('POLICY_HOLE', policyText({ type: 'String' }, { conditions: [condition(0, { values: ['ok'] })] })),
      /what is not listed/,
    );
  });

  test('every text gives exactly one condition', () => {
    const policy = compile(policyText({ type: 'String' }, { conditions: [condition(3, { values: ['a', 'b'] }), condition(1, OTHERWISE)] }));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(codeOf(policy, text), text === 'a' || text === 'b' ? 3 : 1)),
    );
  });

  test('ranges and a second otherwise are refused', () => {
    refusal(
      'POLICY_INCONSISTENT',
      policyText({ type: 'String' }, { conditions: [condition(0, { ranges: [{}] }), condition(1, OTHERWISE)] }),
    );
    assert.match(
      refusal('POLICY_OVERLAP', policyText({ type: 'String' }, { conditions: [condition(0, OTHERWISE), condition(1, OTHERWISE)] })),
      /conditions 0 and 1 are both "otherwise"/,
    );
  });

  test('ranges, values and otherwise exclude each other within a condition', () => {
    const both = [condition(0, { values: ['a'], otherwise: true })];
    assert.match(
      refusal('POLICY_INCONSISTENT', policyText({ type: 'String' }, { conditions: both })),
      /"values" and "otherwise" stand together/,
    );
  });
});

describe('status codes', () => {
  const conditions = [
    condition(0, { values: ['Good', '0x00300000'] }),
    condition(1, { values: ['BadNoCommunication'] }),
    condition(2, OTHERWISE),
  ];

  test('map by name or number whatever the value is, without their flag bits', () => {
    const policy = compile(policyText({ type: 'Double' }, { input: 'status', conditions }));
    const code = (status: number) => {
      const clearing = new Clearing(policy);
      clearing.accept(reading('T', undefined, { status }));
      return clearing.condition(0, 0);
    };
    assert.deepEqual([0, 0x400, 0x300000, 0x80310000, 0x803104ff, BAD, 0x40000000].map(code), [0, 0, 0, 1, 1, 2, 2]);
  });

  test('need otherwise; unknown names, flag bits and numbers are refused', () => {
    const listing = (values: unknown[]) =>
      policyText({}, { input: 'status', conditions: [condition(0, { values }), condition(1, OTHERWISE)] });
    for (const value of ['BadNews', '0x80310001', '0x8031', 2147483648, true]) refusal('POLICY_UNREACHABLE', listing([value]));
    refusal('POLICY_OVERLAP', listing(['Bad', '0x80000000']));
    refusal('POLICY_HOLE', policyText({}, { input: 'status', conditions: conditions.slice(0, 2) }));
  });

  test('count counts readings of any status', () => {
    const policy = compile(
      policyText(
        {},
        {
          input: 'status',
          aggregate: 'count',
          conditions: [condition(0, { ranges: [{ to: 2 }] }), condition(1, { ranges: [{ from: 2 }] })],
        },
      ),
    );
    const clearing = new Clearing(policy);
    clearing.accept(reading('T', undefined, { status: BAD }));
    clearing.accept(reading('T', ua('Int32', 1)));
    assert.equal(clearing.condition(0, 0), 1);
  });
});

test('a ByteString can be counted and nothing else', () => {
  const conditions = [condition(0, { ranges: [{ to: 2 }] }), condition(1, { ranges: [{ from: 2 }] })];
  const policy = compile(policyText({ type: 'ByteString' }, { aggregate: 'count', conditions }));
  assert.equal(codeOf(policy, new Uint8Array(3), new Uint8Array(0)), 1);
  refusal('POLICY_INCONSISTENT', policyText({ type: 'ByteString' }, { aggregate: 'last', conditions }));
});

test('a DateTime maps like an integer, in ms', () => {
  const policy = compile(
    policyText(
      { type: 'DateTime' },
      { conditions: [condition(0, { ranges: [{ to: 1000 }] }), condition(1, { ranges: [{ from: 1000 }] })] },
    ),
  );
  assert.deepEqual([codeOf(policy, 999n), codeOf(policy, 1000n)], [0, 1]);
});
