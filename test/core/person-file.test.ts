import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compilePersonFile, DcmbError, hasCode, personFileFault, readPersonFile } from '../../src/core/index.ts';

const check = compilePersonFile({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  additionalProperties: false,
  required: ['port'],
  properties: {
    port: { type: 'integer', minimum: 1, maximum: 65535, description: 'a TCP port from 1 to 65535.' },
    mode: { enum: ['fast', 'slow'] },
    kind: { const: 'plant' },
    id: { type: 'string', pattern: '^[a-z]{2}$', description: 'two letters' },
    user: {
      type: 'object',
      description: 'a name or a key',
      oneOf: [
        { required: ['name'], properties: { name: { type: 'string' } } },
        { required: ['key'], properties: { key: { type: 'string' } } },
      ],
    },
    'a/b': { type: 'string' },
    tags: { type: 'array', items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } } },
  },
});
const read = (text: string) => readPersonFile('plant.json', text, check);

/** The one sentence that a person gets. */
function fault(text: string): string {
  try {
    read(text);
  } catch (error) {
    assert.ok(error instanceof DcmbError && hasCode(error, 'BAD_FILE'), String(error));
    return error.message;
  }
  throw new assert.AssertionError({ message: 'The file was accepted.' });
}

describe("a person's file", () => {
  test('may have comments and trailing commas', () => {
    const file = read('{\n  // where clients connect\n  "port": 4840, /* default */\n  "tags": [{ "name": "a" },],\n}\n');
    assert.deepEqual(file.value, { port: 4840, tags: [{ name: 'a' }] });
    assert.equal(file.lineOf(['port']), 3);
    assert.equal(file.lineOf(['tags', 0, 'name']), 4);
    assert.equal(file.lineOf(['tags', 7, 'name']), 4);
    assert.equal(file.lineOf(['nothing']), 1);
  });

  for (const [name, text, ...said] of [
    ['a syntax error', '{\n "port": 4840\n "mode": "fast" }', 'plant.json, line 3', 'not JSON'],
    ['text after the object', '{ "port": 1 } }', 'line 1', 'not JSON'],
    ['nothing in it', '', 'plant.json is empty', 'Write a JSON object'],
    ['a comment only', '// nothing', 'plant.json'],
    ['a key twice', '{ "port": 1,\n "port": 2 }', 'line 2', '"port" stands twice'],
    ['a key twice in a list', '{ "port": 1, "tags": [\n{ "name": "a",\n "name": "b" }] }', 'line 3', '"name" stands twice'],
    ['an unknown key', '{ "port": 1,\n "prot": 2 }', 'line 2', 'at "prot"', 'unknown key', 'spelling'],
    ['a missing key', '{ }', 'line 1', 'the key "port" is missing. Add it: a TCP port from 1 to 65535.'],
    ['a missing key of no description', '{ "port": 1, "tags": [{}] }', 'at "tags/0": the key "name" is missing. Add it.'],
    ['a value out of range', '{\n\n"port": 70000 }', 'line 3', 'at "port"', '<= 65535', 'Expected: a TCP port'],
    ['a wrong type in a list', '{ "port": 1, "tags": [\n{ "name": 5 } ] }', 'line 2', 'at "tags/0/name"', 'must be string'],
    ['a value that is not listed', '{ "port": 1, "mode": "warp" }', 'must be one of fast, slow'],
    ['another value than the only one', '{ "port": 1, "kind": "warp" }', 'at "kind": must be plant. Correct it there.'],
    ['a text of another form', '{ "port": 1, "id": "?" }', 'at "id": is not of the expected form. Expected: two letters.'],
    ['none of the possible forms', '{ "port": 1, "user": {} }', 'at "user": is of none of the possible forms. Expected: a name or a key.'],
    ['a key with a slash', '{ "port": 1,\n "a/b": 5 }', 'line 2', 'at "a/b"'],
    ['a list in place of an object', '[1]', 'must be object'],
  ] as const) {
    test(`with ${name} is refused in one sentence with file, line, place and remedy`, () => {
      const message = fault(text);
      for (const part of said) assert.ok(message.includes(part), `"${part}" is not in: ${message}`);
      assert.equal(message.includes('\n'), false);
    });
  }

  test('is refused without repeating the value, which may be a secret', () => {
    for (const text of [
      '{ "port": "s3cret" }',
      '{ "port": 1, "mode": "s3cret" }',
      '{ "port": 1, "a/b": ["s3cret"] }',
      '{ "port": s3cret }',
    ]) {
      assert.equal(fault(text).includes('s3cret'), false);
    }
  });

  test('keeps a key named __proto__ from doing harm', () => {
    const message = fault('{ "port": 1, "__proto__": { "x": 1 } }');
    assert.ok(message.includes('unknown key'));
  });

  test('gets the same sentence from a later check', () => {
    const error = personFileFault(read('{\n "port": 1 }'), ['port'], 'the port is in use', 'Choose another.');
    assert.equal(error.message, 'plant.json, line 2, at "port": the port is in use. Choose another.');
  });
});
