import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { genesisWrites, type TransactionKind } from '../../src/contract/index.ts';
import { canonicalJson, concat, fromBase64Url, type Json, toBase64Url, utf8 } from '../../src/core/index.ts';
import { compositeKey, verifyFabricChain } from '../../src/fabric-blocks/index.ts';
import { evidenceKey, TEST_MODULE, testBytes, testSigner } from '../support/ledger-network.ts';
import { hashOf, type FabricBlockJson, ForgedChain, reordered, signaturesOf } from './forged-chain.ts';
import { forgedLedger } from './forged-ledger.ts';
import { signed } from './forged-keys.ts';
import { answered, forgedTransaction, type ForgedTransaction } from './forged-transaction.ts';
import { bytesOf, numberOf } from './protobuf-writer.ts';

const NOW = Date.UTC(2026, 0, 1);

function keyBody(name: string): Json {
  return { key: toBase64Url(testSigner(name).publicKey), module: TEST_MODULE, attestation: 'none' };
}

/** A ledger with two keys logged, each in a block of its own. */
async function ledger(): Promise<ForgedChain> {
  const chain = forgedLedger();
  for (const organisation of ['owner', 'manufacturer'] as const) {
    const key = toBase64Url(evidenceKey(organisation).publicKey);
    await chain.commit(organisation, 'registerKey', { key, module: TEST_MODULE, attestation: 'none' }, NOW);
  }
  return chain;
}

function verdict(chain: ForgedChain, blocks: readonly unknown[] = chain.blocks): Promise<string> {
  return verifyFabricChain(blocks, chain.ledgerId).then(
    () => 'verifies',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

/** What becomes of one more transaction, marked with a code. */
async function verdictOn(change: (plan: ForgedTransaction, chain: ForgedChain) => ForgedTransaction, code = 0): Promise<string> {
  const chain = await ledger();
  const { plan } = await chain.planned('owner', 'registerKey', keyBody('one more'), NOW);
  chain.add({ envelopes: [forgedTransaction(change(plan, chain)).envelope], codes: [code] });
  return verdict(chain);
}

function accessOf(plan: ForgedTransaction): ForgedTransaction['accesses'][number] {
  return plan.accesses[0]!;
}

test('the honest ledger verifies, and one more transaction of it', async () => {
  assert.equal(await verdictOn((plan) => plan), 'verifies');
});

describe('whoever writes the file, without a key', () => {
  async function changed(change: (blocks: FabricBlockJson[], chain: ForgedChain) => FabricBlockJson[]): Promise<string> {
    const chain = await ledger();
    return verdict(chain, change([...chain.blocks], chain));
  }

  test('cannot leave a block out, double it, or swap two', async () => {
    assert.match(await changed((blocks) => blocks.toSpliced(-2, 1)), /says it is block/);
    assert.match(await changed((blocks) => [...blocks, blocks.at(-1)!]), /says it is block/);
    assert.match(await changed((blocks) => [...blocks.slice(0, -2), blocks.at(-1)!, blocks.at(-2)!]), /says it is block/);
    assert.match(await changed((blocks) => [...blocks, { ...blocks.at(-1)!, number: blocks.length }]), /hash of the block before/);
  });

  test('cannot move the border between two envelopes, nor hide one in another, though the hash stays the same', async () => {
    const chain = await ledger();
    const plans = await Promise.all(['one', 'two'].map((name) => chain.planned('owner', 'registerKey', keyBody(name), NOW)));
    const [a, b] = plans.map(({ plan }) => forgedTransaction(plan).envelope) as [Uint8Array, Uint8Array];
    chain.add({ envelopes: [a, b], codes: [0, 0] });
    assert.equal(await verdict(chain), 'verifies');
    const block = chain.blocks.at(-1)!;
    const with_ = (data: Uint8Array[], codes: number[]) => [...chain.blocks.slice(0, -1), { ...block, data: data.map(toBase64Url), codes }];
    const both = concat(a, b);
    for (const border of [1, a.length - 1, a.length + 1]) {
      const moved = { ...block, data: [both.slice(0, border), both.slice(border)].map(toBase64Url) };
      assert.equal(hashOf(moved), hashOf(block));
      assert.match(await verdict(chain, with_([both.slice(0, border), both.slice(border)], [0, 0])), /does not verify/);
    }
    assert.match(await verdict(chain, with_([both], [0])), /no envelope/);
    const payloadAlone = a.length - 4 - 72;
    assert.match(await verdict(chain, with_([a.slice(0, payloadAlone), a.slice(payloadAlone), b], [0, 2, 0])), /does not verify/);
    assert.match(await verdict(chain, with_([a, b, new Uint8Array(0)], [0, 0, 2])), /no envelope/);
  });

  test('cannot mark a transaction as what it is not', async () => {
    for (const code of [1, 2, 9, 10, 11, 254, 255]) {
      assert.match(await changed((blocks) => [...blocks.slice(0, -1), { ...blocks.at(-1)!, codes: [code] }]), /its code is 0/);
    }
    assert.match(await changed((blocks) => [...blocks.slice(0, -1), { ...blocks.at(-1)!, codes: [] }]), /0 validation codes/);
    assert.match(await changed((blocks) => [...blocks.slice(0, -1), { ...blocks.at(-1)!, codes: [0, 0] }]), /2 validation codes/);
  });

  test('cannot take the signature away, double it, or write it in another way', async () => {
    const chain = await ledger();
    const block = chain.blocks.at(-1)!;
    const raw = { number: block.number, prev: fromBase64Url(block.prev), data: block.data.map(fromBase64Url) };
    const bytes = fromBase64Url(block.signatures);
    const value = bytes.subarray(0, 2 + bytes[1]!);
    const orderer = chain.person('orderer');
    const tried: Record<string, Uint8Array> = {
      nothing: new Uint8Array(0),
      'the value alone': value,
      'the signature twice': concat(bytes, bytes.subarray(value.length)),
      'a signature twice, made anew': signaturesOf(raw, [orderer, orderer], 0),
      'a field more': concat(bytes, numberOf(3, 1)),
      'a field of value 0': concat(bytes, Uint8Array.of(0x18, 0x00)),
      'the parts in another order': concat(bytes.subarray(value.length), value),
      'the value twice': concat(value, bytes),
      'another value': concat(bytesOf(1, numberOf(1, 3)), bytes.subarray(value.length)),
      'a longer length': concat(Uint8Array.of(bytes[0]!, bytes[1]! | 0x80, 0), bytes.subarray(2)),
    };
    for (const [what, signatures] of Object.entries(tried)) {
      const blocks = [...chain.blocks.slice(0, -1), { ...block, signatures: toBase64Url(signatures) }];
      assert.match(await verdict(chain, blocks), /does not verify/, what);
    }
    assert.match(await changed(([first, ...rest]) => [{ ...first!, signatures: block.signatures }, ...rest]), /Block 0 does not verify/);
  });

  test('cannot make a second signature out of one', async () => {
    const chain = await ledger();
    const { plan } = await chain.planned('owner', 'registerKey', keyBody('one more'), NOW);
    chain.add({ envelopes: [forgedTransaction({ ...plan, half: 'high' }).envelope], codes: [0] });
    assert.match(await verdict(chain), /its code is 4/);
  });

  test('cannot put another first block, or another genesis, in its place', async () => {
    const chain = await ledger();
    const other = new ForgedChain({ name: 'Another network' });
    other.begin(NOW);
    assert.match(await verdict(chain, other.blocks), /No block holds the genesis/);
    const [first, ...rest] = chain.blocks;
    const data = fromBase64Url(first!.data[0]!);
    const changedFirst = { ...first!, data: [toBase64Url(data.with(200, data[200]! ^ 1))] };
    assert.match(await verdict(chain, [changedFirst, ...rest]), /names another first block/);
    assert.match(await verdict(chain, chain.blocks.slice(1)), /Block 0 does not verify/);
  });
});

describe('an orderer', () => {
  test('cannot leave a transaction out or change the order of blocks that others have seen, for their hashes change', async () => {
    const chain = await ledger();
    const seen = chain.last.hash;
    const without = reordered(chain.blocks.toSpliced(-2, 1), chain.person('orderer'), 2);
    assert.equal(await verdict(chain, without), 'verifies');
    assert.notEqual(hashOf(without.at(-1)!), seen);
  });

  test('cannot make a transaction, nor change one', async () => {
    const chain = await ledger();
    const orderer = chain.person('orderer');
    const made = await chain.planned('owner', 'registerKey', keyBody('one more'), NOW);
    const asOwner = { ...orderer, mspId: 'owner' };
    chain.add({ envelopes: [forgedTransaction({ ...made.plan, creator: asOwner }).envelope], codes: [0] });
    assert.match(await verdict(chain), /its code is 4/);
    const last = chain.blocks.at(-2)!;
    const envelope = fromBase64Url(last.data[0]!);
    const data = [toBase64Url(envelope.with(300, envelope[300]! ^ 1))];
    const again = reordered([...chain.blocks.slice(0, -2), { ...last, data }], orderer, last.number);
    assert.match(await verdict(chain, again), /its code is 4|its code is \d/);
  });

  test('cannot repeat a transaction, in a later block or the same one', async () => {
    const chain = await ledger();
    const last = chain.blocks.at(-1)!;
    chain.add({ envelopes: [fromBase64Url(last.data[0]!)], codes: [0] });
    assert.match(await verdict(chain), /its code is 9/);
    const twice = await ledger();
    const { envelope } = forgedTransaction((await twice.planned('owner', 'registerKey', keyBody('one more'), NOW)).plan);
    twice.add({ envelopes: [envelope, envelope], codes: [0, 0] });
    assert.match(await verdict(twice), /Transaction 1 .* its code is 9/);
    const marked = await ledger();
    marked.add({ envelopes: [envelope, envelope], codes: [0, 9] });
    assert.equal(await verdict(marked), 'verifies');
  });

  test('must be one of the channel: a member that signs blocks is none', async () => {
    for (const name of ['owner peer', 'owner client', 'owner admin']) {
      const chain = await ledger();
      const { plan } = await chain.planned('owner', 'registerKey', keyBody('one more'), NOW);
      chain.add({ envelopes: [forgedTransaction(plan).envelope], codes: [0], signers: [chain.person(name)] });
      assert.match(await verdict(chain), /no orderer of the channel/, name);
      chain.blocks.pop();
      chain.add({ envelopes: [forgedTransaction(plan).envelope], codes: [0], signers: [{ ...chain.person(name), mspId: 'orderer' }] });
      assert.match(await verdict(chain), /no orderer of the channel/, `${name} under another name`);
    }
    const both = await ledger();
    both.add({
      envelopes: [fromBase64Url(both.blocks.at(-1)!.data[0]!)],
      codes: [9],
      signers: [both.person('orderer'), both.person('owner peer')],
    });
    assert.match(await verdict(both), /no orderer of the channel/);
  });

  test('must name the newest configuration', async () => {
    const chain = await ledger();
    chain.add({ envelopes: [fromBase64Url(chain.blocks.at(-1)!.data[0]!)], codes: [9], lastConfig: 3 });
    assert.match(await verdict(chain), /newest configuration/);
  });

  test('cannot take a transaction of another channel', async () => {
    assert.match(await verdictOn((plan) => ({ ...plan, channel: 'other' })), /its code is 4/);
    assert.equal(await verdictOn((plan) => ({ ...plan, channel: 'other' }), 4), 'verifies');
  });
});

describe('an organisation with one endorsement', () => {
  test('cannot have a transaction count', async () => {
    assert.match(await verdictOn((plan) => ({ ...plan, endorsers: plan.endorsers.slice(0, 1) })), /its code is 10/);
    assert.equal(await verdictOn((plan) => ({ ...plan, endorsers: plan.endorsers.slice(0, 1) }), 10), 'verifies');
  });

  test('cannot endorse twice, or by somebody who is no peer, or for another', async () => {
    const tried = {
      'the same peer twice': (chain: ForgedChain) => [chain.person('owner peer'), chain.person('owner peer')],
      'peer and client': (chain: ForgedChain) => [chain.person('owner peer'), chain.person('owner client')],
      'peer and admin': (chain: ForgedChain) => [chain.person('owner peer'), chain.person('owner admin')],
      'peer and client of another': (chain: ForgedChain) => [chain.person('owner peer'), chain.person('manufacturer client')],
      'its peer under the name of another': (chain: ForgedChain) => [
        chain.person('owner peer'),
        { ...chain.person('owner peer'), mspId: 'manufacturer' },
      ],
      'the certificate of another with a key of its own': (chain: ForgedChain) => [
        chain.person('owner peer'),
        { ...chain.person('manufacturer peer'), key: chain.person('owner peer').key },
      ],
      'the orderer': (chain: ForgedChain) => [chain.person('owner peer'), chain.person('orderer')],
    };
    for (const [what, endorsers] of Object.entries(tried)) {
      assert.match(await verdictOn((plan, chain) => ({ ...plan, endorsers: endorsers(chain) })), /its code is 10/, what);
    }
  });

  test('cannot borrow endorsements of another transaction', async () => {
    const chain = await ledger();
    const { plan } = await chain.planned('owner', 'registerKey', keyBody('one more'), NOW);
    let borrowed = new Uint8Array(0);
    forgedTransaction({ ...plan, change: { endorsements: (bytes) => (borrowed = new Uint8Array(bytes)) } });
    const other = { ...plan, nonce: testBytes('another nonce').slice(0, 24), change: { endorsements: () => borrowed } };
    chain.add({ envelopes: [forgedTransaction(other).envelope], codes: [0] });
    assert.match(await verdict(chain), /its code is 10/);
  });

  test('cannot send as another', async () => {
    assert.match(
      await verdictOn((plan, chain) => ({ ...plan, creator: { ...chain.person('owner client'), mspId: 'manufacturer' } })),
      /its code is 4/,
    );
    const asManufacturer: Parameters<typeof verdictOn>[0] = (plan, chain) => ({ ...plan, creator: chain.person('manufacturer client') });
    assert.match(await verdictOn(asManufacturer), /something else than the contract/);
  });
});

describe('two organisations that endorse together what the contract does not give', () => {
  const wrong = (what: RegExp, change: (plan: ForgedTransaction, chain: ForgedChain) => ForgedTransaction) => async () =>
    assert.match(await verdictOn(change), what);
  const withWrites = (plan: ForgedTransaction, writes: NonNullable<ReturnType<typeof accessOf>['writes']>): ForgedTransaction => ({
    ...plan,
    accesses: [{ ...accessOf(plan), writes }],
  });
  const writesOf = (plan: ForgedTransaction) => accessOf(plan).writes ?? [];

  test(
    'another value',
    wrong(/writes something else/, (plan) =>
      withWrites(
        plan,
        writesOf(plan).map((write) => ({ ...write, value: utf8('{}') })),
      ),
    ),
  );
  test(
    'a value more',
    wrong(/writes something else/, (plan) => withWrites(plan, [...writesOf(plan), { key: compositeKey('od~a~1'), value: utf8('1') }])),
  );
  test(
    'a value twice',
    wrong(/writes something else/, (plan) => withWrites(plan, [...writesOf(plan), ...writesOf(plan)])),
  );
  test('no value: it counts for nothing', async () => {
    const chain = await ledger();
    const { plan } = await chain.planned('owner', 'registerKey', keyBody('one more'), NOW);
    chain.add({ envelopes: [forgedTransaction({ ...withWrites(plan, []), timeMs: NOW * 2 }).envelope], codes: [0] });
    const { events, last } = await verifyFabricChain(chain.blocks, chain.ledgerId);
    assert.deepEqual([events.length, last.timeMs], [2, NOW]);
  });
  test(
    'a value deleted',
    wrong(/writes something else/, (plan) =>
      withWrites(
        plan,
        writesOf(plan).map(({ key }) => ({ key, value: new Uint8Array(0), isDelete: true })),
      ),
    ),
  );
  test(
    'an event of other contents',
    wrong(/another event|answers something else/, (plan) => ({ ...plan, ...answered({ kind: 'registerKey', channel: '', body: {} }) })),
  );
  test(
    'no event',
    wrong(/another event/, ({ event: _, ...plan }) => plan),
  );
  test(
    'an event of another name',
    wrong(/another event/, (plan) => ({ ...plan, event: { ...plan.event!, name: 'other' } })),
  );
  test(
    'an event of another transaction',
    wrong(/another event/, (plan) => ({ ...plan, event: { ...plan.event!, txId: 'ab'.repeat(32) } })),
  );
  test(
    'another answer',
    wrong(/answers something else/, (plan) => ({ ...plan, response: { status: 200, payload: utf8('{}') } })),
  );
  test(
    'a refusal as an answer',
    wrong(/answers something else/, (plan) => ({ ...plan, response: { ...plan.response!, status: 500 } })),
  );
  test(
    'a proposal of another organisation than the sender',
    wrong(/proposed by "owner" and signed by "manufacturer"/, (plan, chain) => ({
      ...plan,
      creator: chain.person('manufacturer client'),
      proposer: chain.person('owner client'),
    })),
  );
  test(
    'writes into the certification chaincode',
    wrong(/writes into "certification"/, (plan) => ({
      ...plan,
      accesses: [...plan.accesses, { namespace: 'certification', writes: [{ key: 'status~x', value: utf8('1') }] }],
    })),
  );
  test(
    'writes by a query',
    wrong(/only reads/, (plan) => ({ ...plan, args: ['query', 'genesis', '{}'] })),
  );
  test(
    'writes by a function that is not there',
    wrong(/only reads/, (plan) => ({ ...plan, args: ['erase'] })),
  );
  test(
    'a call by way of another chaincode',
    wrong(/only that chaincode's own functions/, (plan) => ({
      ...plan,
      chaincode: 'certification',
      event: { ...plan.event!, chaincode: 'certification' },
    })),
  );
  test(
    'a call with an argument more',
    wrong(/3 arguments|4 arguments/, (plan) => ({ ...plan, args: [...plan.args, 'more'] })),
  );
  test(
    'a body that is not canonical',
    wrong(/canonical/, (plan) => ({ ...plan, args: [...plan.args.slice(0, 2), '{ }'] })),
  );
  test(
    'what the contract refuses',
    wrong(/does not verify: /, (plan) => ({
      ...plan,
      args: ['execute', 'revokeKey', canonicalJson({ key: toBase64Url(testBytes('no key')) })],
    })),
  );
  test(
    'a kind that is none',
    wrong(/no transaction of this kind/, (plan) => ({ ...plan, args: ['execute', 'erase', '{}'] })),
  );
  test(
    'a second genesis',
    wrong(/second genesis/, (plan, chain) => ({
      ...plan,
      args: ['genesis', canonicalJson(chain.genesis)],
      accesses: [
        {
          ...accessOf(plan),
          writes: genesisWrites(chain.genesis).map(([key, value]) => ({ key: compositeKey(key), value: canonicalJson(value) })),
        },
      ],
    })),
  );
  test(
    'what was read before it changed',
    wrong(/its code is 11/, (plan) => ({
      ...plan,
      accesses: [{ ...accessOf(plan), reads: [{ key: compositeKey('genesis'), version: { block: 1, tx: 0 } }] }],
    })),
  );
  test(
    'a search that also writes',
    wrong(/its code|marked/, (plan) => ({ ...plan, accesses: [{ ...accessOf(plan), more: bytesOf(2, bytesOf(1, 'a')) }] })),
  );
  test(
    'a rule of endorsement for a single entry',
    wrong(/writes into "evidence"/, (plan) => ({
      ...plan,
      accesses: [{ ...accessOf(plan), more: bytesOf(4, bytesOf(1, 'a')) }],
    })),
  );

  test('of whom one is no member of the ledger', async () => {
    const chain = new ForgedChain({
      organisations: [
        { id: 'owner', name: 'O' },
        { id: 'manufacturer', name: 'M' },
      ],
    });
    chain.begin(NOW);
    const { plan } = await chain.planned('owner', 'registerKey' satisfies TransactionKind, keyBody('one more'), NOW);
    const endorsers = [chain.person('owner peer'), chain.person('stranger peer')];
    chain.add({ envelopes: [forgedTransaction({ ...plan, endorsers }).envelope], codes: [0] });
    assert.match(await verdict(chain), /endorsed by 1 members/);
    chain.blocks.pop();
    const sentByStranger = forgedTransaction({ ...plan, creator: chain.person('stranger client') });
    chain.add({ envelopes: [sentByStranger.envelope], codes: [0] });
    assert.match(await verdict(chain), /no member/);
  });
});

test('a genesis that the expected ledger has not is found, and so is a transaction before it', async () => {
  const chain = new ForgedChain();
  const { plan } = await chain.planned('owner', 'registerKey', keyBody('one more'), NOW);
  chain.add({ envelopes: [forgedTransaction(plan).envelope], codes: [0] });
  chain.begin(NOW);
  assert.match(await verdict(chain), /before the genesis/);
});

test('signatures of the network keys verify in the lower half alone', () => {
  const person = new ForgedChain().person('orderer');
  assert.notDeepEqual(signed(person, utf8('a'), 'low'), signed(person, utf8('a'), 'high'));
});
