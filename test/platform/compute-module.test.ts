import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FatalError, sha256, toHex, utf8 } from '../../src/core/index.ts';
import { loadComputeModule } from '../../src/platform/index.ts';
import type { ComputeInputs, ComputeModule } from '../../src/policy/index.ts';

function load(source: string, limitMs?: number): ComputeModule {
  return loadComputeModule(utf8(source), toHex(sha256(utf8(source))), limitMs);
}

function result(body: string, inputs: ComputeInputs = {}): number {
  return load(`export default (inputs) => { ${body} };`).run(inputs);
}

describe('a compute module', () => {
  test('computes one number from its inputs, with helpers beside it', () => {
    const module = load(
      '// a model\nconst scale = 3;\nfunction scaled(x) {\n  return x * scale;\n}\n\nexport default function model({ a, on, text }) {\n  return on ? scaled(a) + text.length : 0;\n}\n',
    );
    assert.equal(module.run({ a: 1.5, on: true, text: 'abc' }), 7.5);
    assert.equal(module.digest.length, 64);
  });

  test('gives the same doubles as the same arithmetic outside', () => {
    const module = load('export default ({ a, b }) => a * 0.1 + Math.sqrt(Math.abs(b)) / 3;');
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(number, number, (a, b) => assert.equal(module.run({ a, b }), a * 0.1 + Math.sqrt(Math.abs(b)) / 3)),
      { numRuns: 50 },
    );
  });

  test('sees a tag with any name as an input of its own', () => {
    assert.equal(
      result(
        'return Object.keys(inputs).length;',
        Object.fromEntries([
          ['__proto__', 1],
          ['constructor', 2],
        ]),
      ),
      2,
    );
  });

  for (const [what, body] of [
    ['throws', 'throw new Error("no");'],
    ['throws a trap', 'throw { get code() { for (;;); } };'],
    ['gives a text', 'return "1";'],
    ['gives a bigint', 'return 1n;'],
    ['gives nothing', ''],
    ['gives an object that pretends to be a number', 'return { valueOf() { return 1; } };'],
    ['calls itself for ever', 'const again = () => again() + 1; return again();'],
  ] as const) {
    test(`that ${what} gives NaN`, () => assert.ok(Number.isNaN(result(body))));
  }
});

describe('nothing but its inputs bears on the result', () => {
  for (const name of [
    'Date',
    'performance',
    'process',
    'require',
    'console',
    'fetch',
    'crypto',
    'setTimeout',
    'WebAssembly',
    'SharedArrayBuffer',
    'Atomics',
    'Intl',
    'WeakRef',
    'FinalizationRegistry',
    'Promise',
    'Temporal',
    'gc',
    'eval',
    'queueMicrotask',
    'structuredClone',
    'Buffer',
  ]) {
    test(`${name} is not there`, () => assert.equal(result(`return typeof ${name} === 'undefined' ? 1 : 0;`), 1));
  }

  test('no promise can be had', () => {
    assert.equal(result('return "fromAsync" in Array ? 1 : 0;'), 0);
    assert.throws(() => result('return (async () => 1)();'), { code: 'COMPUTE_MODULE_FORM' });
  });

  test('nor are Math.random, texts by locale, stack traces and the last match of RegExp', () => {
    assert.equal(result('return "random" in Math ? 1 : 0;'), 0);
    assert.equal(
      result(
        'return "toLocaleString" in Number.prototype || "localeCompare" in String.prototype || "toLocaleUpperCase" in String.prototype ? 1 : 0;',
      ),
      0,
    );
    assert.equal(result('"abc".match(/b/); return RegExp["$&"] === undefined && RegExp.lastMatch === undefined ? 1 : 0;'), 1);
    assert.equal(result('return new Error("x").stack.includes("at ") ? 1 : 0;'), 0);
  });

  for (const [what, body] of [
    ['eval', '(0, eval)("1")'],
    ['Function', 'Function("return 1")()'],
    ['the constructor of its inputs', 'inputs.constructor.constructor("return 1")()'],
    ['the constructor of generators', '(function* () {}).constructor("yield 1")().next().value'],
  ] as const) {
    test(`no code comes of text by ${what}`, () => assert.ok(Number.isNaN(result(`return ${body};`))));
  }

  test('variables of the module begin anew with each call', () => {
    const module = load('let calls = 0;\nexport default () => ++calls;');
    assert.deepEqual([module.run({}), module.run({})], [1, 1]);
  });

  for (const [what, place] of [
    ['the global object', 'globalThis'],
    ['Object.prototype', 'Object.prototype'],
    ['Math', 'Math'],
    ['a built-in function', 'Math.sin'],
    ['the prototype of generators', 'Object.getPrototypeOf(Object.getPrototypeOf((function* () {})()))'],
    ['the prototype of list iterators', 'Object.getPrototypeOf([].values())'],
    ['the prototype of match iterators', 'Object.getPrototypeOf("a".matchAll(/a/g))'],
    ['the prototype of iterator helpers', 'Object.getPrototypeOf([].values().map((x) => x))'],
    ['the prototype of typed arrays', 'Object.getPrototypeOf(Uint8Array.prototype)'],
    ['the template of a tagged text', '((parts) => parts)`a`'],
  ] as const) {
    test(`nothing can be left for a later call on ${what}`, () => {
      const module = load(
        `export default ({ first }) => { const place = ${place}; if (first) place.left = 1; return place.left === undefined ? 0 : 1; };`,
      );
      assert.ok(Number.isNaN(module.run({ first: true })));
      assert.equal(module.run({ first: false }), 0);
    });
  }
});

describe('refusals', () => {
  test('bytes of another digest', () => {
    assert.throws(() => loadComputeModule(utf8('export default () => 1;'), '0'.repeat(64)), { code: 'COMPUTE_MODULE_DIGEST' });
  });

  test('a form that is not allowed, a source that does not parse, and bytes that are no text', () => {
    assert.throws(() => load('import "node:fs";\nexport default () => 1;'), { code: 'COMPUTE_MODULE_FORM' });
    assert.throws(() => load('export default ('), { code: 'COMPUTE_MODULE_SYNTAX' });
    assert.throws(() => load('} catch {} //\nexport default () => 1'), { code: 'COMPUTE_MODULE_SYNTAX' });
    const noText = new Uint8Array([0xff]);
    assert.throws(() => loadComputeModule(noText, toHex(sha256(noText))), { code: 'BAD_UTF8' });
  });

  test('a call without end stops the caller as a fatal error', () => {
    const module = load('export default () => { for (;;); };', 50);
    assert.throws(
      () => module.run({}),
      (error) => error instanceof FatalError && error.code === 'COMPUTE_TIME_LIMIT',
    );
  });
});
