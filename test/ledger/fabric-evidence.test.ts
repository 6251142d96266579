import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canonicalJson, utf8 } from '../../src/core/index.ts';
import type { FabricBlock, FabricTransaction } from '../../src/fabric-blocks/index.ts';
import { BlockTimes } from '../../src/ledger/fabric/block-times.ts';
import { EvidenceBlocks } from '../../src/ledger/fabric/evidence-block.ts';

const INFO = { number: 7, hash: 'hash 7', timeMs: 500 };
const EVENT = { kind: 'registerKey', channel: '', body: { organisation: 'owner' } };
const BODY = { key: 'k' };

/** A transaction of the contract's, as it stands in a block. */
function executed(txId: string, changes: Partial<FabricTransaction> = {}): FabricTransaction {
  return {
    txId,
    index: 0,
    code: 0,
    type: 3,
    channel: 'dcmb',
    chaincode: 'evidence',
    creator: { mspId: 'owner', certificate: utf8('') },
    timeMs: 400,
    args: [utf8('execute'), utf8('registerKey'), canonicalJson(BODY)],
    response: { status: 200, message: '', payload: canonicalJson(EVENT) },
    writes: ['evidence'],
    ...changes,
  } as FabricTransaction;
}

const blockOf = (...transactions: FabricTransaction[]): FabricBlock => ({ number: 7, prev: 'hash 6', hash: 'hash 7', transactions });
const evidence = new EvidenceBlocks('evidence');

describe("what counts of a Fabric channel's transactions", () => {
  test('is a call of the contract: its event, its commit and what it said', () => {
    const block = blockOf(executed('a'), executed('b', { creator: { mspId: 'manufacturer', certificate: utf8('') } }));
    assert.deepEqual(evidence.events(block, INFO), [
      { block: INFO, txId: 'a', creator: 'owner', event: EVENT },
      { block: INFO, txId: 'b', creator: 'manufacturer', event: EVENT },
    ]);
    const transaction = block.transactions[0]!;
    assert.deepEqual(evidence.commit({ block, transaction }, INFO), { txId: 'a', block: INFO, event: EVENT });
    assert.deepEqual(evidence.transaction(block, 'b'), { txId: 'b', creator: 'manufacturer', kind: 'registerKey', body: BODY });
  });

  const others: [string, Partial<FabricTransaction>][] = [
    ['that is invalid', { code: 11 }],
    ['of another chaincode', { chaincode: 'other', writes: ['evidence', 'other'] }],
    // Valid by the word of one organisation: it writes into that one's private collection alone.
    ['that writes nothing public', { writes: [] }],
    ['that writes in another chaincode alone', { writes: ['certification'] }],
    ['that is the genesis', { args: [utf8('genesis'), canonicalJson({})] }],
    ['without arguments', { args: [] }],
    ['whose arguments are no text', { args: [new Uint8Array([0xff]), utf8('registerKey'), canonicalJson(BODY)] }],
    ['whose body is no JSON', { args: [utf8('execute'), utf8('registerKey'), utf8('{')] }],
    ['whose answer is no event', { response: { status: 200, message: '', payload: utf8('{"kind":1}') } }],
    ['without an answer', { response: undefined }],
  ];
  for (const [name, changes] of others) {
    test(`is none ${name}; those beside it are told`, () => {
      const block = blockOf(executed('before'), executed('x', changes), executed('after'));
      assert.deepEqual(
        evidence.events(block, INFO).map(({ txId }) => txId),
        ['before', 'after'],
      );
      assert.equal(evidence.commit({ block, transaction: block.transactions[1]! }, INFO), undefined);
      assert.equal(evidence.transaction(block, 'x'), undefined);
    });
  }

  test('a time far ahead that one organisation alone vouches for is not the time of a block', () => {
    const times = new BlockTimes('evidence');
    for (let number = 0; number < 7; number++) times.add({ ...blockOf(), number });
    times.add(blockOf(executed('a'), executed('x', { writes: [], timeMs: Date.UTC(2200, 0) })));
    assert.equal(times.info(7)?.timeMs, 400);
  });
});
