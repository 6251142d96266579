import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type AuditExport, parseExport, withoutUnanchored, writeExport } from '../../src/audit/index.ts';
import { DcmbError, fromUtf8, hasCode, utf8 } from '../../src/core/index.ts';
import { audited, honestScene, verified } from './scene.ts';

describe('the export file', () => {
  let text = '';
  let exported: AuditExport;
  before(async () => {
    text = fromUtf8(writeExport((await honestScene()).parts()));
    exported = parseExport(utf8(text));
  });

  const unreadable = (words: RegExp) => (error: unknown) => {
    assert.ok(error instanceof DcmbError && hasCode(error, 'UNREADABLE_EXPORT'));
    assert.match(error.message, words);
    return true;
  };

  test('is the same for the same parts, and reads back to them', async () => {
    assert.equal(fromUtf8(writeExport((await honestScene()).parts())), text);
    const again = writeExport({ blocks: exported.ledger.blocks, channels: exported.channels });
    assert.equal(fromUtf8(again), text);
  });

  test('holds no raw value, no seed and no threshold', () => {
    for (const word of ['Double:', '"seed"', '"reading"', 'mapping']) assert.ok(!text.includes(word), word);
  });

  test('says where it cannot be read', () => {
    assert.throws(() => parseExport(new Uint8Array()), unreadable(/line feed/));
    assert.throws(() => parseExport(utf8('{}')), unreadable(/line feed/));
    assert.throws(() => parseExport(utf8('{"a":}\n')), unreadable(/not JSON, first at character 5/));
    assert.throws(() => parseExport(utf8(text.replace('"batches":', '"batches";'))), unreadable(/not JSON, first at character \d{3}/));
    assert.throws(() => parseExport(Uint8Array.of(0xff, 0x0a)), unreadable(/UTF-8/));
    assert.throws(() => parseExport(utf8('[]\n')), unreadable(/form/));
    assert.throws(() => parseExport(utf8(text.replace('"v":0}\n', '"v":1}\n'))), unreadable(/"v"/));
    assert.throws(() => parseExport(utf8(text.replace('"nonce"', '"nonse"'))), unreadable(/channels\.0/));
    assert.throws(() => parseExport(utf8(text.replace('"kind":"embedded"', '"kind":"paper"'))), unreadable(/ledger\.kind/));
  });

  test('refuses what is not canonical: white space, a key twice, a fraction, null', () => {
    assert.throws(() => parseExport(utf8(text.replace('{', '{ '))), unreadable(/first at byte 1\)/));
    assert.throws(() => parseExport(utf8(text.replace('{', '{"v":0,'))), unreadable(/not canonical/));
    assert.throws(() => parseExport(utf8(text.replace('"number":0', '"number":0.5'))), unreadable(/ledger\/blocks\/0\/number/));
    assert.throws(() => parseExport(utf8(text.replace('"number":0', '"number":null'))), unreadable(/ledger\/blocks\/0\/number/));
  });

  test('a digest or a list of contents that does not fit is found, and what the file says is judged all the same', async () => {
    const digest = exported.digest.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
    const changed = await verified({ ...exported, digest });
    assert.deepEqual(
      changed.findings.map(({ code, place }) => [code, place]),
      [['DIGEST_MISMATCH', '/digest']],
    );
    assert.deepEqual(changed.counts, { PROVEN: 12 });
    const listed = await verified({ ...exported, contents: { ...exported.contents, receipts: 1 } });
    assert.deepEqual(
      listed.findings.map(({ code }) => code),
      ['DIGEST_MISMATCH', 'CONTENTS_MISMATCH'],
    );
    assert.match(listed.findings[1]?.message ?? '', /receipts/);
  });

  test('can leave out what is not anchored yet, and nothing else', async () => {
    const scene = await honestScene();
    const whole = scene.parts();
    assert.deepEqual(withoutUnanchored(whole), whole);
    const earlier = withoutUnanchored({ ...whole, blocks: whole.blocks.slice(0, -2) });
    assert.equal(earlier.channels[0]?.batches.length, 10);
    assert.equal((await audited(earlier)).passed, true);
    const none = withoutUnanchored({ ...whole, blocks: whole.blocks.slice(0, 3) });
    assert.deepEqual(none.channels[0]?.batches, []);
  });
});
