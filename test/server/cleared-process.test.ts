import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { childCommand } from '../../src/server/cleared/index.ts';
import { cleared } from './cleared-support.ts';

const onLinux = { skip: process.platform === 'linux' ? false : 'needs /proc' };

describe('the rights of a cleared server’s process', () => {
  test('it reads its code and listens, and can do nothing else; its environment is empty', () => {
    const { command, args, env } = childCommand(new URL('./rights-probe/probe.ts', import.meta.url));
    const { outcome, environment } = JSON.parse(execFileSync(command, args, { env, encoding: 'utf8' })) as {
      outcome: Record<string, string>;
      environment: string[];
    };
    assert.deepEqual(outcome, {
      'read a file of the system': 'ERR_ACCESS_DENIED',
      'read the environment of its parent': 'ERR_ACCESS_DENIED',
      'write a file': 'ERR_ACCESS_DENIED',
      'write beside its code': 'ERR_ACCESS_DENIED',
      'make a folder': 'ERR_ACCESS_DENIED',
      'start a process': 'ERR_ACCESS_DENIED',
      'start a worker': 'ERR_ACCESS_DENIED',
      'load a native addon': 'ERR_DLOPEN_DISABLED',
      'read its own code': 'allowed',
      'listen on the network': 'allowed',
    });
    assert.deepEqual(environment, []);
  });

  test('the running child was started like that, and got no secret by its command line', onLinux, async () => {
    const on = await cleared();
    try {
      const pid = on.server.processId ?? 0;
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      assert.ok(line.includes('--permission'));
      assert.deepEqual(
        line.filter((argument) => /allow-(fs-write|child-process|worker|addons|wasi)/.test(argument)),
        [],
      );
      assert.equal(readFileSync(`/proc/${pid}/environ`, 'utf8'), '');
    } finally {
      await on.server.stop();
    }
  });
});
