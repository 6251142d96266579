import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { Genesis } from '../../src/contract/index.ts';
import type { Commit, Ledger, LedgerEvent } from '../../src/ledger/index.ts';
import { fromBase64Url, toBase64Url } from '../../src/core/index.ts';
import { ChannelBench, otherHash } from '../contract/fixture.ts';
import {
  evidenceKey,
  openTestChannel,
  refusedAs,
  type OrganisationName,
  seenBy,
  send,
  TEST_MODULE,
  testParams,
  testSigner,
} from '../support/ledger-network.ts';

/** A running network of the test organisations, as a kind of ledger provides it to {@link ledgerCompliance}. */
export interface ComplianceNetwork {
  readonly genesis: Genesis;
  /** A new handle of an organisation's, in the way a process of its own would have one. */
  open(organisation: OrganisationName): Promise<Ledger>;
  /** Stops and starts again whatever can be stopped and started. Handles opened before it are not used after it. */
  restart(): Promise<void>;
}

interface World {
  readonly network: ComplianceNetwork;
  readonly owner: Ledger;
  readonly manufacturer: Ledger;
  readonly stranger: Ledger;
  /** Makes documents and batches for the open channel; its own state is not used. */
  readonly bench: ChannelBench;
  readonly channel: string;
  /** Sends a transaction and waits until every handle sees it. */
  sent(...transaction: Parameters<typeof send>): Promise<Commit>;
}

const loggedKey = (name: string) => ({ key: toBase64Url(testSigner(name).publicKey), module: TEST_MODULE, attestation: 'none' });

/** The first `count` events from a block on. */
export async function takeEvents(ledger: Ledger, fromBlock: number, count: number): Promise<LedgerEvent[]> {
  const stop = new AbortController();
  const taken: LedgerEvent[] = [];
  for await (const event of ledger.events(fromBlock, stop.signal)) {
    taken.push(event);
    if (taken.length === count) stop.abort();
  }
  return taken;
}

/**
 * What every ledger has to show against the port alone, whatever it is made of.
 * @param name of the kind of ledger
 * @param makeNetwork a fresh ledger of the test organisations; its own cleaning up hangs on the test context
 */
export function ledgerCompliance(name: string, makeNetwork: (t: TestContext) => Promise<ComplianceNetwork>): void {
  async function world(t: TestContext): Promise<World> {
    const network = await makeNetwork(t);
    const [owner, manufacturer, stranger] = [
      await network.open('owner'),
      await network.open('manufacturer'),
      await network.open('stranger'),
    ];
    const channel = await openTestChannel(owner, manufacturer, testParams());
    const bench = new ChannelBench({ genesis: network.genesis });
    const sent: World['sent'] = async (...transaction) => seenBy([owner, manufacturer, stranger], await send(...transaction));
    await sent(owner, 'epochRecord', { record: await bench.record({ opens: bench.opens(0, 1) }) });
    return { network, owner, manufacturer, stranger, bench, channel, sent };
  }

  describe(`${name} as a ledger: submitting`, () => {
    test('a commit names block, transaction and event, and the state follows', async (t) => {
      const { owner, stranger, bench, channel } = await world(t);
      const batch = await bench.seal({ n: 0, interval: 0 });
      const prepared = await owner.prepare('anchor', batch.anchor);
      const commit = await owner.submit(prepared);
      assert.equal(commit.txId, prepared.txId);
      assert.equal(commit.event.kind, 'anchor');
      assert.equal(commit.event.channel, channel);
      assert.equal(fromBase64Url(commit.block.hash).length, 32);
      await seenBy([stranger], commit);
      for (const ledger of [owner, stranger]) {
        const found = (await ledger.query('batch', { channel, n: 0 })) as { header: string };
        assert.equal(found.header, batch.headerHash);
        assert.deepEqual(await ledger.statusOf(prepared.txId), commit);
      }
    });

    test('what is only prepared has no effect and no status', async (t) => {
      const { owner, bench, channel } = await world(t);
      const before = await owner.lastBlock();
      const { txId } = await owner.prepare('anchor', (await bench.seal({ n: 0, interval: 0 })).anchor);
      assert.equal(await owner.statusOf(txId), undefined);
      assert.equal(await owner.query('batch', { channel, n: 0 }), undefined);
      assert.deepEqual(await owner.lastBlock(), before);
    });

    test('the same bytes again give the first commit, one after the other and at once, and one event', async (t) => {
      const { owner, bench } = await world(t);
      const { number } = await owner.lastBlock();
      const prepared = await owner.prepare('anchor', (await bench.seal({ n: 0, interval: 0 })).anchor);
      const commits = await Promise.all([
        owner.submit(prepared),
        owner.submit(prepared),
        owner.submit({ ...prepared, bytes: prepared.bytes.slice() }),
      ]);
      commits.push(await owner.submit(prepared));
      for (const commit of commits) assert.deepEqual(commit, commits[0]);
      await send(owner, 'registerKey', loggedKey('after'));
      const kinds = (await takeEvents(owner, number + 1, 2)).map(({ event }) => event.kind);
      assert.deepEqual(kinds, ['anchor', 'registerKey']);
    });

    test('the same body prepared twice is two transactions: the second is refused by the contract', async (t) => {
      const { owner, bench } = await world(t);
      const { anchor } = await bench.seal({ n: 0, interval: 0 });
      const [first, second] = [await owner.prepare('anchor', anchor), await owner.prepare('anchor', anchor)];
      assert.notEqual(first.txId, second.txId);
      await owner.submit(first);
      await assert.rejects(owner.submit(second), { kind: 'Rejected', code: 'NUMBER_TAKEN' });
      assert.equal(await owner.statusOf(second.txId), undefined);
      await refusedAs('NUMBER_TAKEN', owner, 'anchor', anchor);
    });

    test('a refused transaction leaves nothing behind: no block, no state, no event', async (t) => {
      const { owner, stranger, bench, channel } = await world(t);
      const before = await owner.lastBlock();
      const { anchor } = await bench.seal({ n: 0, interval: 0 });
      const txId = await refusedAs('WRONG_CREATOR', stranger, 'anchor', anchor);
      assert.deepEqual(await owner.lastBlock(), before);
      if (txId !== undefined) assert.equal(await stranger.statusOf(txId), undefined);
      assert.equal(await owner.query('batch', { channel, n: 0 }), undefined);
      const commit = await send(owner, 'anchor', anchor);
      assert.equal((await takeEvents(owner, before.number + 1, 1))[0]?.txId, commit.txId);
    });

    test('the creator is who signed, whatever a body claims', async (t) => {
      const { stranger } = await world(t);
      await assert.rejects(send(stranger, 'registerKey', { ...loggedKey('x'), organisation: 'owner' }), {
        kind: 'Rejected',
        code: 'BAD_SHAPE',
      });
      const { event } = await send(stranger, 'registerKey', loggedKey('x'));
      assert.equal(event.body['organisation'], 'stranger');
    });

    test('changed bytes and a wrong id are refused', async (t) => {
      const { owner } = await world(t);
      const prepared = await owner.prepare('registerKey', loggedKey('x'));
      for (const place of [0, Math.floor(prepared.bytes.length / 2), prepared.bytes.length - 1]) {
        const bytes = prepared.bytes.slice();
        bytes[place] = bytes[place]! ^ 1;
        await assert.rejects(owner.submit({ ...prepared, bytes }), { kind: 'Rejected' });
      }
      await assert.rejects(owner.submit({ ...prepared, txId: otherHash(prepared.txId) }), { kind: 'Rejected' });
      assert.equal(await owner.statusOf(prepared.txId), undefined);
    });
  });

  describe(`${name} as a ledger: several writers`, () => {
    test('of two writers that race for a number exactly one wins', async (t) => {
      const { network, owner, bench, channel } = await world(t);
      const twin = await network.open('owner');
      for (let n = 0; n < 5; n++) {
        const [a, b] = [await bench.seal({ n, interval: n, codes: [1, 1] }), await bench.seal({ n, interval: n, codes: [2, 2] })];
        const outcomes = await Promise.allSettled([send(owner, 'anchor', a.anchor), send(twin, 'anchor', b.anchor)]);
        const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
        assert.equal(refused.length, 1);
        assert.equal((refused[0]?.reason as { code: string }).code, 'NUMBER_TAKEN');
        const { header } = (await owner.query('batch', { channel, n })) as { header: string };
        assert.equal(header, outcomes[0].status === 'fulfilled' ? a.headerHash : b.headerHash);
      }
    });

    test('many writers at once all commit, and every handle sees the same history', async (t) => {
      const { network, owner, manufacturer, stranger } = await world(t);
      const handles = [owner, manufacturer, stranger, await network.open('stranger')];
      const { number } = await owner.lastBlock();
      const sent = handles.flatMap((ledger, h) =>
        Array.from({ length: 10 }, (_, i) => send(ledger, 'registerKey', loggedKey(`${h} ${i}`))),
      );
      const ids = new Set((await Promise.all(sent)).map(({ txId }) => txId));
      assert.equal(ids.size, 40);
      const histories = await Promise.all(handles.map((ledger) => takeEvents(ledger, number + 1, 40)));
      for (const history of histories) assert.deepEqual(history, histories[0]);
      assert.deepEqual(new Set(histories[0]?.map(({ txId }) => txId)), ids);
    });
  });

  describe(`${name} as a ledger: events`, () => {
    test('a stream from any block gives what is there and what comes, in order, once each', async (t) => {
      const { network, owner, bench } = await world(t);
      const reader = await network.open('manufacturer');
      const first = (await owner.lastBlock()).number + 1;
      await send(owner, 'anchor', (await bench.seal({ n: 0, interval: 0 })).anchor);
      const reading = takeEvents(reader, first, 6);
      for (let n = 1; n < 6; n++) await send(owner, 'anchor', (await bench.seal({ n, interval: n })).anchor);
      const events = await reading;
      assert.deepEqual(
        events.map(({ event }) => event.body['n']),
        [0, 1, 2, 3, 4, 5],
      );
      const later = events[3]!;
      assert.deepEqual(
        (await takeEvents(reader, later.block.number, 3)).map(({ txId }) => txId),
        events.slice(3).map(({ txId }) => txId),
      );
    });

    test('an event says who sent it and is that of the commit', async (t) => {
      const { manufacturer } = await world(t);
      const commit = await send(manufacturer, 'registerKey', loggedKey('x'));
      const [event] = await takeEvents(manufacturer, commit.block.number, 1);
      assert.deepEqual(event, { ...commit, creator: 'manufacturer' });
    });

    test('a stream ends without an error when its signal aborts, while it waits and before it began', async (t) => {
      const { owner } = await world(t);
      const stop = new AbortController();
      const waiting = (async () => {
        for await (const event of owner.events((await owner.lastBlock()).number + 1, stop.signal)) assert.fail(event.txId);
      })();
      stop.abort();
      await waiting;
      for await (const event of owner.events(0, AbortSignal.abort())) assert.fail(event.txId);
    });

    test('closing a handle ends its streams, and its further use is refused', async (t) => {
      const { network } = await world(t);
      const handle = await network.open('stranger');
      const ended = takeEvents(handle, (await handle.lastBlock()).number + 1, 1);
      await handle.close();
      assert.deepEqual(await ended, []);
      await assert.rejects(handle.lastBlock(), { kind: 'Unavailable', code: 'CLOSED' });
      await handle.close();
    });
  });

  describe(`${name} as a ledger: restart`, () => {
    test('state, statuses, blocks and events are the same after a restart, and it goes on', async (t) => {
      const { network, owner, bench, channel } = await world(t);
      const prepared = await owner.prepare('anchor', (await bench.seal({ n: 0, interval: 0 })).anchor);
      const commit = await owner.submit(prepared);
      const before = { last: await owner.lastBlock(), blocks: await owner.blocks(0), events: await takeEvents(owner, 0, 5) };
      await network.restart();
      const again = await network.open('owner');
      assert.deepEqual(await again.lastBlock(), before.last);
      assert.deepEqual(await again.blocks(0), before.blocks);
      assert.deepEqual(await takeEvents(again, 0, 5), before.events);
      assert.deepEqual(await again.submit(prepared), commit);
      await send(again, 'anchor', (await bench.seal({ n: 1, interval: 1 })).anchor);
      assert.notEqual(await again.query('batch', { channel, n: 1 }), undefined);
    });

    test('a transaction prepared before a restart is submitted after it', async (t) => {
      const { network, owner, bench } = await world(t);
      const prepared = await owner.prepare('anchor', (await bench.seal({ n: 0, interval: 0 })).anchor);
      await network.restart();
      const again = await network.open('owner');
      assert.equal((await again.submit(prepared)).txId, prepared.txId);
    });
  });

  describe(`${name} as a ledger: reading`, () => {
    test('tells its id and organisation, and gives ranges of blocks', async (t) => {
      const { network, owner, bench } = await world(t);
      assert.equal(owner.id, bench.ledgerId);
      assert.equal(owner.organisation, 'owner');
      const all = await owner.blocks(0);
      const { number } = await owner.lastBlock();
      assert.equal(all.length, number + 1);
      assert.deepEqual(await owner.blocks(1, 2), all.slice(1, 3));
      assert.deepEqual(await owner.blocks(number + 1), []);
      assert.deepEqual(await owner.blockInfo(number), await owner.lastBlock());
      assert.deepEqual([(await owner.blockInfo(0))?.timeMs, await owner.blockInfo(number + 1)], [0, undefined]);
      assert.deepEqual(await owner.query('genesis', {}), network.genesis);
    });

    test('refuses unknown queries, and gives nothing for what is not there', async (t) => {
      const { owner, channel } = await world(t);
      await assert.rejects(owner.query('everything', {}), { kind: 'Rejected', code: 'BAD_QUERY' });
      await assert.rejects(owner.query('batch', { channel }), { kind: 'Rejected', code: 'BAD_SHAPE' });
      assert.equal(await owner.query('batch', { channel, n: 99 }), undefined);
      assert.deepEqual(await owner.query('keyUses', { channel, role: 'owner' }), [
        { key: toBase64Url(evidenceKey('owner').publicKey), from: 0 },
      ]);
    });
  });
}
