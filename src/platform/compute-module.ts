import * as vm from 'node:vm';
import { type Bytes, FatalError, fromUtf8, RejectedError, sha256, toHex } from '../core/index.ts';
import { type ComputeModule, requireComputeForm } from '../policy/index.ts';
import type { PlatformErrorCode } from './errors.ts';

/*
 * Runs the compute modules of mapping policies. Each lives in a realm of its own that has no clock, no randomness, no
 * I/O, no way to compile code from text and nothing that outlives a call: the built-in objects are cut down to a list
 * and frozen, and the module's top level is evaluated anew for each call.
 *
 * node:vm is NOT a security boundary: code that is made to break out of it may well succeed, and then runs with all the
 * rights of this process. What protects here is that the module is the owner's own, read by the owner, agreed on with
 * the mapping policy and pinned by its digest. The realm keeps an honest module honest: its result depends on its
 * inputs alone, so that an auditor who repeats the computation gets the same.
 */

/**
 * How long one call may take. Far more than any model needs: it only ends what would not end by itself. Watching costs
 * each call a thread's start and end, some tenths of a millisecond; the linear model costs none of this.
 */
export const COMPUTE_LIMIT_MS = 1000;

/** The globals that stay. All else goes, known today or not. */
const PURE_GLOBALS = [
  ...['globalThis', 'Infinity', 'NaN', 'undefined', 'isFinite', 'isNaN', 'parseFloat', 'parseInt'],
  ...['Object', 'Function', 'Array', 'Number', 'Boolean', 'String', 'Symbol', 'BigInt', 'Math', 'JSON', 'RegExp', 'Reflect', 'Proxy'],
  ...['Map', 'Set', 'WeakMap', 'WeakSet', 'Iterator', 'ArrayBuffer', 'DataView'],
  ...['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array'],
  ...['BigInt64Array', 'BigUint64Array', 'Float32Array', 'Float64Array'],
  ...['Error', 'AggregateError', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError'],
];

/**
 * Prepares the realm, from inside: removes what is not on the list, what depends on the place (locale) or on earlier
 * calls (the last match that RegExp remembers), and freezes all that is left. Gives a function that takes a call's
 * inputs; `dcmbInputs` hands them to the call.
 */
const PREPARE = `(() => {
  'use strict';
  const keep = new Set(${JSON.stringify(PURE_GLOBALS)});
  for (const key of Reflect.ownKeys(globalThis)) if (!keep.has(key)) delete globalThis[key];
  delete Math.random;
  delete Array.fromAsync;
  for (const key of Reflect.ownKeys(RegExp)) if (!['length', 'name', 'prototype', 'escape', Symbol.species].includes(key)) delete RegExp[key];
  for (const type of [Object, Array, Number, BigInt, String, Object.getPrototypeOf(Int8Array)]) {
    for (const key of Reflect.ownKeys(type.prototype)) if (String(key).includes('ocale')) delete type.prototype[key];
  }
  delete Error.captureStackTrace;
  Object.defineProperty(Error, 'stackTraceLimit', { value: 0 });
  let inputs = '';
  const { parse } = JSON;
  Object.defineProperty(globalThis, 'dcmbInputs', { value: () => parse(inputs) });
  const seen = new Set();
  const freeze = (value) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return;
    seen.add(value);
    Object.freeze(value);
    freeze(Object.getPrototypeOf(value));
    for (const property of Object.values(Object.getOwnPropertyDescriptors(value))) {
      freeze(property.value);
      freeze(property.get);
      freeze(property.set);
    }
    for (const symbol of Object.getOwnPropertySymbols(value)) freeze(Object.getOwnPropertyDescriptor(value, symbol).value);
  };
  // What no global leads to: the kinds of functions, generators and iterators. (Promises cannot be had: the
  // form allows no asynchronous functions.)
  const hidden = [function* () {}, (function* () {})(), (function () { return arguments; })()];
  hidden.push([].values(), new Map().values(), new Set().values(), ''[Symbol.iterator](), 'a'.matchAll(/a/g));
  hidden.push([].values().map((item) => item), Iterator.from({ next() {} }));
  hidden.forEach(freeze);
  freeze(globalThis);
  return (text) => { inputs = text; };
})()`;

/**
 * Loads a compute module that a mapping policy names.
 * @param source the bytes of the ES module's file
 * @param digest the SHA-256 that the policy gives, lower-case hexadecimal
 * @throws RejectedError `COMPUTE_MODULE_DIGEST`, `COMPUTE_MODULE_SYNTAX`, policy's `COMPUTE_MODULE_FORM`, core's `BAD_UTF8`.
 *   The module's `run` throws FatalError `COMPUTE_TIME_LIMIT` where a call does not end within {@link COMPUTE_LIMIT_MS}.
 */
export function loadComputeModule(source: Bytes, digest: string, limitMs: number = COMPUTE_LIMIT_MS): ComputeModule {
  if (toHex(sha256(source)) !== digest) {
    throw new RejectedError<PlatformErrorCode>(
      'COMPUTE_MODULE_DIGEST',
      'The compute module has another digest than the mapping policy says: it was changed, or the policy means another file. Restore it, or correct "sha256".',
    );
  }
  const text = fromUtf8(source);
  requireComputeForm(text);
  const call = scriptOf(text);
  const realm = vm.createContext(vm.constants.DONT_CONTEXTIFY, {
    codeGeneration: { strings: false, wasm: false },
    microtaskMode: 'afterEvaluate',
  });
  const setInputs = vm.runInContext(PREPARE, realm) as (text: string) => void;
  return {
    digest,
    run: (inputs) => {
      // As text, for an object of this realm would lead the module to this realm's globals.
      setInputs(JSON.stringify(inputs));
      return resultOf(call, realm, limitMs);
    },
  };
}

/** What the module throws is caught in its own realm, so what arrives here was thrown by the engine. */
function resultOf(call: vm.Script, realm: vm.Context, limitMs: number): number {
  try {
    return call.runInContext(realm, { timeout: limitMs }) as number;
  } catch (cause) {
    throw new FatalError<PlatformErrorCode>(
      'COMPUTE_TIME_LIMIT',
      `A compute module did not come to an end within ${limitMs} ms. Correct the module.`,
      { cause },
    );
  }
}

/** The whole module and its call as one script: evaluated anew each time, so that no variable of it outlives a call. */
function scriptOf(source: string): vm.Script {
  const body = source.replace(/^export default/m, 'const dcmbDefault =');
  const run = `const result = (() => {${body}\n;return dcmbDefault;})()(dcmbInputs()); return typeof result === 'number' ? result : 0 / 0;`;
  const text = `(() => { 'use strict'; try { ${run} } catch { return 0 / 0; } })()`;
  try {
    return new vm.Script(text, { filename: 'compute-module' });
  } catch (cause) {
    throw new RejectedError<PlatformErrorCode>('COMPUTE_MODULE_SYNTAX', 'The compute module is not valid: its source does not parse.', {
      cause,
    });
  }
}
