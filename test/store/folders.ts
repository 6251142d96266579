import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { DcmbError } from '../../src/core/index.ts';

/** A folder that is gone after the test. */
export function temporaryFolder(t: Pick<TestContext, 'after'>): string {
  const path = mkdtempSync(join(tmpdir(), 'dcmb-store-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The error of `work`, which must be one of ours with this code. */
export async function fault(code: string, work: () => unknown): Promise<DcmbError> {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof DcmbError, String(error));
    assert.equal(error.code, code, error.message);
    return error;
  }
  throw new assert.AssertionError({ message: `It was let through, expected ${code}.` });
}
