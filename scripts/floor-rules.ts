/*
 * The floors of ARCHITECTURE.md as rules of dependency-cruiser. Run by scripts/check-floors.ts, which also sees to it that
 * every source file was really looked at.
 */
import type { ICruiseOptions, IForbiddenRuleType } from 'dependency-cruiser';
import { CRYPTO_FILES, FLOORS, PURE_FOLDERS } from './floors.ts';

const anyOf = (names: readonly string[]): string => `(?:${names.join('|')})`;
const literally = (text: string): string => text.replaceAll('.', '\\.');
const folder = (names: readonly string[]): string => `^src/${anyOf(names)}/`;
const npm = (names: readonly string[]): string => `(?:^|/)node_modules/${anyOf(names)}(?:/|$)`;

const all = FLOORS.flat();

/** For each folder: what is beside it, and what is above it. */
const floorRules: IForbiddenRuleType[] = FLOORS.flatMap((floor, number) =>
  floor.flatMap((name) => {
    const beside = floor.filter((other) => other !== name);
    const above = FLOORS.slice(number + 1).flat();
    return [
      forbid(`floor-sideways`, name, beside, `src/${name} is on floor ${number} and must not import its neighbours`),
      forbid(`floor-upward`, name, above, `src/${name} is on floor ${number} and must not import what is above it`),
    ].filter((rule) => rule !== undefined);
  }),
);

function forbid(kind: string, from: string, to: readonly string[], comment: string): IForbiddenRuleType | undefined {
  if (to.length === 0) return undefined;
  return { name: `${kind}-${from}`, severity: 'error', comment, from: { path: folder([from]) }, to: { path: folder(to) } };
}

const deepImport: IForbiddenRuleType = {
  name: 'deep-import',
  severity: 'error',
  comment: 'Another folder is imported through its index.ts only',
  from: { path: '^src/([^/]+)/' },
  to: { path: '^src/[^/]+/.+', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] },
};

const outside: IForbiddenRuleType[] = [
  {
    name: 'unknown-folder',
    severity: 'error',
    comment: 'A folder of src/ that stands on no floor: give it one in scripts/floors.ts',
    from: { path: '^src/', pathNot: folder(all) },
    to: {},
  },
  {
    name: 'source-imports-outside',
    severity: 'error',
    comment: 'Sources import no tests, scripts, benches or examples',
    from: { path: '^src/' },
    to: { path: '^(?:test|scripts|bench|examples|docs|web)/' },
  },
  {
    name: 'cli-app-only',
    severity: 'error',
    comment: 'The program uses nothing but the library',
    from: { path: '^src/cli/' },
    to: { path: '^src/', pathNot: '^src/(?:app|cli)/' },
  },
  {
    name: 'example-library-only',
    severity: 'error',
    comment: "Examples show the library: they import 'dcmb', never a folder of it",
    from: { path: '^examples/' },
    to: { path: '^src/', pathNot: '^src/app/index\\.ts$' },
  },
];

const packages: IForbiddenRuleType[] = [
  {
    name: 'pure-floors-no-node',
    severity: 'error',
    comment: 'Floors 0 to 2 run in a browser and as chaincode: no Node modules, but node:crypto in two files of core',
    from: { path: folder(PURE_FOLDERS), pathNot: anyOf(CRYPTO_FILES.map((file) => `^${literally(file)}$`)) },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'pure-floors-crypto-only',
    severity: 'error',
    comment: 'The two crypto files of core use node:crypto and no other Node module',
    from: { path: anyOf(CRYPTO_FILES.map((file) => `^${literally(file)}$`)) },
    to: { dependencyTypes: ['core'], pathNot: '^(?:node:)?crypto$' },
  },
  onlyIn('node-opcua-only-in', ['node-opcua[^/]*'], ['server', 'client', 'nodeset']),
  onlyIn('argon2-only-in', ['argon2'], ['platform', 'server/identity']),
  onlyIn('commander-only-in', ['commander'], ['cli']),
  onlyIn('fabric-only-in', ['@hyperledger', '@grpc', 'fabric-shim'], ['ledger/fabric']),
  {
    name: 'sqlite-only-in',
    severity: 'error',
    comment: 'node:sqlite is used in src/store and src/ledger/embedded only',
    from: { path: '^src/', pathNot: '^src/(?:store|ledger/embedded)/' },
    to: { path: '^(?:node:)?sqlite$' },
  },
  { name: 'cycle', severity: 'error', comment: 'No circles', from: {}, to: { circular: true } },
  { name: 'unresolvable', severity: 'error', comment: 'An import that leads nowhere', from: {}, to: { couldNotResolve: true } },
  {
    name: 'development-package-in-source',
    severity: 'error',
    comment: 'Sources use no development dependency',
    from: { path: '^src/' },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
  },
];

function onlyIn(name: string, modules: readonly string[], folders: readonly string[]): IForbiddenRuleType {
  return {
    name,
    severity: 'error',
    comment: `${modules.join(', ')} is used in ${folders.map((path) => `src/${path}`).join(', ')} only`,
    from: { path: '^src/', pathNot: folder(folders) },
    to: { path: npm(modules) },
  };
}

/** What `cruise` is called with, so that both the rules and the way imports are found are in one place. */
export const CRUISE_OPTIONS: ICruiseOptions = {
  validate: true,
  ruleSet: { forbidden: [...floorRules, deepImport, ...outside, ...packages] },
  doNotFollow: { path: 'node_modules' },
  tsPreCompilationDeps: true,
  enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'node', 'default'] },
};
