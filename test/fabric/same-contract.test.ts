import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import {
  type ContractEvent,
  execute,
  type Genesis,
  genesisWrites,
  MemoryState,
  TransactionState,
  type VerifiedChain,
  verifyBlockChain,
} from '../../src/contract/index.ts';
import { hasCode } from '../../src/core/index.ts';
import { verifyFabricChain } from '../../src/fabric-blocks/index.ts';
import type { Commit, Ledger } from '../../src/ledger/index.ts';
import { ChannelBench } from '../contract/fixture.ts';
import { type LogEntry, transactionLog } from '../ledger/transaction-log.ts';
import { fabricLedgers } from '../support/fabric-ledgers.ts';
import { fabricNetwork } from '../support/fabric-network.ts';
import { ledgerNetwork, ORGANISATIONS, type OrganisationName, seenBy } from '../support/ledger-network.ts';

const network = await fabricNetwork({ after }, { organisations: ORGANISATIONS });

type Handles = Readonly<Record<OrganisationName, Ledger>>;

/** Sends the whole log, one after the other; each is taken or refused as it says. @returns the commits of what was taken */
async function replay(ledgers: Handles, log: readonly LogEntry[]): Promise<Commit[]> {
  const commits: Commit[] = [];
  for (const [place, { creator, kind, body, refused }] of log.entries()) {
    const ledger = ledgers[creator];
    const sending = ledger.prepare(kind, body).then((prepared) => ledger.submit(prepared));
    if (refused === undefined) commits.push(await seenBy(Object.values(ledgers), await sending));
    else await assert.rejects(sending, (error) => hasCode(error, refused), `${place} ${kind} is refused with ${refused}`);
  }
  return commits;
}

/** The contract alone, at the times that the ledger gave. */
async function executeAll(genesis: Genesis, ledgerId: string, log: readonly LogEntry[], commits: readonly Commit[]) {
  const state = new MemoryState();
  state.apply(genesisWrites(genesis));
  const events: ContractEvent[] = [];
  for (const [place, { creator, kind, body }] of log.filter(({ refused }) => refused === undefined).entries()) {
    const own = new TransactionState(state);
    const { timeMs } = commits[place]!.block;
    events.push(await execute(own, { creator, timeMs, nowMs: timeMs, ledgerId }, { kind, body }));
    state.apply(own.writes);
  }
  return { state: [...state.entries()], events };
}

async function onFabric(t: TestContext) {
  const { genesis, ledgerId, open } = await fabricLedgers({ after: (clean) => t.after(clean) }, network);
  const ledgers = { owner: await open('owner'), manufacturer: await open('manufacturer'), stranger: await open('stranger') };
  const log = await transactionLog(new ChannelBench({ genesis }));
  const commits = await replay(ledgers, log);
  const chain = await verifyFabricChain(await ledgers.owner.blocks(0), ledgerId);
  return { genesis, ledgerId, log, commits, chain };
}

async function onEmbedded(t: TestContext): Promise<VerifiedChain> {
  const { genesis, ledgerId, clock, owner, manufacturer, stranger } = await ledgerNetwork(t);
  // Interval 6 is overdue by then.
  clock.timeMs += 86_400_000;
  await replay({ owner, manufacturer, stranger }, await transactionLog(new ChannelBench({ genesis })));
  return verifyBlockChain(await owner.blocks(0), ledgerId);
}

/**
 * Events and state in the order in which they came to be, with what follows from the ledger's id replaced by a number: every
 * hash, signature and box, the same number where it is the same text. Times of transactions are left out, and the genesis.
 */
function shapeOf({ events, state }: VerifiedChain): string[] {
  const names = new Map<string, string>();
  const nameOf = (text: string): string => {
    const name = names.get(text) ?? `#${names.size}:${text.length}`;
    names.set(text, name);
    return name;
  };
  const said = events.map(({ creator, event }) => ({ creator, event }));
  const stored = [...state.entries()].slice(1).map(([key, value]) => [key, /^(od|ep|eo)~/.test(key) ? 'a time' : value]);
  return [...said, ...stored].map((item) => JSON.stringify(item).replace(/[A-Za-z0-9_-]{43,}/g, nameOf));
}

test('one log of transactions gives the same events and the same state on Fabric as in the contract itself, to the byte', async (t) => {
  const { genesis, ledgerId, log, commits, chain } = await onFabric(t);
  const expected = await executeAll(genesis, ledgerId, log, commits);
  assert.deepEqual(
    commits.map(({ event }) => event),
    expected.events,
  );
  assert.deepEqual(
    chain.events.map(({ event }) => event),
    expected.events,
  );
  assert.deepEqual([...chain.state.entries()], expected.state);
  assert.deepEqual(shapeOf(chain), shapeOf(await onEmbedded(t)), 'and the same as on the embedded ledger, but for its id');
});
