import assert from 'node:assert/strict';
import { statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readAuditFile, writeAuditFile } from '../../src/cli/audit-file.ts';
import { temporaryFolder } from './program.ts';

describe('a file for an auditor', () => {
  test('is for its owner alone, also where one of other rights was there before', (t) => {
    const file = join(temporaryFolder(t), 'audit-export.json');
    writeFileSync(file, '', { mode: 0o644 });
    writeAuditFile(file, Uint8Array.of(10));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(
      readAuditFile(file, (bytes) => bytes),
      Uint8Array.of(10),
    );
  });

  test('that is too large is refused by its size, unread, also beyond what the system reads at once', (t) => {
    const file = join(temporaryFolder(t), 'large.json');
    writeFileSync(file, '');
    for (const size of [500_000_001, 3_000_000_000]) {
      truncateSync(file, size);
      assert.throws(() => readAuditFile(file, () => assert.fail()), {
        code: 'FILE_TOO_LARGE',
        message: /large\.json: The file has [\d,]+ bytes; .* See docs\/audit\.md, "How large it gets"\.$/,
      });
    }
  });

  test('that is not there is told so', (t) => {
    assert.throws(() => readAuditFile(join(temporaryFolder(t), 'none'), () => assert.fail()), { code: 'BAD_FILE', message: /ENOENT/ });
  });
});
