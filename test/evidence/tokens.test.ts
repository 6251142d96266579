import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromBase64Url, hasCode, labelledMac, toBase64Url, toHex } from '../../src/core/index.ts';
import {
  codeOfToken,
  EpochKeys,
  fillerTokens,
  multiproofLength,
  NO_TOKENS,
  tokenLeaf,
  tokensDigest,
  TokenSet,
  verifyAnchorTokens,
  verifyBatchKey,
} from '../../src/evidence/index.ts';
import { bytesOf, CODES, epochKeys, testParams } from './fixture.ts';

const params = testParams();
const keys = epochKeys(params);
const set = TokenSet.build(params, keys, () => CODES);

describe('a token set', () => {
  test('proves every condition of every stream in every interval of its epoch, reserved ones included', () => {
    for (let interval = 0; interval < params.epochIntervals; interval++) {
      for (const code of [...CODES, -1, -2, -3]) verifyAnchorTokens(params, set.root, interval, set.anchorTokens(interval, [code, 0, -1]));
    }
  });

  test('serves channels of any form', () => {
    for (const [streams, codesPerSlot, epochIntervals] of [
      [1, 8, 2],
      [2, 8, 8],
      [4, 16, 2],
      [5, 32, 2],
      [64, 8, 2],
    ] as const) {
      const other = testParams({ streams, codesPerSlot, epochIntervals, conditionDepth: 7 });
      const some = TokenSet.build(other, epochKeys(other), () => CODES);
      const tokens = some.anchorTokens(
        1,
        Array.from({ length: streams }, (_, s) => s % 3),
      );
      assert.equal(tokens.path.length, multiproofLength(other));
      verifyAnchorTokens(other, some.root, 1, tokens);
      verifyBatchKey(other, some.root, { interval: 1, row: 1, key: epochKeys(other).batchKey(1, 1), proof: some.batchKeyProof(1, 1) });
    }
  });

  test('is the same when built in slices', async () => {
    let pauses = 0;
    const slow = await TokenSet.buildInSlices(
      params,
      keys,
      () => CODES,
      () => Promise.resolve(void pauses++),
    );
    assert.equal(toHex(slow.root), toHex(set.root));
    assert.equal(pauses, params.epochIntervals);
  });

  test('is refused for another interval, root, stream order or form', () => {
    const tokens = set.anchorTokens(1, [0, 1, 2]);
    const [a, b, c] = tokens.tokens;
    const cases: readonly [Uint8Array, number, typeof tokens][] = [
      [set.root, 0, tokens],
      [bytesOf('other'), 1, tokens],
      [set.root, 1, { ...tokens, tokens: [b!, a!, c!] }],
      [set.root, 1, { ...tokens, tokens: [a!, b!] }],
      [set.root, 1, { ...tokens, path: [...tokens.path, tokens.path[0]!] }],
      [set.root, 1, { ...tokens, positions: toBase64Url(Uint8Array.of(255, 255, 255)) }],
      [set.root, 1, { ...tokens, positions: '' }],
      [set.root, 1, NO_TOKENS],
    ];
    for (const [root, interval, changed] of cases) {
      assert.throws(
        () => verifyAnchorTokens(params, root, interval, changed),
        (error) => hasCode(error, 'BAD_TOKENS'),
      );
    }
  });

  test('opens no dummy: the filling of a slot is a hash that no token gives', () => {
    const tokens = set.anchorTokens(0, [0, 0, 0]);
    const slotKey = keys.slotKey(0, 0);
    for (let place = 6; place < 8; place++) {
      const dummy = labelledMac(slotKey, 'DCMB/0/token-dummy', Uint8Array.of(0, 0, 0, place));
      const forged = { ...tokens, tokens: [toBase64Url(dummy), ...tokens.tokens.slice(1)] };
      for (let at = 0; at < 8; at++) {
        const positions = toBase64Url(Uint8Array.of(at, ...fromBase64Url(tokens.positions).subarray(1)));
        assert.throws(
          () => verifyAnchorTokens(params, set.root, 0, { ...forged, positions }),
          (error) => hasCode(error, 'BAD_TOKENS'),
        );
      }
      assert.notEqual(toHex(tokenLeaf(dummy)), toHex(dummy));
    }
  });

  test('has no token for a code outside the catalogue, and no slot outside its epoch', () => {
    assert.throws(
      () => set.anchorTokens(0, [0, 1, 7]),
      (error) => hasCode(error, 'UNKNOWN_CODE'),
    );
    assert.throws(
      () => set.anchorTokens(0, [0, 1]),
      (error) => hasCode(error, 'UNKNOWN_CODE'),
    );
    assert.throws(
      () => set.anchorTokens(4, [0, 1, 2]),
      (error) => hasCode(error, 'OUTSIDE_EPOCH'),
    );
    assert.throws(
      () => TokenSet.build(params, keys, () => [0, 1, 2, 3, 4, 5]),
      (error) => hasCode(error, 'BAD_INPUT'),
    );
  });

  test('convicts who discloses another batch key', () => {
    const proof = set.batchKeyProof(2, 1);
    verifyBatchKey(params, set.root, { interval: 2, row: 1, key: keys.batchKey(2, 1), proof });
    for (const [interval, row, key, path] of [
      [2, 1, bytesOf('other'), proof],
      [2, 0, keys.batchKey(2, 1), proof],
      [3, 1, keys.batchKey(2, 1), proof],
      [2, 2, keys.batchKey(2, 1), proof],
      [2, 1, keys.batchKey(2, 1), proof.slice(1)],
    ] as const) {
      assert.throws(
        () => verifyBatchKey(params, set.root, { interval, row, key, proof: path }),
        (error) => hasCode(error, 'WRONG_BATCH_KEY'),
      );
    }
  });
});

describe('tokens on the ledger', () => {
  test('tell the condition to who has the slot key, to nobody else', () => {
    const token = fromBase64Url(set.anchorTokens(1, [2, 0, -1]).tokens[0]!);
    assert.equal(codeOfToken(token, keys.slotKey(1, 0), CODES), 2);
    assert.equal(codeOfToken(fromBase64Url(set.anchorTokens(1, [2, 0, -1]).tokens[2]!), keys.slotKey(1, 2), CODES), -1);
    assert.equal(codeOfToken(token, keys.slotKey(1, 1), CODES), undefined);
    assert.equal(codeOfToken(token, keys.slotKey(2, 0), CODES), undefined);
    assert.equal(codeOfToken(bytesOf('filler'), keys.slotKey(1, 0), CODES), undefined);
  });

  test('share no hash between streams or intervals with the same condition, and have one size', () => {
    const all = [0, 1, 2, 3].flatMap((interval) => set.anchorTokens(interval, [1, 1, 1]).tokens);
    assert.equal(new Set(all).size, 12);
    const sizes = new Set<number>();
    for (const codes of [
      [0, 0, 0],
      [1, 1, 1],
      [0, 1, 2],
      [-1, -3, 2],
    ])
      sizes.add(JSON.stringify(set.anchorTokens(1, codes)).length);
    sizes.add(JSON.stringify(fillerTokens(params, keys.batchKey(1, 1))).length);
    assert.equal(sizes.size, 1);
  });

  test('of a call are a filler of the same lengths, the same for both parties, without any value of the slots', () => {
    const filler = fillerTokens(params, keys.batchKey(1, 1));
    assert.deepEqual(filler, fillerTokens(params, keys.batchKey(1, 1)));
    assert.notEqual(toHex(tokensDigest(filler)), toHex(tokensDigest(fillerTokens(params, keys.batchKey(1, 0)))));
    assert.ok(fromBase64Url(filler.positions).every((position) => position < params.codesPerSlot));
    assert.throws(
      () => verifyAnchorTokens(params, set.root, 1, filler),
      (error) => hasCode(error, 'BAD_TOKENS'),
    );
  });
});

describe('epoch keys', () => {
  test('go forward only, and each epoch gives other keys', () => {
    const third = keys.at(3);
    assert.equal(third.epoch, 3);
    assert.deepEqual(third.bytes, keys.next().next().next().bytes);
    assert.deepEqual(new EpochKeys(third.bytes, 3, params).slotKey(12, 0), third.slotKey(12, 0));
    assert.throws(
      () => third.at(2),
      (error) => hasCode(error, 'OUTSIDE_EPOCH'),
    );
    assert.throws(
      () => keys.slotKey(4, 0),
      (error) => hasCode(error, 'OUTSIDE_EPOCH'),
    );
    assert.throws(
      () => keys.batchKey(4, 0),
      (error) => hasCode(error, 'OUTSIDE_EPOCH'),
    );
    assert.throws(
      () => new EpochKeys(new Uint8Array(31), 0, params),
      (error) => hasCode(error, 'BAD_INPUT'),
    );
    const all = [
      keys.slotKey(0, 0),
      keys.slotKey(0, 1),
      keys.slotKey(1, 0),
      keys.batchKey(0, 0),
      keys.batchKey(0, 1),
      keys.next().slotKey(4, 0),
    ];
    assert.equal(new Set(all.map(toHex)).size, all.length);
  });
});
