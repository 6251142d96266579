import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import { canonicalJson, concat, hasCode, toBase64Url, utf8 } from '../../src/core/index.ts';
import {
  CONDITION_RECORD_BYTES,
  decodeRecord,
  encodeRecord,
  type EvidenceRecord,
  recordKind,
  registerRecordKind,
} from '../../src/evidence/index.ts';
import { bytesOf } from './fixture.ts';

const hash = toBase64Url(bytesOf('hash'));
const largest = Number.MAX_SAFE_INTEGER;
const records: readonly EvidenceRecord[] = [
  { kind: 'condition', n: largest, stream: 63, publication: 59, code: -0x80000000, slotKey: hash },
  { kind: 'batchkey', n: largest, key: hash },
  { kind: 'gap', n: largest, reason: 'connection', fromBatch: largest, toBatch: largest },
  { kind: 'validation', n: largest, log: hash },
  { kind: 'manifest', n: 1, tag: 'spindle „Süd“', part: 0, firstSeq: 4, count: 5, refused: 6 },
  { kind: 'reading', n: 1, seq: 4, value: 'Double:40b4f70000000000', status: 0, sourceMs: 1, acceptedMs: 2 },
  { kind: 'continuation', n: 1, part: 0, root: hash },
];

describe('records', () => {
  for (const record of records) {
    test(`of the kind ${record.kind} read back what was written`, () => assert.deepEqual(decodeRecord(encodeRecord(record)), record));
  }

  test('of the condition subtree have one length, at their largest too', () => {
    for (const record of records.slice(0, 4)) assert.equal(encodeRecord(record).length, CONDITION_RECORD_BYTES);
  });

  test('of a raw tag are padded to the agreed length, and refused when longer', () => {
    const [, , , , , reading] = records;
    assert.equal(encodeRecord(reading!, 300).length, 300);
    assert.deepEqual(decodeRecord(encodeRecord(reading!, 300), 300), reading);
    assert.throws(
      () => encodeRecord(reading!, 50),
      (error) => hasCode(error, 'RECORD_TOO_LONG'),
    );
  });

  const reading = canonicalJson(records[5]);
  const text = new TextDecoder().decode(reading);
  for (const [name, bytes, padded] of [
    ['another padded length than agreed', encodeRecord(records[5]!, 300), 301],
    ['no padding where some is agreed', reading, 300],
    ['padding where none is agreed', encodeRecord(records[5]!, 300), 0],
    ['a condition record that is not padded', canonicalJson(records[0]), undefined],
    ['another byte in the padding', concat(reading, Uint8Array.of(0, 1, 0)), undefined],
    ['white space', utf8(text.replace(',', ', ')), undefined],
    ['another order of keys', utf8(JSON.stringify(records[5])), undefined],
    ['a key twice', utf8(text.replace('"n":1', '"n":1,"n":1')), undefined],
    ['a key more', utf8(text.replace('{', '{"a":1,')), undefined],
    ['a key less', utf8(text.replace('"n":1,', '')), undefined],
    ['a fraction', utf8(text.replace('"n":1', '"n":1.5')), undefined],
    ['an unknown kind', utf8(text.replace('"reading"', '"rumour"')), undefined],
    ['no kind', utf8('{"n":1}'), undefined],
    ['a list', utf8('[1]'), undefined],
    ['a broken UTF-8 sequence', concat(utf8('"'), Uint8Array.of(0xc3), utf8('"')), undefined],
    ['nothing', new Uint8Array(0), undefined],
    ['zero bytes only', new Uint8Array(192), undefined],
  ] as const) {
    test(`are refused with ${name}`, () =>
      assert.throws(
        () => decodeRecord(bytes, padded),
        (error) => hasCode(error, 'BAD_RECORD'),
      ));
  }

  test('of a kind that is registered later are written, padded and read like the others', () => {
    registerRecordKind({
      kind: 'test-note',
      shape: v.strictObject({ kind: v.literal('test-note'), n: v.number(), text: v.string() }),
      paddedLength: 64,
    });
    const note = { kind: 'test-note', n: 1, text: 'x' } as unknown as EvidenceRecord;
    assert.equal(recordKind('test-note')?.paddedLength, 64);
    assert.equal(encodeRecord(note).length, 64);
    assert.deepEqual(decodeRecord(encodeRecord(note)), note);
    assert.throws(
      () => registerRecordKind({ kind: 'reading', shape: v.any(), paddedLength: 0 }),
      (error) => hasCode(error, 'BAD_INPUT'),
    );
  });

  test('of a kind that is not registered are not written', () => {
    assert.throws(
      () => encodeRecord({ kind: 'rumour', n: 1 } as unknown as EvidenceRecord),
      (error) => hasCode(error, 'BAD_RECORD'),
    );
  });
});
