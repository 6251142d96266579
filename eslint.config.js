import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { CRYPTO_FILES, PURE_FOLDERS } from './scripts/floors.ts';

/** Ambient things that make a run differ from the next, or that a browser and chaincode don't have. */
const AMBIENT_GLOBALS = ['process', 'Buffer', 'performance', 'crypto', 'fetch', 'globalThis', 'global', 'require', 'navigator'];
const TIMERS = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'clearTimeout', 'clearInterval', 'clearImmediate'];

const ambientGlobals = [...AMBIENT_GLOBALS, ...TIMERS].map((name) => ({
  name,
  message: 'Floors 0 to 2 use no I/O, ambient clock or randomness.',
}));

const NO_CLOCK = 'No ambient clock: take a Clock (src/core/ports.ts).';
const NO_RANDOMNESS = 'No ambient randomness: take a Random (src/core/ports.ts).';

const MATH_RANDOM = [{ selector: "MemberExpression[object.name='Math'][property.name='random']", message: NO_RANDOMNESS }];

const CLOCK = [
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: NO_CLOCK },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: NO_CLOCK },
  { selector: "CallExpression[callee.name='Date']", message: NO_CLOCK },
];

/** What node:crypto offers that is not a function of its arguments. */
const RANDOM_CRYPTO = [
  { selector: 'Identifier[name=/^(random.*|generateKey.*|getRandomValues|webcrypto|createECDH)$/]', message: NO_RANDOMNESS },
];

const pure = PURE_FOLDERS.map((name) => `src/${name}/**/*.ts`);

/** node:test waits itself for the promise of each of these. */
const TEST_CALLS = ['test', 'it', 'describe', 'suite', 'before', 'after', 'beforeEach', 'afterEach'];

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'plant/', '.dcmb/', 'fabric/bin/', 'fabric/network/', '**/node_modules/', '**/.venv/']),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: TEST_CALLS }] },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // An async method of a port may have nothing to await in one of its adapters.
      '@typescript-eslint/require-await': 'off',
      // Numbers belong in messages; what must not be in a template is an object.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      complexity: ['error', 15],
      'max-depth': ['error', 3],
      'max-params': ['error', 5],
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 60, skipComments: true }],
      'no-restricted-syntax': ['error', ...MATH_RANDOM],
    },
  },
  {
    files: pure,
    ignores: CRYPTO_FILES,
    rules: { 'no-restricted-globals': ['error', ...ambientGlobals], 'no-restricted-syntax': ['error', ...MATH_RANDOM, ...CLOCK] },
  },
  { files: CRYPTO_FILES, rules: { 'no-restricted-syntax': ['error', ...MATH_RANDOM, ...CLOCK, ...RANDOM_CRYPTO] } },
  { files: ['src/cli/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'], rules: { 'no-console': 'off' } },
  // Generated from the NodeSet, as long as the model is.
  { files: ['src/nodeset/node-ids.ts'], rules: { 'max-lines': 'off' } },
  { files: ['**/*.js'], rules: { 'prefer-const': 'error', 'no-var': 'error', eqeqeq: 'error' } },
);
