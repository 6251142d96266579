import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasCode, toHex } from '../../src/core/index.ts';
import { seedCommitment, seedHash, SeedRatchet, SeedTree, verifyDisclosedSeed } from '../../src/evidence/index.ts';
import { bytesOf, testParams } from './fixture.ts';

const state = bytesOf('state');

describe('the seed ratchet', () => {
  test('gives other seeds for every interval and ordinal, and the same after it was sealed and taken up again', () => {
    const ratchet = new SeedRatchet(state, 10);
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++, ratchet.advance()) for (const seed of ratchet.seeds(2)) seen.add(toHex(seed));
    assert.equal(seen.size, 60);
    const again = new SeedRatchet(ratchet.state, ratchet.interval);
    assert.deepEqual(again.seeds(2), ratchet.seeds(2));
  });

  test('does not give the state away that it was made from, nor change it', () => {
    const own = bytesOf('state');
    const ratchet = new SeedRatchet(own, 0);
    ratchet.advance();
    assert.deepEqual(own, state);
    assert.notDeepEqual(ratchet.state, state);
  });

  test('skips forward to what stepping gives, and never back', () => {
    const stepping = new SeedRatchet(state, 0);
    for (let i = 0; i < 7; i++) stepping.advance();
    const skipping = new SeedRatchet(state, 0);
    skipping.skipTo(7);
    assert.deepEqual(skipping.state, stepping.state);
    assert.throws(
      () => skipping.skipTo(6),
      (error) => hasCode(error, 'OUTSIDE_EPOCH'),
    );
    assert.throws(
      () => new SeedRatchet(new Uint8Array(16), 0),
      (error) => hasCode(error, 'BAD_INPUT'),
    );
  });
});

describe('the commitment to the seeds of an epoch', () => {
  for (const callsPerInterval of [0, 1, 2, 4]) {
    test(`proves each disclosed seed with ${callsPerInterval} call(s) an interval`, () => {
      const params = testParams({ callsPerInterval });
      const tree = SeedTree.of(state, 8, params);
      assert.equal(toHex(seedCommitment(state, 8, params)), toHex(tree.root));
      const ratchet = new SeedRatchet(state, 8);
      for (let interval = 8; interval < 12; interval++, ratchet.advance()) {
        ratchet.seeds(callsPerInterval).forEach((seed, ordinal) => {
          verifyDisclosedSeed(params, tree.root, { interval, ordinal, seed, proof: tree.prove(interval, ordinal) });
        });
      }
    });
  }

  const params = testParams();
  const tree = SeedTree.of(state, 0, params);
  const [seed, other] = new SeedRatchet(state, 0).seeds(1);

  test('refuses another seed, place, root or proof', () => {
    const proof = tree.prove(0, 0);
    for (const [root, interval, ordinal, candidate, path] of [
      [tree.root, 0, 0, other!, proof],
      [tree.root, 0, 1, seed!, proof],
      [tree.root, 1, 0, seed!, proof],
      [bytesOf('root'), 0, 0, seed!, proof],
      [tree.root, 0, 0, seed!, proof.slice(1)],
      [tree.root, 0, 0, seed!.slice(1), proof],
    ] as const) {
      assert.throws(
        () => verifyDisclosedSeed(params, root, { interval, ordinal, seed: candidate, proof: path }),
        (error) => hasCode(error, 'WRONG_SEED'),
      );
    }
    for (const [interval, ordinal] of [
      [-1, 0],
      [0, -1],
      [0, 2],
      [0.5, 0],
    ] as const) {
      assert.throws(
        () => verifyDisclosedSeed(params, tree.root, { interval, ordinal, seed: seed!, proof }),
        (error) => hasCode(error, 'OUTSIDE_EPOCH'),
      );
      assert.throws(
        () => tree.prove(interval, ordinal),
        (error) => hasCode(error, 'OUTSIDE_EPOCH'),
      );
    }
  });

  test('is over a whole epoch, from its first interval', () => {
    assert.throws(
      () => SeedTree.of(state, 1, params),
      (error) => hasCode(error, 'OUTSIDE_EPOCH'),
    );
    assert.throws(
      () => new SeedTree(params, [seedHash(seed!)]),
      (error) => hasCode(error, 'BAD_INPUT'),
    );
  });

  test('shows no seed: neither root nor proof holds one', () => {
    const shown = new Set([toHex(tree.root), ...tree.prove(0, 0)]);
    assert.ok(!shown.has(toHex(seed!)) && !shown.has(toHex(other!)));
  });
});
