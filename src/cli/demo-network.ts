import { createServer } from 'node:net';
import { rmSync } from 'node:fs';
import { buildFabric, DEFAULT_FIRST_PORT, defaultBinaries, DevNetwork, portCount, type Progress } from '../app/index.ts';
import { isRunning } from './fabric-place.ts';
import { ShownProgress } from './shown-progress.ts';
import { spokenPath } from './spoken-paths.ts';

/** The Fabric network that a demo uses. */
export interface DemoNetwork {
  readonly network: DevNetwork;
  /** Stops and removes it, where the demo has brought it up. */
  end(): Promise<void>;
}

/** Steps between first ports that are tried, and how many. */
const PORTS_STEP = 50;
const MOST_STEPS = 100;
const ORGANISATIONS = ['owner', 'manufacturer', 'certifier1'] as const;

/**
 * The development network where it runs, else one of the demo's own.
 * @param own new folder for a network of the demo's own
 * @param stopped ends the bringing up, and takes away what there is by then
 * @returns undefined where it was stopped
 */
export async function demoNetwork(own: string, print: (line: string) => void, stopped: AbortSignal): Promise<DemoNetwork | undefined> {
  const running = await runningNetwork();
  if (running !== undefined) {
    print(`Using the Fabric network in ${spokenPath(running.folder)}.`);
    return { network: running, end: () => Promise.resolve() };
  }
  print('Bringing a Fabric network up: an orderer, three peers, two chaincode services ...');
  try {
    return { network: await bringUp(own, stopped), end: () => remove(own) };
  } catch (error) {
    await remove(own);
    if (stopped.aborted) return undefined;
    throw error;
  }
}

async function bringUp(folder: string, stopped: AbortSignal): Promise<DevNetwork> {
  const shown = new ShownProgress();
  try {
    await buildFabric(defaultBinaries(), (progress) => shown.show(progress), stopped);
    const progress = (step: Progress): void => {
      stopped.throwIfAborted();
      shown.show(step);
    };
    const firstPort = await freeFirstPort(portCount(ORGANISATIONS.length));
    const network = await DevNetwork.up({ folder, organisations: ORGANISATIONS, firstPort, progress });
    stopped.throwIfAborted();
    return network;
  } finally {
    shown.end();
  }
}

async function runningNetwork(): Promise<DevNetwork | undefined> {
  try {
    const network = DevNetwork.open();
    return (await isRunning(network)) ? network : undefined;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'NO_NETWORK') return undefined;
    throw error;
  }
}

async function remove(folder: string): Promise<void> {
  try {
    await DevNetwork.open(folder).reset();
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'NO_NETWORK') throw error;
  }
  rmSync(folder, { recursive: true, force: true });
}

/** The first of so many free ports in a row. */
async function freeFirstPort(count: number): Promise<number> {
  for (let step = 0; step < MOST_STEPS; step++) {
    const first = DEFAULT_FIRST_PORT + step * PORTS_STEP;
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
  return DEFAULT_FIRST_PORT;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
