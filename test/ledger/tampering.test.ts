import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import fc from 'fast-check';
import {
  blockHash,
  type EmbeddedBlock,
  type GenesisBlock,
  genesisBlock,
  ledgerIdOf,
  MOST_AGE_MS,
  MOST_CLOCK_SKEW_MS,
  parsePrepared,
  prepareTransaction,
  verifyBlockChain,
  verifyTransaction,
} from '../../src/contract/index.ts';
import { canonicalJson, fromUtf8, type Json, parseCanonical, toBase64Url, utf8 } from '../../src/core/index.ts';
import { ChannelBench } from '../contract/fixture.ts';
import {
  type LedgerNetwork,
  ledgerKey,
  ledgerNetwork,
  openTestChannel,
  send,
  TEST_MODULE,
  testBytes,
  testFabricGenesis,
  testSigner,
} from '../support/ledger-network.ts';

type Chain = [GenesisBlock, ...EmbeddedBlock[]];

/** A chain with a key log, a channel, a token set, two anchors and a receipt. */
async function chainOf({ owner, manufacturer }: LedgerNetwork): Promise<Chain> {
  await openTestChannel(owner, manufacturer);
  const bench = new ChannelBench();
  await send(owner, 'epochRecord', { record: await bench.record({ opens: bench.opens(0) }) });
  const batches = [await bench.seal({ n: 0, interval: 0 }), await bench.seal({ n: 1, interval: 1, codes: [2, 0] })];
  await Promise.all(batches.map(({ anchor }) => send(owner, 'anchor', anchor)));
  await send(manufacturer, 'receipt', { receipt: await bench.receipt(batches[0]!) });
  return (await owner.blocks(0)) as unknown as Chain;
}

/** The chain with later blocks linked anew, as who holds the file could do. */
function relinked(blocks: Chain): Json[] {
  const out: Json[] = [];
  let prev = '';
  for (const block of blocks) {
    const linked = 'prev' in block && prev !== '' ? { ...block, prev } : block;
    prev = blockHash(linked);
    out.push(linked);
  }
  return out;
}

/** All paths to values in JSON. */
function leaves(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  return Object.entries(value).flatMap(([key, item]) => leaves(item, [...path, key]));
}

function withChange(value: unknown, [key, ...rest]: readonly string[], change: (old: unknown) => unknown): unknown {
  if (key === undefined) return change(value);
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value)
    ? [...(value as unknown[])]
    : { ...(value as Record<string, unknown>) };
  const holder = copy as Record<string, unknown>;
  holder[key] = withChange(holder[key], rest, change);
  return copy;
}

function different(old: unknown): unknown {
  if (typeof old === 'number') return old + 1;
  if (typeof old === 'boolean') return !old;
  const text = String(old);
  return text === '' ? 'x' : `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;
}

describe('a chain of the embedded ledger', () => {
  test('verifies as it was written, and gives state and events', async (t) => {
    const network = await ledgerNetwork(t);
    const blocks = await chainOf(network);
    const chain = await verifyBlockChain(blocks, network.ledgerId);
    assert.equal(chain.events.length, 7);
    assert.deepEqual(chain.last, await network.owner.lastBlock());
    for (const name of ['channel', 'cumulativeReceipt'] as const) {
      const channel = chain.events[2]!.event.channel;
      assert.deepEqual(
        await network.owner.query(name, { channel }),
        await chain.state.get(`${name === 'channel' ? 'ch' : 'cr'}~${channel}`),
      );
    }
  });

  test('does not verify with any one value changed, whether or not the later blocks are linked anew', async (t) => {
    const network = await ledgerNetwork(t);
    const blocks = await chainOf(network);
    const paths = leaves(blocks);
    assert.ok(paths.length > 100);
    for (const path of paths) {
      const changed = withChange(blocks, path, different) as Chain;
      const isTime = path[1] === 'timeMs';
      // The last block's time is the writer's word, and later blocks linked anew make any block the last; see docs/ledger.md.
      const lastTime = isTime && path[0] === String(blocks.length - 1);
      if (!lastTime) await assert.rejects(verifyBlockChain(changed, network.ledgerId), { kind: 'Rejected' }, path.join('/'));
      if (isTime || path[1] === 'prev') continue;
      await assert.rejects(verifyBlockChain(relinked(changed), network.ledgerId), { kind: 'Rejected' }, `${path.join('/')}, linked anew`);
    }
  });

  test('does not verify with any byte of its JSON changed', async (t) => {
    const network = await ledgerNetwork(t);
    const blocks = await chainOf(network);
    const bytes = canonicalJson(blocks);
    const lastTime = fromUtf8(bytes).lastIndexOf('"timeMs":');
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (place, mask) => {
        // The last block's time is the writer's word, see above.
        fc.pre(place < lastTime);
        const changed = bytes.slice();
        changed[place] = changed[place]! ^ mask;
        await assert.rejects(async () => verifyBlockChain(parseCanonical(changed) as Json[], network.ledgerId));
      }),
      { numRuns: 150 },
    );
  });

  test('does not verify with a block or a transaction left out, doubled or moved', async (t) => {
    const network = await ledgerNetwork(t);
    const blocks = await chainOf(network);
    const [genesis, ...rest] = blocks;
    const numbered = (list: readonly EmbeddedBlock[]): Json[] =>
      relinked([genesis, ...list.map((block, i) => ({ ...block, number: i + 1 }))]);
    const anchors = rest.findIndex(({ transactions }) => transactions[0]?.event.kind === 'anchor');
    const broken: Json[][] = [
      rest,
      [],
      numbered(rest.slice(1)),
      numbered([...rest, rest[0]!]),
      numbered([rest[1]!, rest[0]!, ...rest.slice(2)].reverse()),
      numbered(rest.with(anchors, { ...rest[anchors]!, transactions: [] })),
      numbered(rest.with(anchors, { ...rest[anchors]!, transactions: [...rest[anchors]!.transactions, ...rest[anchors]!.transactions] })),
    ];
    for (const chain of broken) await assert.rejects(verifyBlockChain(chain, network.ledgerId), { code: 'BAD_BLOCK' });
    // A shorter chain is a chain: how far it reaches is for the reader to hold against what it knows.
    await verifyBlockChain(blocks.slice(0, -1), network.ledgerId);
  });

  test('is refused for another network, and says in which block the fault is', async (t) => {
    const network = await ledgerNetwork(t);
    const blocks = await chainOf(network);
    await assert.rejects(verifyBlockChain(blocks, toBase64Url(testBytes('other'))), { code: 'OTHER_LEDGER' });
    const changed = relinked(withChange(blocks, ['3', 'transactions', '0', 'event', 'channel'], different) as Chain);
    await assert.rejects(verifyBlockChain(changed, network.ledgerId), { code: 'BAD_BLOCK', message: /Block 3/ });
  });

  describe('that somebody goes on with', () => {
    const body = { key: toBase64Url(testSigner('new').publicKey), module: TEST_MODULE, attestation: 'none' };
    interface Next {
      readonly creator?: string;
      readonly signer?: 'owner' | 'stranger';
      readonly kind?: 'registerKey' | 'overdue';
      readonly body?: Json;
      readonly blockMs?: number;
      readonly transactionMs?: number;
    }

    /** Verifies the chain with one more block, well linked, and gives what is wrong with it. */
    async function goOn(t: TestContext, next: Next, entries?: (chain: Chain) => EmbeddedBlock['transactions']): Promise<string> {
      const network = await ledgerNetwork(t);
      const blocks = await chainOf(network);
      const last = blocks.at(-1) as EmbeddedBlock;
      const { creator = 'owner', signer = 'owner', kind = 'registerKey', blockMs = 0, transactionMs = 0 } = next;
      const nonce = testBytes('nonce').slice(0, 16);
      const content = { ledger: network.ledgerId, creator, nonce, timeMs: last.timeMs + transactionMs, kind, body: next.body ?? body };
      const { txId, bytes } = await prepareTransaction(content, ledgerKey(signer));
      const event = { kind, channel: '', body: { organisation: creator, keyId: testSigner('new').keyId, ...body } };
      const entry = { txId, envelope: parseCanonical(bytes), event } as unknown as EmbeddedBlock['transactions'][number];
      const block = { ...last, number: last.number + 1, timeMs: last.timeMs + blockMs, transactions: entries?.(blocks) ?? [entry] };
      return verifyBlockChain(relinked([...blocks, block]), network.ledgerId).then(
        () => 'nothing',
        (error: unknown) => (error as Error).message,
      );
    }

    test('verifies where a member signed and the contract takes it', async (t) => {
      assert.equal(await goOn(t, {}), 'nothing');
      assert.equal(await goOn(t, { transactionMs: MOST_CLOCK_SKEW_MS }), 'nothing');
    });

    test('does not verify with another signer, a creator that is no member, or a transaction that the contract refuses', async (t) => {
      assert.match(await goOn(t, { signer: 'stranger' }), /not the expected one/);
      assert.match(await goOn(t, { creator: 'nobody', signer: 'stranger' }), /no member/);
      const channel = toBase64Url(testBytes('no channel'));
      assert.match(await goOn(t, { kind: 'overdue', body: { channel, interval: 0 } }), /No channel/);
    });

    test('does not verify with a time that runs backwards, or a transaction from the future', async (t) => {
      assert.match(await goOn(t, { blockMs: -1 }), /time lies before/);
      assert.match(await goOn(t, { transactionMs: MOST_CLOCK_SKEW_MS + 1 }), /too far ahead/);
    });

    test('does not verify with a transaction that was dated back further than any ledger takes', async (t) => {
      assert.equal(await goOn(t, { transactionMs: -MOST_AGE_MS }), 'nothing');
      assert.match(await goOn(t, { transactionMs: -MOST_AGE_MS - 1 }), /300001 ms back/);
    });

    test('does not verify with a transaction that stands in it already', async (t) => {
      assert.match(await goOn(t, {}, (chain) => (chain.at(-1) as EmbeddedBlock).transactions), /stands in the chain twice/);
    });
  });

  test('does not verify with the genesis of a ledger on Fabric, whose members have no ledger keys', async (t) => {
    const genesis = testFabricGenesis();
    await assert.rejects(verifyBlockChain([genesisBlock(genesis)], ledgerIdOf(genesis)), { code: 'BAD_BLOCK', message: /on Fabric/ });
    const { owner, ledgerId } = await ledgerNetwork(t);
    const { bytes } = await owner.prepare('registerKey', {});
    assert.throws(() => verifyTransaction(genesis, ledgerId, parsePrepared(bytes)), { code: 'BAD_BLOCK', message: /no ledger key/ });
  });

  test('has canonical JSON for its stored bytes, and the hash that docs/ledger.md gives', async (t) => {
    const network = await ledgerNetwork(t);
    const [genesis] = await chainOf(network);
    assert.equal(fromUtf8(canonicalJson(genesis)).startsWith('{"genesis":{"certificationRequired":false,'), true);
    assert.equal(utf8(blockHash(genesis)).length, 43);
  });
});
