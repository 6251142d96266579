import assert from 'node:assert/strict';
import { constants } from 'node:buffer';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MOST_FILE_BYTES, parseExport, parseProof, writeExport, writeProof } from '../../src/audit/index.ts';
import { textLength } from '../../src/audit/file-size.ts';
import { type Json } from '../../src/core/index.ts';
import { honestScene } from './scene.ts';

/** Blocks whose text is too long for one file; they share one string, so that they take no memory. */
function endlessBlocks(): Json[] {
  const envelope = 'A'.repeat(1_000_000);
  return Array.from({ length: 501 }, (_, number) => ({ v: 0, number, data: [envelope] }));
}

describe('a file for an auditor that is too large for one text', () => {
  test('has less than the longest text of the engine', () => {
    assert.ok(MOST_FILE_BYTES < constants.MAX_STRING_LENGTH);
  });

  test('is refused by its size before it is looked at, and nothing false is said about it', () => {
    const bytes = new Uint8Array(MOST_FILE_BYTES + 1);
    const refusal = { code: 'FILE_TOO_LARGE', message: /^The file has 500,000,001 bytes; this program reads .* at most 500,000,000\./ };
    assert.throws(() => parseExport(bytes), refusal);
    assert.throws(() => parseProof(bytes), refusal);
    assert.throws(() => parseExport(bytes.subarray(1)), { code: 'UNREADABLE_EXPORT' });
  });

  test('is refused before it is written, with size, limit and what to do', async () => {
    const scene = await honestScene();
    const { channels } = scene.parts();
    const blocks = endlessBlocks();
    const refusal = {
      code: 'FILE_TOO_LARGE',
      message: /would have 501,\d{3},\d{3} bytes; .* at most 500,000,000\. Nothing was written\. Keep/,
    };
    assert.throws(() => writeExport({ blocks, channels }), refusal);
    assert.throws(() => writeProof({ channel: scene.document, body: { kind: 'late', n: 0 }, support: { blocks } }), refusal);
  });

  test('the size is counted without making the text', () => {
    const { json } = fc.letrec<{ json: Json }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 4 },
        fc.stringMatching(/^[\w-]*$/),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.array(tie('json')),
        fc.dictionary(fc.stringMatching(/^\w*$/), tie('json')),
      ),
    }));
    fc.assert(
      fc.property(json, (value) => {
        assert.equal(textLength(value), JSON.stringify(value).length);
      }),
    );
  });
});
