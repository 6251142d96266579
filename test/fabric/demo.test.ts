import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { DCMB, dcmb } from '../cli/program.ts';
import { freePorts } from '../support/free-ports.ts';

interface DemoSummary {
  readonly readings: number;
  readonly batches: Readonly<Record<'sealed' | 'anchored' | 'receipted', number>>;
  readonly audit: Readonly<Record<string, number>>;
  readonly ledger: { readonly kind: string; readonly id: string };
  readonly export: string;
}

const MOST_MS = 240_000;

describe('dcmb demo --ledger fabric', { timeout: 300_000 }, () => {
  test('ends with every sealed batch anchored, receipted and proven, and leaves no network of its own', async () => {
    const args = ['demo', '--ledger', 'fabric', '--for', '20s', '--port', String(await freePorts(3)), '--json'];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [DCMB, ...args], { timeout: MOST_MS, maxBuffer: 64 * 2 ** 20 });
    const summary = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as DemoSummary;
    const { sealed, anchored, receipted } = summary.batches;
    assert.ok(summary.readings > 0 && sealed > 3, stdout);
    assert.deepEqual([anchored, receipted, summary.audit], [sealed, sealed, { PROVEN: sealed }], stdout);
    assert.equal(summary.ledger.kind, 'fabric');
    assert.match(summary.ledger.id, /^[\w-]{43}$/);
    // Standard output is for a program; a person sees that it goes on.
    assert.equal(stdout.trimEnd().split('\n').length, 1, stdout);
    for (const step of [/Bringing a Fabric network up|Using the Fabric network/, /Making keys/, /Running for 20 s/, /Stopping/])
      assert.match(stderr, step);
    assert.ok(!existsSync(`${dirname(summary.export)}.fabric`));

    const audit = await dcmb(['audit', 'verify', summary.export]);
    assert.equal(audit.status, 0, audit.stdout);
    assert.match(audit.stdout, /fabric/i);
    assert.match(audit.stdout, /Result: PROVEN/);
  });
});
