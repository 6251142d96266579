import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { SeedCommitments } from '../../src/app/seed-commitments.ts';
import { fromBase64Url, intervalEnd, toBase64Url } from '../../src/core/index.ts';
import { SeedRatchet, SeedTree } from '../../src/evidence/index.ts';
import type { Commit, Ledger } from '../../src/ledger/index.ts';
import { SenderStore } from '../../src/store/index.ts';
import { firstProgress } from '../../src/transfer/index.ts';
import { ManualClock, testBytes } from '../support/ledger-network.ts';
import { OWNER, termsFor, transferParams } from '../transfer/fixture.ts';
import { STORE_KEY } from '../support/store-key.ts';

const { signal } = new AbortController();
const params = transferParams();
const terms = termsFor(params);

/** Takes seed commitments and keeps their roots by epoch. Stands in for a ledger where only that is asked of it. */
function ledgerFake(roots: Map<number, string>): Ledger {
  return {
    prepare: (_kind: string, body: { commitment: { payload: string } }) => {
      const { epoch, root } = JSON.parse(Buffer.from(fromBase64Url(body.commitment.payload)).toString()) as { epoch: number; root: string };
      roots.set(epoch, root);
      return Promise.resolve({ txId: String(epoch), bytes: new Uint8Array() });
    },
    submit: () => Promise.resolve({} as Commit),
  } as unknown as Ledger;
}

function scene(t: TestContext): { store: SenderStore; seeds: SeedCommitments; clock: ManualClock } {
  const folder = mkdtempSync(join(tmpdir(), 'dcmb-seeds-'));
  const store = new SenderStore(join(folder, 'store.db'), 'channel', STORE_KEY);
  t.after(() => {
    store.close();
    rmSync(folder, { recursive: true });
  });
  const clock = new ManualClock(params.originMs);
  const seeds = new SeedCommitments(terms, store, clock);
  const ratchet = seeds.begin({ bytes: () => testBytes('ratchet') }, 0);
  store.begin(firstProgress(terms, 0, ratchet, testBytes('epoch key'), 2));
  return { store, seeds, clock };
}

/** What sealing leaves in the store when it has gone on to an interval. */
function goOnTo(store: SenderStore, interval: number): void {
  const ratchet = new SeedRatchet(testBytes('ratchet'), 0);
  ratchet.skipTo(interval);
  store.begin({ ...store.progress()!, interval, ratchet: toBase64Url(ratchet.state) });
}

function rootOf(epoch: number): string {
  const ratchet = new SeedRatchet(testBytes('ratchet'), 0);
  ratchet.skipTo(epoch * params.epochIntervals);
  return toBase64Url(SeedTree.of(ratchet.state, ratchet.interval, params).root);
}

test('roots kept at each cut are committed to after a ledger outage that outlasts the look-ahead', async (t) => {
  const { store, seeds, clock } = scene(t);
  for (let interval = 0; interval < 60; interval++) {
    clock.timeMs = intervalEnd(params, interval);
    seeds.keepRoots();
    goOnTo(store, interval + 1);
  }
  const roots = new Map<number, string>();
  const lost: number[] = [];
  await seeds.commit(ledgerFake(roots), OWNER, signal, (epoch) => lost.push(epoch));
  assert.deepEqual(lost, []);
  assert.ok(roots.size > 15);
  for (const [epoch, root] of roots) assert.equal(root, rootOf(epoch), `epoch ${epoch}`);
  assert.equal(seeds.areCommitted(59), true);
});

test('an epoch whose root was lost is told and passed over, so that anchoring goes on', async (t) => {
  const { store, seeds, clock } = scene(t);
  clock.timeMs = intervalEnd(params, 59);
  goOnTo(store, 60);
  const roots = new Map<number, string>();
  const lost: number[] = [];
  await seeds.commit(ledgerFake(roots), OWNER, signal, (epoch) => lost.push(epoch));
  assert.ok(lost.length > 0 && lost.every((epoch) => epoch * params.epochIntervals < 60));
  assert.equal(roots.has(lost[0]!), false);
  assert.equal(seeds.areCommitted(59), true);
  for (const [epoch, root] of roots) assert.equal(root, rootOf(epoch), `epoch ${epoch}`);
});
