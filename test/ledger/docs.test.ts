import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { MOST_AGE_MS, MOST_CLOCK_SKEW_MS, MOST_TRANSACTION_BYTES, QUERY_NAMES, TRANSACTION_KINDS } from '../../src/contract/index.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const page = read('../../docs/ledger.md');

/** The literal strings of a union type in a source file. */
function unionOf(source: string, name: string): string[] {
  const code = source.replaceAll(/\/\*\*.*?\*\//gs, '');
  const start = code.indexOf(`export type ${name} =`);
  assert.ok(start >= 0, name);
  const text = code.slice(start, code.indexOf(';', start));
  return [...text.matchAll(/'([A-Z0-9_]+)'/g)].map((match) => match[1]!);
}

const CONTRACT_CODES = [
  ...unionOf(read('../../src/contract/errors.ts'), 'OwnContractErrorCode'),
  ...unionOf(read('../../src/contract/errors.ts'), 'ContractErrorCode'),
];
const LEDGER_CODES = unionOf(read('../../src/ledger/port.ts'), 'LedgerErrorCode');
const CHAINCODE_CODES = unionOf(read('../../src/ledger/fabric/chaincode/errors.ts'), 'ChaincodeErrorCode');
const ALL_CODES = [...CONTRACT_CODES, ...LEDGER_CODES, ...CHAINCODE_CODES];
/** Codes without an underscore, which the expression below cannot tell from other words. */
const PLAIN_WORDS = ['CLOSED', 'INVALIDATED', 'INTERNAL'];

describe('docs/ledger.md', () => {
  test('names every code that contract and ledger have, and no other', () => {
    const named = new Set([...page.matchAll(/`([A-Z][A-Z0-9]+_[A-Z0-9_]+)`/g)].map((match) => match[1]!));
    // A mark.
    named.delete('NO_TOKENS');
    for (const code of PLAIN_WORDS) assert.ok(page.includes(`\`${code}\``), code);
    assert.deepEqual([...named, ...PLAIN_WORDS].sort(), [...new Set(ALL_CODES)].sort());
  });

  test('has a row for every kind of transaction and names every query', () => {
    for (const kind of TRANSACTION_KINDS) assert.match(page, new RegExp(`^\\| \`${kind}\` \\|`, 'm'));
    for (const name of QUERY_NAMES) assert.match(page, new RegExp(`\`${name}\`\\s+\\{`));
  });

  test('gives the limits of the source', () => {
    assert.ok(page.includes(MOST_TRANSACTION_BYTES.toLocaleString('en')));
    for (const ms of [MOST_CLOCK_SKEW_MS, MOST_AGE_MS]) assert.ok(page.includes(`${ms.toLocaleString('en')} ms`));
  });
});

describe('the codes of contract and ledger', () => {
  test('are each expected by a test', () => {
    const tests = ['../contract/', './', '../fabric/'].flatMap((folder) =>
      readdirSync(new URL(folder, import.meta.url))
        .filter((file) => file.endsWith('.ts') && file !== 'docs.test.ts')
        .map((file) => read(folder + file)),
    );
    const text = tests.join('\n');
    const untested = ALL_CODES.filter((code) => !text.includes(`'${code}'`));
    assert.deepEqual(untested, []);
  });
});
