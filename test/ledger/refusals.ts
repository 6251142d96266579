import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type Genesis, MOST_AGE_MS, MOST_CLOCK_SKEW_MS, type TransactionKind } from '../../src/contract/index.ts';
import { canonicalJson, type Envelope, type Json, toBase64Url } from '../../src/core/index.ts';
import { anchorBody } from '../../src/evidence/index.ts';
import type { Ledger } from '../../src/ledger/index.ts';
import { ChannelBench, otherHash } from '../contract/fixture.ts';
import {
  evidenceKey,
  openTestChannel,
  type OrganisationName,
  seenBy,
  send,
  TEST_MODULE,
  testParams,
  testSigner,
} from '../support/ledger-network.ts';

/** A running network of the test organisations, as a kind of ledger provides it to {@link ledgerRefusals}. */
export interface RefusalNetwork {
  readonly genesis: Genesis;
  open(organisation: OrganisationName): Promise<Ledger>;
  /** A handle whose transactions are dated by a clock that is off by so many ms. */
  dated(organisation: OrganisationName, offMs: number): Promise<Ledger>;
}

/** How far two clocks may be apart beside what a test means by them. */
const MARGIN_MS = 60_000;
const YEAR_MS = 365 * 86_400_000;

interface World {
  readonly network: RefusalNetwork;
  readonly owner: Ledger;
  readonly manufacturer: Ledger;
  readonly stranger: Ledger;
  readonly bench: ChannelBench;
}

/**
 * What the contract refuses on every ledger, with the code that says why, and that it leaves nothing: the number that was
 * wanted is free for the batch that has a right to it.
 * @param makeNetwork a fresh ledger of the test organisations; its own cleaning up hangs on the test context
 */
export function ledgerRefusals(name: string, makeNetwork: (t: TestContext) => Promise<RefusalNetwork>): void {
  test(`the contract on ${name} refuses`, async (t) => {
    const world = await makeWorld(await makeNetwork(t));
    const { network, owner, manufacturer, stranger, bench } = world;
    const first = await bench.seal({ n: 0, interval: 0 });

    await t.test('a transaction that is dated back or ahead, by a little or by a year', async () => {
      for (const offMs of [-YEAR_MS, -(MOST_AGE_MS + MARGIN_MS)]) {
        await refuses(world, 'DATED_BACK', await network.dated('owner', offMs), 'anchor', first.anchor);
      }
      // An embedded ledger's writer calls it unavailable, for its own clock may be the wrong one.
      for (const offMs of [YEAR_MS, MOST_CLOCK_SKEW_MS + MARGIN_MS]) {
        await refuses(world, /^(DATED_AHEAD|TIME_AHEAD)$/, await network.dated('owner', offMs), 'anchor', first.anchor);
      }
    });

    await t.test('a batch by an organisation that is not the owner', async () => {
      await refuses(world, 'WRONG_CREATOR', manufacturer, 'anchor', first.anchor);
      await refuses(world, 'WRONG_CREATOR', stranger, 'anchor', first.anchor);
    });

    await t.test('a batch under a key that is not logged or not in use', async () => {
      const unknown = await bench.seal({ n: 0, interval: 0, signer: testSigner('unknown') });
      await refuses(world, 'BAD_ENVELOPE', owner, 'anchor', unknown.anchor);
      const pretended = await bench.seal({ n: 0, interval: 0, signer: { ...testSigner('unknown'), keyId: evidenceKey('owner').keyId } });
      await refuses(world, 'BAD_SIGNATURE', owner, 'anchor', pretended.anchor);
      const key = toBase64Url(testSigner('unknown').publicKey);
      await refuses(world, 'KEY_NOT_LOGGED', owner, 'useKey', { channel: bench.channel, key, from: 1 });
    });

    await t.test('a header that was changed after it was signed', async () => {
      await refuses(
        world,
        'BAD_SIGNATURE',
        owner,
        'anchor',
        anchorBody(withPayload(first.header, { n: 0, interval: 1, through: 1 }), first.tokens),
      );
      await refuses(
        world,
        'BAD_SIGNATURE',
        owner,
        'anchor',
        anchorBody(withPayload(first.header, { root: otherHash(bench.channel) }), first.tokens),
      );
    });

    await t.test('junk that wants a number, and leaves it free', async () => {
      const junk = ['', 0, true, [], {}, { n: 0 }, { header: {}, tokens: '' }, { header: 'x'.repeat(10_000), tokens: [] }];
      const bodies = [...junk, { header: first.header }, { ...anchorBody(first.header, first.tokens), n: 0 }];
      for (const body of bodies) await refuses(world, 'BAD_SHAPE', owner, 'anchor', body);
      const empty = { ...first.header, payload: toBase64Url(canonicalJson({ n: 0, channel: bench.channel })) };
      await refuses(world, /^(BAD_SIGNATURE|BAD_ENVELOPE)$/, owner, 'anchor', anchorBody(empty, first.tokens));
      const swapped = { ...first.anchor, header: await bench.receipt(first) };
      await refuses(world, /^BAD_(ENVELOPE|SHAPE)$/, owner, 'anchor', swapped);
      await refuses(world, /^(UNKNOWN_KIND|BAD_TRANSACTION)$/, owner, 'everything' as 'anchor', first.anchor);
    });

    await t.test('a second header for a number that is taken, by whomever it is signed', async () => {
      await sent(world, owner, 'anchor', first.anchor);
      const { header } = (await owner.query('batch', { channel: bench.channel, n: 0 })) as { header: string };
      const second = await bench.seal({ n: 0, interval: 0, codes: [2, 2] });
      const elsewhere = await bench.seal({ n: 0, interval: 1 });
      for (const { anchor } of [first, second, elsewhere]) await refuses(world, 'NUMBER_TAKEN', owner, 'anchor', anchor);
      await refuses(world, 'INTERVAL_TAKEN', owner, 'anchor', (await bench.seal({ n: 1, interval: 0 })).anchor);
      assert.equal(((await owner.query('batch', { channel: bench.channel, n: 0 })) as { header: string }).header, header);
    });

    await t.test('a receipt that the owner signed', async () => {
      const receipt = await bench.receipt(first, {}, evidenceKey('owner'));
      await refuses(world, 'KEY_NOT_IN_USE', owner, 'receipt', { receipt });
      const forged = await bench.receipt(first, {}, { ...evidenceKey('owner'), keyId: evidenceKey('manufacturer').keyId });
      await refuses(world, 'BAD_SIGNATURE', owner, 'receipt', { receipt: forged });
      assert.equal(await owner.query('receipt', { channel: bench.channel, n: 0 }), undefined);
      await sent(world, owner, 'receipt', { receipt: await bench.receipt(first) });
    });

    await t.test('a batch under a key that was revoked', async () => {
      const next = testSigner('next');
      const key = toBase64Url(next.publicKey);
      await sent(world, owner, 'registerKey', { key, module: TEST_MODULE, attestation: 'none' });
      await sent(world, owner, 'useKey', { channel: bench.channel, key, from: 1 });
      await sent(world, owner, 'revokeKey', { key });
      await refuses(world, 'KEY_REVOKED', owner, 'anchor', (await bench.seal({ n: 1, interval: 1, signer: next })).anchor);
      await refuses(world, 'KEY_REVOKED', owner, 'anchor', (await bench.seal({ n: 1, interval: 1 })).anchor);
      assert.equal(await owner.query('batch', { channel: bench.channel, n: 1 }), undefined);
    });
  });
}

async function makeWorld(network: RefusalNetwork): Promise<World> {
  const [owner, manufacturer, stranger] = [await network.open('owner'), await network.open('manufacturer'), await network.open('stranger')];
  await openTestChannel(owner, manufacturer, testParams());
  const bench = new ChannelBench({ genesis: network.genesis });
  const world = { network, owner, manufacturer, stranger, bench };
  await sent(world, owner, 'epochRecord', { record: await bench.record({ opens: bench.opens(0, 1) }) });
  return world;
}

async function sent({ owner, manufacturer, stranger }: World, ledger: Ledger, kind: TransactionKind, body: unknown): Promise<void> {
  await seenBy([owner, manufacturer, stranger], await send(ledger, kind, body as Json));
}

/** Asserts that the transaction is refused, when it is prepared or when it is sent, and that no block comes of it. */
async function refuses({ owner }: World, code: string | RegExp, ledger: Ledger, kind: TransactionKind, body: unknown): Promise<void> {
  const before = await owner.lastBlock();
  const sending = ledger.prepare(kind, body as Json).then((prepared) => ledger.submit(prepared));
  await assert.rejects(sending, { code });
  assert.deepEqual(await owner.lastBlock(), before, 'a refused transaction stands in a block');
}

/** The same signature over other content. */
function withPayload(envelope: Envelope, changes: Record<string, Json>): Envelope {
  const content = JSON.parse(Buffer.from(envelope.payload, 'base64url').toString()) as Record<string, Json>;
  return { ...envelope, payload: toBase64Url(canonicalJson({ ...content, ...changes })) };
}
