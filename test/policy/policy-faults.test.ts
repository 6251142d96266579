import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RejectedError } from '../../src/core/index.ts';
import { compilePolicy, computeModulesOf, policySchema, readPolicyFile } from '../../src/policy/index.ts';
import { compile, condition, policyText, refusal } from './policies.ts';

const ALL = [condition(0, { ranges: [{}] })];
const OTHER = { name: 'U', type: 'Double' };
const LINEAR = { kind: 'linear', weights: { T: 1 } };
const SHA = 'a'.repeat(64);

function tag(keys: object): string {
  return policyText(keys as Record<string, unknown>, { conditions: ALL });
}

function stream(keys: object, others: Record<string, unknown>[] = []): string {
  return policyText({}, { conditions: ALL, ...keys }, others);
}

describe('tags that do not fit together', () => {
  for (const [what, text, words] of [
    ['the same name twice', policyText({}, { conditions: ALL }, [{ name: 'T', type: 'Int32' }]), /two tags have this name/],
    ['a minimum above the maximum', tag({ minimum: 5, maximum: 4 }), /5 is above "maximum", 4/],
    ['a range on a Boolean', tag({ type: 'Boolean', minimum: 0 }), /type Boolean has no range/],
    ['a range on an enumeration', tag({ minimum: 0, enumeration: [{ value: 0, name: 'A' }] }), /an enumeration has no range/],
    ['a fraction as bound of an integer', tag({ maximum: 4.5 }), /integer bounds/],
    ['a bound that the type cannot hold', tag({ type: 'Byte', maximum: 256 }), /Byte ends at 0 and 255/],
    ['an enumeration of a Double', tag({ type: 'Double', enumeration: [{ value: 0, name: 'A' }] }), /type Double is no enumeration/],
    ['an enumeration of a DateTime', tag({ type: 'DateTime', enumeration: [{ value: 0, name: 'A' }] }), /type DateTime is no enumeration/],
    [
      'an enumeration’s value that the type cannot hold',
      tag({ type: 'Byte', enumeration: [{ value: 256, name: 'A' }] }),
      /Byte cannot hold 256/,
    ],
    [
      'an enumeration’s value twice',
      tag({
        enumeration: [
          { value: 1, name: 'A' },
          { value: 1, name: 'B' },
        ],
      }),
      /the value 1 stands twice/,
    ],
    [
      'an enumeration’s name twice',
      tag({
        enumeration: [
          { value: 1, name: 'A' },
          { value: 2, name: 'A' },
        ],
      }),
      /the name "A" stands twice/,
    ],
    ['limits of age for server time', tag({ timestamps: { use: 'server', maxAgeMs: 5 } }), /"server" time has none/],
    ['source time without limits', tag({ timestamps: { use: 'source', maxAgeMs: 5 } }), /without both its limits/],
  ] as const) {
    test(what, () => assert.match(refusal('POLICY_INCONSISTENT', text), words));
  }
});

describe('streams that do not fit together', () => {
  for (const [what, text, words] of [
    ['an unknown tag', stream({ tags: ['V'] }), /no tag has this name/],
    ['several tags without compute', stream({ tags: ['T', 'U'] }, [OTHER]), /no "compute" that makes one value/],
    ['a trigger that is no source', stream({ trigger: 'U' }, [OTHER]), /not among the source tags/],
    ['compute over status codes', stream({ input: 'status', compute: LINEAR }), /status codes are not computed with/],
    ['a linear model over text', policyText({ type: 'String' }, { compute: LINEAR, conditions: ALL }), /cannot be computed with/],
    [
      'a weight for a tag that is no source',
      stream({ compute: { kind: 'linear', weights: { T: 1, U: 1 } } }, [OTHER]),
      /not among the source tags/,
    ],
    ['a source without a weight', stream({ tags: ['T', 'U'], compute: LINEAR }, [OTHER]), /the source tag "U" has no weight/],
    ['a linear model with a file', stream({ compute: { ...LINEAR, file: 'x.js' } }), /belong to the kind "module"/],
    ['a module with weights', stream({ compute: { ...LINEAR, kind: 'module' } }), /belong to the kind "linear"/],
    ['a module without digest', stream({ compute: { kind: 'module', file: 'x.js' } }), /needs "file" and "sha256"/],
    ['delta without decrease', stream({ aggregate: 'delta' }), /"delta" without "decrease"/],
    ['decrease without delta', stream({ decrease: 'signed' }), /belongs to the aggregation "delta"/],
    ['a restarting counter that can be negative', stream({ aggregate: 'delta', decrease: 'restart' }), /never negative/],
    ['a mean of Booleans', policyText({ type: 'Boolean' }, { aggregate: 'mean', conditions: ALL }), /Use last, max, min, count/],
    ['a sum of texts', policyText({ type: 'String' }, { aggregate: 'sum', conditions: ALL }), /Use last, count/],
    ['zero for a maximum without samples', stream({ aggregate: 'max', quality: { missing: 'zero' } }), /belongs to sum, count and delta/],
    ['a bad-rule for status codes', stream({ input: 'status', quality: { bad: 'none' } }), /the status itself is mapped/],
    ['a quality rule with an unknown code', stream({ quality: { stale: 5 } }), /no condition of this stream has the code 5/],
    ['the same code twice', stream({ conditions: [...ALL, condition(0)] }), /the code 0 stands twice/],
    ['the same text twice', stream({ conditions: [...ALL, { ...condition(0), code: 1 }] }), /another condition has this text/],
  ] as const) {
    test(what, () => assert.match(refusal('POLICY_INCONSISTENT', text), words));
  }

  test('the same stream name twice', () => {
    const policy = JSON.parse(stream({})) as { streams: unknown[] };
    policy.streams.push(policy.streams[0]);
    assert.match(refusal('POLICY_INCONSISTENT', JSON.stringify(policy)), /two streams have this name/);
  });

  test('a condition that neither a value nor the quality rule gives', () => {
    assert.match(refusal('POLICY_UNREACHABLE', stream({ conditions: [...ALL, condition(5)] })), /nothing gives condition 5/);
    compile(stream({ conditions: [...ALL, condition(5)], quality: { uncertain: 5 } }));
  });

  test('a compute module that was not supplied, or under another digest', () => {
    const text = stream({ compute: { kind: 'module', file: 'x.js', sha256: SHA } });
    refusal('COMPUTE_MODULE_MISSING', text);
    const impostor = { digest: 'b'.repeat(64), run: () => 0 };
    assert.throws(
      () => compilePolicy({ name: 'p', text }, new Map([[SHA, impostor]])),
      (error) => error instanceof RejectedError && error.code === 'COMPUTE_MODULE_MISSING',
    );
    compile(text, new Map([[SHA, { digest: SHA, run: () => 0 }]]));
  });
});

describe('the schema', () => {
  for (const [what, text, words] of [
    ['a missing key', '{"id":"a","version":1,"tags":[]}', /line 1/],
    ['an unknown key', stream({ tagz: [] }), /unknown key\. Remove it or correct its spelling/],
    ['an unknown type', tag({ type: 'Int128' }), /must be one of Boolean, SByte/],
    ['an infinite bound', stream({}).replace(/\{\}/, '{ "from": 1e999 }'), /lower bound, a number/],
    ['a negative code', stream({ conditions: [{ ...condition(-1), code: -1 }] }), /Expected: the condition's code, an integer from 0/],
    ['a code beyond Int32', stream({ conditions: [{ ...condition(1), code: 2 ** 31 }] }), /Expected: the condition's code/],
    ['an importance of 0', stream({ conditions: [{ ...condition(1), importance: 0 }] }), /Expected: importance from 1 to 1000/],
    [
      'a text in one language only',
      stream({ conditions: [{ ...condition(1), text: { en: 'a' } }] }),
      /key "de" is missing. Add it: the German text/,
    ],
    [
      'a bound’s side without the bound',
      stream({ conditions: [condition(1, { ranges: [{ toIncluded: true }] })] }),
      /key "to" is missing. Add it: upper bound/,
    ],
    ['a line break in a text', stream({ conditions: [{ ...condition(1), text: { en: 'a\nb', de: 'c' } }] }), /the English text, 1 to 200/],
    ['otherwise: false', stream({ conditions: [condition(1, { otherwise: false })] }), /Expected: true: every value/],
    ['an unknown quality rule', stream({ quality: { bad: 'hold' } }), /Expected: "ignore" \(default/],
    ['65 streams', JSON.stringify({ ...JSON.parse(stream({})), streams: Array.from({ length: 65 }, () => ({})) }), /1 to 64/],
    ['no JSON', '{', /not JSON/],
  ] as const) {
    test(`refuses ${what}, and says what is expected where`, () => assert.match(refusal('BAD_FILE', text), words));
  }

  test('lets $schema, comments and trailing commas through', () => {
    compile(`// a policy\n${stream({}).replace('{', '{ "$schema": "../x.json",').replace(/\}$/, ',}')}`);
  });

  test('describes every property and every item, for its descriptions are the remedies', () => {
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, value] of Object.entries(node)) {
        if (key === 'properties' || key === '$defs') {
          for (const [name, one] of Object.entries(value as Record<string, Record<string, unknown>>)) {
            assert.ok('description' in one || '$ref' in one, `${path}/${key}/${name} has no description`);
          }
        }
        walk(value, `${path}/${key}`);
      }
    };
    walk(policySchema, '');
  });

  test('a parsed file that is no mapping policy is refused', () => {
    assert.throws(() => compilePolicy({ name: 'x', value: {}, lineOf: () => 1 }), /not a mapping policy/);
  });
});

test('the modules that a policy names are found before it compiles', () => {
  const text = stream({ compute: { kind: 'module', file: 'model.js', sha256: SHA } });
  assert.deepEqual(computeModulesOf(readPolicyFile('p', text)), [{ file: 'model.js', sha256: SHA }]);
  assert.deepEqual(computeModulesOf(readPolicyFile('p', stream({ compute: LINEAR }))), []);
  assert.deepEqual(computeModulesOf({ name: 'p', value: null, lineOf: () => 1 }), []);
});
