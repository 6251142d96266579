import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ReadResponse } from 'node-opcua';
import { toVariant } from '../../src/nodeset/index.ts';
import type { UaType } from '../../src/core/index.ts';
import { Canaries } from './canaries.ts';
import { CanarySource, TAGS } from './canary-policy.ts';
import { canariesIn } from './decoded.ts';

const NUMBER = -98_765.4375;
const INTEGER = 3_900_211_337;
const TEXT = 'Rezeptur-Nasenbaer-7-geheim';
const TIME_MS = Date.UTC(2019, 4, 3, 11, 22, 33, 456);

function double(value: number, little: boolean): Buffer {
  const bytes = Buffer.alloc(8);
  if (little) bytes.writeDoubleLE(value);
  else bytes.writeDoubleBE(value);
  return bytes;
}

function filetime(ms: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(ms + 11_644_473_600_000) * 10_000n);
  return bytes;
}

/** What a client could receive, each with a canary in it. */
const HIDDEN: Readonly<Record<string, Buffer>> = {
  'a Double': double(NUMBER, true),
  'a Double, most significant byte first': double(NUMBER, false),
  'a Double in hex': Buffer.from(double(NUMBER, true).toString('hex')),
  'a Double in base64': Buffer.from(double(NUMBER, true).toString('base64')),
  'a Double within base64url': Buffer.from(
    Buffer.concat([Buffer.from('xy'), double(NUMBER, true), Buffer.from('z')]).toString('base64url'),
  ),
  'a number in JSON': Buffer.from(JSON.stringify({ value: NUMBER })),
  'a number in UTF-16': Buffer.from(String(NUMBER), 'utf16le'),
  'a number as a German writes it': Buffer.from('-98.765,4375'),
  'an integer as text': Buffer.from(String(INTEGER)),
  'a text': Buffer.from(TEXT),
  'a text in capitals': Buffer.from(TEXT.toUpperCase()),
  'a text in base64, in JSON': Buffer.from(JSON.stringify({ x: Buffer.from(`a${TEXT}`).toString('base64') })),
  'a text in hex': Buffer.from(Buffer.from(TEXT).toString('hex')),
  'a DateTime': filetime(TIME_MS),
  'a time in ms': Buffer.from(String(TIME_MS)),
  'a time as ISO 8601 has it': Buffer.from(new Date(TIME_MS).toISOString()),
};

describe('the search for canaries', () => {
  const canaries = new Canaries();
  canaries.addNumber('values', NUMBER);
  canaries.addNumber('values', INTEGER);
  canaries.addText('values', TEXT);
  canaries.addTime('writeTimes', TIME_MS);

  for (const [what, bytes] of Object.entries(HIDDEN)) {
    test(`finds ${what}`, () => {
      const among = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')]);
      assert.ok(canaries.inBytes(among).length > 0);
    });
  }

  test('finds nothing where there is none', () => {
    assert.deepEqual(canaries.inBytes(Buffer.from('Rezeptur-Nasenbaer -98765.43 3900211338'.repeat(1000))), []);
  });

  test('finds a value of each kind of tag in a decoded answer', () => {
    const own = new Canaries();
    const source = new CanarySource(own);
    for (const { nodeId, value } of source.next(3)) {
      const response = new ReadResponse({ results: [{ value: toVariant(value) }] });
      assert.ok(
        canariesIn(response, own).some(({ secret }) => secret === 'values'),
        nodeId,
      );
    }
  });

  test('knows a tag of each type that a policy can have in numbers, texts and bytes', () => {
    const types = new Set<UaType>(TAGS.map(({ type }) => type));
    for (const type of ['Double', 'Float', 'UInt32', 'Int64', 'String', 'ByteString'] as const) assert.ok(types.has(type), type);
  });
});
