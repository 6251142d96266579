/*
 * Runs the demo for twenty seconds as a newcomer would, and judges what it says of itself: every sealed batch anchored and
 * receipted, several conditions in each stream, an audit with nothing but PROVEN, and an export that verifies.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { freePorts } from '../test/support/free-ports.ts';

interface DemoSummary {
  readonly readings: number;
  readonly intervals: number;
  readonly conditions: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly batches: { readonly sealed: number; readonly anchored: number; readonly receipted: number };
  readonly audit: Readonly<Record<string, number>>;
  readonly endpoints: { readonly ingest: string; readonly cleared: string; readonly receiver: string };
  readonly export: string;
}

const demo = dcmb('demo', '--for', '20s', '--port', String(await freePorts(3)), '--json');
assert.equal(demo.status, 0, demo.text);
const summary = JSON.parse(demo.lastLine) as DemoSummary;
assert.ok(summary.readings > 0 && summary.intervals > 0, demo.lastLine);
for (const [stream, counts] of Object.entries(summary.conditions)) {
  const mapped = Object.keys(counts).filter((code) => Number(code) >= 0);
  assert.ok(mapped.length > 1, `${stream} had one condition only: ${demo.lastLine}`);
}
const { sealed, anchored, receipted } = summary.batches;
assert.ok(sealed > 0 && anchored === sealed && receipted === sealed, demo.lastLine);
assert.deepEqual(Object.keys(summary.audit), ['PROVEN'], demo.lastLine);
for (const url of [summary.endpoints.ingest, summary.endpoints.cleared, summary.endpoints.receiver]) assert.match(url, /^opc\.tcp:\/\//);

const audit = dcmb('audit', 'verify', summary.export, '--json');
assert.equal(audit.status, 0, audit.text);
console.log(`demo: ${summary.readings} readings, ${sealed} batches, all PROVEN`);

function dcmb(...args: readonly string[]): { status: number | null; text: string; lastLine: string } {
  const { status, stdout, stderr } = spawnSync('npx', ['dcmb', ...args], { encoding: 'utf8', timeout: 120_000, maxBuffer: 64 * 2 ** 20 });
  return { status, text: `${stdout}${stderr}`, lastLine: stdout.trimEnd().split('\n').at(-1) ?? '' };
}
