import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { verifyBlockChain } from '../../src/contract/index.ts';
import { canonicalJson, fromUtf8, toBase64Url } from '../../src/core/index.ts';
import { ledgerNetwork, send, TEST_MODULE, testSigner } from '../support/ledger-network.ts';
import { takeEvents } from './compliance.ts';

const SCRIPT = fileURLToPath(new URL('writer-process.ts', import.meta.url));

interface Writer {
  readonly process: ChildProcess;
  readonly prepared: string[];
  readonly committed: Map<string, number>;
  readonly ended: Promise<void>;
}

/** @param seen called for every transaction that the process reports as committed */
function startWriter(t: TestContext, args: readonly string[], seen: (writer: Writer) => void = () => undefined): Writer {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const writer = {
    process: child,
    prepared: [] as string[],
    committed: new Map<string, number>(),
    ended: Promise.all([once(child, 'exit'), once(lines, 'close')]).then(() => undefined),
  };
  lines.on('line', (line) => {
    const [what, txId, block] = line.split(' ') as [string, string, string];
    if (what === 'prepared') writer.prepared.push(txId);
    else writer.committed.set(txId, Number(block));
    if (what === 'committed') seen(writer);
  });
  return writer;
}

function storedState(file: string): Map<string, string> {
  const database = new DatabaseSync(file, { readOnly: true });
  const rows = database.prepare('SELECT key, value FROM state').all();
  database.close();
  return new Map(rows.map((row) => [String(row['key']), String(row['value'])]));
}

describe('the embedded ledger with several processes', () => {
  test('processes that write at once all commit; a reader sees each event once, in the order of the chain', async (t) => {
    const { file, stranger, ledgerId } = await ledgerNetwork(t);
    const reading = takeEvents(stranger, 1, 60);
    const writers = [
      startWriter(t, [file, 'owner', 'a', '20']),
      startWriter(t, [file, 'owner', 'b', '20']),
      startWriter(t, [file, 'manufacturer', 'c', '20']),
    ];
    const events = await reading;
    await Promise.all(writers.map(({ ended }) => ended));
    const chain = await verifyBlockChain(await stranger.blocks(0), ledgerId);
    assert.deepEqual(
      events,
      chain.events.map(({ block, txId, creator, event }) => ({ block, txId, creator, event })),
    );
    const reported = new Map(writers.flatMap(({ committed }) => [...committed]));
    assert.deepEqual(new Map(events.map(({ txId, block }) => [txId, block.number])), reported);
  });

  test('a process that is killed while it writes loses nothing that it reported, and leaves nothing half-way', async (t) => {
    const { file, owner, manufacturer, ledgerId } = await ledgerNetwork(t);
    for (const [round, killAt] of [3, 7, 12].entries()) {
      const writer = startWriter(t, [file, 'owner', `round ${round}`, '100000'], ({ committed, process }) => {
        if (committed.size === killAt) process.kill('SIGKILL');
      });
      await writer.ended;
      assert.equal(writer.process.signalCode, 'SIGKILL');
      for (const [txId, block] of writer.committed) assert.equal((await owner.statusOf(txId))?.block.number, block);
      const chain = await verifyBlockChain(await owner.blocks(0), ledgerId);
      const inChain = new Set(chain.events.map(({ txId }) => txId));
      // The last one prepared may be there or not; both handles agree, and what is there is there wholly.
      for (const txId of writer.prepared) {
        assert.deepEqual(await owner.statusOf(txId), await manufacturer.statusOf(txId));
        assert.equal((await owner.statusOf(txId)) !== undefined, inChain.has(txId));
      }
      assert.deepEqual(storedState(file), new Map([...chain.state.entries()].map(([key, value]) => [key, fromUtf8(canonicalJson(value))])));
      await send(owner, 'registerKey', {
        key: toBase64Url(testSigner(`after ${round}`).publicKey),
        module: TEST_MODULE,
        attestation: 'none',
      });
    }
  });
});
