import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { ledgerIdOf, type VerifiedChain } from '../../src/contract/index.ts';
import { canonicalJson, fromBase64Url, type Json, parseCanonical } from '../../src/core/index.ts';
import {
  channelMembers,
  decodeBlock,
  endorsementRule,
  findGenesis,
  ordererEndpoints,
  ownTimeMs,
  verifyFabricChain,
} from '../../src/fabric-blocks/index.ts';
import { changedAt, differently, isLeaf, pathsTo, valueAt } from '../audit/tampering.ts';
import { beforeGenesis, type FabricBlockJson, ForgedChain, readVector } from './forged-chain.ts';
import { allJunk } from './junk.ts';
import { bytesOf, numberOf } from './protobuf-writer.ts';

const vector = readVector();
const ledgerId = ledgerIdOf(vector.genesis);
const codesOf = (blocks: readonly FabricBlockJson[]) => blocks.flatMap(({ codes }) => codes);

describe('a chain that real peers and a real orderer have made', () => {
  let chain: VerifiedChain;
  before(async () => {
    chain = await verifyFabricChain(vector.blocks, ledgerId);
  });

  test('verifies, with its genesis, its events and their places', () => {
    assert.deepEqual(parseCanonical(canonicalJson(chain.genesis)), vector.genesis);
    assert.equal(chain.blocks.length, vector.blocks.length);
    assert.equal(chain.blocks[0]?.hash, vector.genesis.fabric?.genesisBlock);
    const [first, second, third] = chain.events;
    assert.deepEqual(
      [first, second, third].map((event) => [event?.creator, event?.event.kind]),
      [
        ['owner', 'registerKey'],
        ['manufacturer', 'registerKey'],
        ['owner', 'registerKey'],
      ],
    );
    for (const { pointer } of chain.events)
      assert.equal(typeof valueAt(vector.blocks as unknown as Json, pointer.slice(1).split('/')), 'string');
  });

  test('has block times that never run backwards, those of its transactions', () => {
    const times = chain.blocks.map(({ timeMs }) => timeMs);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
    assert.equal(times[0], 0);
    assert.ok(times.at(-1)! > Date.UTC(2026, 0, 1));
  });

  test('holds conflicts, repetitions and under-endorsed transactions under the codes that follow', () => {
    for (const code of [9, 10, 11]) assert.ok(codesOf(vector.blocks).includes(code), `code ${code}`);
  });

  test('gives junk of any member the very code that real peers gave it', async () => {
    const junk = await allJunk(new ForgedChain({}, vector), Date.UTC(2026, 0, 1));
    const counted = (codes: readonly number[]) =>
      codes.reduce<Record<number, number>>((sum, code) => ({ ...sum, [code]: (sum[code] ?? 0) + 1 }), {});
    const expected = counted(junk.map(({ code }) => code).filter((code) => code !== 0));
    // Beside the junk, the chain has one transaction each of these codes.
    for (const code of [9, 10, 11]) expected[code] = (expected[code] ?? 0) + 1;
    assert.deepEqual(counted(codesOf(vector.blocks).filter((code) => code !== 0)), expected);
    assert.equal(chain.events.filter(({ creator }) => creator === 'stranger').length, junk.filter(({ counts }) => counts).length);
  });

  test('is of no other ledger, and of none before its genesis', async () => {
    await assert.rejects(verifyFabricChain(vector.blocks, 'A'.repeat(43)), { code: 'OTHER_LEDGER' });
    await assert.rejects(verifyFabricChain(beforeGenesis(vector.blocks), ledgerId), { code: 'OTHER_LEDGER' });
    await assert.rejects(verifyFabricChain([], ledgerId), { code: 'OTHER_LEDGER' });
    assert.equal(ledgerIdOf(findGenesis(vector.blocks)[0]!), ledgerId);
    assert.equal(findGenesis(vector.blocks).length, 2, 'also the one that a single organisation has sent');
  });

  test('does not verify with any letter of any value changed', async () => {
    const root = vector.blocks as unknown as Json;
    // Why something is invalid is not checked, only that it is.
    const leaves = pathsTo(root, isLeaf).filter((path) => path[1] !== 'codes' || valueAt(root, path) === 0);
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 63 }), async (which, at, by) => {
        const path = leaves[which % leaves.length]!;
        const changed = changedAt(root, path, (value) => differently(value, at, by)) as unknown as FabricBlockJson[];
        await assert.rejects(verifyFabricChain(changed, ledgerId), { kind: 'Rejected' }, path.join('/'));
      }),
      { numRuns: 20 },
    );
  });

  test('does not verify with a code changed, whichever it is', async () => {
    const tried = new Set<number>();
    for (const block of vector.blocks) {
      for (const [index, code] of block.codes.entries()) {
        if (tried.has(code)) continue;
        tried.add(code);
        const codes = block.codes.with(index, code === 0 ? 10 : 0);
        await assert.rejects(verifyFabricChain(vector.blocks.with(block.number, { ...block, codes }), ledgerId), { kind: 'Rejected' });
      }
    }
    assert.ok(tried.size > 10);
  });
});

describe('a delivered block', () => {
  /** A `common.Block` of a block of the vector. */
  function delivered({ number, prev, data, codes }: FabricBlockJson, dataHash: Uint8Array): Uint8Array {
    const header = [numberOf(1, number), bytesOf(2, fromBase64Url(prev)), bytesOf(3, dataHash)];
    const metadata = [new Uint8Array(0), new Uint8Array(0), Uint8Array.from(codes)];
    const join = (parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
    return join([
      bytesOf(1, join(header)),
      bytesOf(2, join(data.map((envelope) => bytesOf(1, fromBase64Url(envelope))))),
      bytesOf(3, join(metadata.map((entry) => bytesOf(1, entry)))),
    ]);
  }

  test('whose data do not fit its header is refused', () => {
    assert.throws(() => decodeBlock(delivered(vector.blocks[0]!, new Uint8Array(32))), { code: 'BAD_BLOCK' });
  });

  test('is refused when it is no block at all', () => {
    for (const bytes of [new Uint8Array(0), Uint8Array.of(1, 2, 3), new Uint8Array(100)])
      assert.throws(() => decodeBlock(bytes), { code: 'BAD_ENCODING' });
  });

  test('of the configuration names members and what an endorsement policy asks of them', async () => {
    const { sha256 } = await import('../../src/core/index.ts');
    const first = vector.blocks[0]!;
    const bytes = delivered(first, sha256(...first.data.map(fromBase64Url)));
    assert.equal(ownTimeMs(decodeBlock(bytes), 'evidence'), 0);
    const { channel, members } = channelMembers(bytes);
    assert.deepEqual([channel, [...members.keys()].sort()], ['dcmb', ['manufacturer', 'owner', 'stranger']]);
    const rule = endorsementRule(bytesOf(2, '/Channel/Application/Endorsement'), bytes);
    assert.ok(!rule.isSatisfiedBy(new Set(['owner'])));
    assert.ok(rule.isSatisfiedBy(new Set(['owner', 'stranger'])));
    assert.ok(!rule.isSatisfiedBy(new Set(['owner', 'nobody'])));
    const [orderer, ...others] = ordererEndpoints(bytes);
    assert.match(orderer?.address ?? '', /^127\.0\.0\.1:\d+$/);
    assert.match(orderer?.tlsRoots ?? '', /^-----BEGIN CERTIFICATE-----/);
    assert.deepEqual(others, []);
  });
});
