import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { DCMB } from '../cli/program.ts';
import type { ProcessPlant } from '../faults/process-plant.ts';
import { fabricNetwork } from '../support/fabric-network.ts';
import { pause } from '../support/pause.ts';
import { fabricPlant } from './plant.ts';

const network = await fabricNetwork({ after }, { organisations: ['owner', 'manufacturer'] });

/** As docs/plant.md says. */
const ENDS_WITHIN_MS = 30_000;

function run(command: 'serve' | 'receive', file: string): ChildProcess {
  return spawn(process.execPath, [DCMB, command, file, '--json'], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Asks it to stop. @returns exit code, and how long it took */
async function stop(child: ChildProcess): Promise<{ code: unknown; ms: number }> {
  const [since, ended] = [performance.now(), once(child, 'exit')];
  child.kill('SIGTERM');
  const [code, signal] = (await ended) as [unknown, unknown];
  return { code: code ?? signal, ms: performance.now() - since };
}

describe('modules whose own peers are halted', () => {
  let plant: ProcessPlant;

  before(async () => {
    plant = await fabricPlant(network);
    await plant.start();
    while (((await plant.owner.counts())['receipted'] ?? 0) < 2) await pause(200);
    await plant.endPlc();
    await plant.owner.stop(60_000);
    await plant.receiver.stop(60_000);
  });
  after(async () => {
    for (const part of ['peer-owner', 'peer-manufacturer'] as const) await network.kill(part, 'SIGCONT');
    await plant.end();
  });

  /** Does what is said, one after the other. */
  async function scene(order: readonly (() => Promise<void> | void)[]): Promise<void> {
    for (const step of order) await step();
  }

  const modules: ChildProcess[] = [];
  const start = (): void => void modules.push(run('serve', plant.files.ownerFile), run('receive', plant.files.manufacturerFile));
  const halt = async (): Promise<void> => {
    for (const part of ['peer-owner', 'peer-manufacturer'] as const) await network.kill(part, 'SIGSTOP');
  };
  const stopAll = async (): Promise<void> => {
    for (const { code, ms } of await Promise.all(modules.splice(0).map(stop))) {
      assert.equal(code, 0);
      assert.ok(ms < ENDS_WITHIN_MS, `${ms} ms`);
    }
  };

  test('while they run end in time', () => scene([start, () => pause(15_000), halt, () => pause(8_000), stopAll]));
  test('before they were started, and stopped while they start, end in time', () => scene([start, () => pause(6_000), stopAll]));
  test('before they were started end in time', () => scene([start, () => pause(20_000), stopAll]));
});
