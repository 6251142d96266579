import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import { AttributeIds } from 'node-opcua';
import { streamChildId } from '../../src/nodeset/index.ts';
import { CHANNEL, type Cleared, cleared } from '../server/cleared-support.ts';
import { certificateUser, client, until } from '../server/support.ts';

const isLinux = process.platform === 'linux';

async function codeOf(on: Cleared): Promise<{ code: unknown; sourceMs: number | undefined }> {
  const reading = client(on.manufacturer, on.own);
  try {
    await reading.connect(on.server.endpointUrl);
    const session = await reading.createSession(certificateUser(on.manufacturer));
    const namespaces = await session.readNamespaceArray();
    const nodeId = `ns=${namespaces.indexOf('urn:dcmb:instance')};${streamChildId(CHANNEL, 'wear', 'ConditionCode')}`;
    const value = await session.read({ nodeId, attributeId: AttributeIds.Value });
    await session.close();
    return { code: value.value.value, sourceMs: value.sourceTimestamp?.getTime() };
  } finally {
    await reading.disconnect();
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !isLinux || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

describe('the life of a cleared server’s process', () => {
  test('one that is killed, then one that hangs, is replaced and shows again what it had shown, without events', async () => {
    const on = await cleared();
    try {
      const gridMs = Math.floor(Date.now() / 100) * 100;
      on.server.publish([{ stream: 0, code: 1, gridMs, nextMs: gridMs + 100, batch: 3, publishAtMs: Date.now() }]);
      await until('it is shown', async () => (await codeOf(on)).code === 1);
      for (const [signal, waitMs, code, laterMs] of [
        ['SIGKILL', 0, 0, 100],
        ['SIGSTOP', 700, 1, 200],
      ] as const) {
        const before = on.server.processId ?? 0;
        process.kill(before, signal);
        await until(`${signal} is noticed`, () => !on.server.isServing);
        // What is said in between is not lost, neither before its successor starts nor while it does.
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        assert.equal(on.server.isServing, false);
        const next = gridMs + laterMs;
        on.server.publish([{ stream: 0, code, gridMs: next, nextMs: next + 100, batch: 4, publishAtMs: Date.now() }]);
        await until('it serves again', () => on.server.isServing);
        assert.notEqual(on.server.processId, before);
        assert.deepEqual(await codeOf(on), { code, sourceMs: next });
        assert.equal(isAlive(before), false);
      }
      const lost = on.events.filter((event) => event.kind === 'lost');
      // A machine that is too busy for a process to answer in time may have it replaced once more.
      assert.deepEqual(
        lost.map((event) => event.againInMs),
        lost.map((_, index) => 250 * 2 ** index),
      );
      assert.ok(
        lost.some(({ why }) => /SIGKILL/.test(why)),
        String(lost.map(({ why }) => why)),
      );
      assert.match(lost.at(-1)?.why ?? '', /no answer/);
    } finally {
      await on.server.stop();
    }
  });

  test('a stopped server is gone, and stays so', async () => {
    const on = await cleared();
    const pid = on.server.processId ?? 0;
    await on.server.stop();
    assert.equal(on.server.isServing, false);
    assert.equal(isAlive(pid), false);
    await assert.rejects(codeOf(on));
    await on.server.stop();
    assert.deepEqual(
      on.events.map((event) => event.kind),
      ['serving'],
    );
  });

  const hasSetpriv = ['/usr/bin/setpriv', '/bin/setpriv'].some((path) => existsSync(path));
  for (const [what, hangs] of [
    ['a child', false],
    ['a child that hangs', true],
  ] as const) {
    const skip = hangs && !(isLinux && hasSetpriv) ? 'needs setpriv of util-linux' : false;
    test(`${what} dies with its module`, { skip }, async () => {
      const module = spawn(process.execPath, [fileURLToPath(new URL('../server/rights-probe/module.ts', import.meta.url))], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const pid = await new Promise<number>((resolve) => module.stdout.once('data', (line: Buffer) => resolve(Number(line.toString()))));
      assert.ok(isAlive(pid));
      if (hangs) process.kill(pid, 'SIGSTOP');
      module.kill('SIGKILL');
      await until('the child is gone', () => !isAlive(pid));
    });
  }
});
