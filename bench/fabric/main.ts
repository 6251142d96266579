import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { DevNetwork } from '../../src/ledger/index.ts';
import { fabricNetwork } from '../../test/support/fabric-network.ts';
import { AnchoredChannel } from './anchored-channel.ts';
import { IN_FLIGHT, measureThroughput } from './levels.ts';
import { measureIntervals } from './intervals.ts';
import { measureSizes } from './sizes.ts';
import { type Barred, barsOf, type BlockSettings, type FabricResult, tableOf } from './table.ts';

/*
 * `npm run bench:fabric [-- --json] [-- --rounds 3]`: what a ledger on Hyperledger Fabric takes a second, and what it keeps.
 * A development network is brought up and taken down. The bars are on multiples and bytes, not on speeds: machines differ.
 */

const STREAMS = 3;

/** What the network's orderer cuts blocks by. */
function blockSettings(network: DevNetwork): BlockSettings {
  const text = readFileSync(join(network.folder, 'config', 'configtx.yaml'), 'utf8');
  const setting = (name: string): string => new RegExp(`"?${name}"?:\\s*"?([^",}\\n]+)`).exec(text)?.[1] ?? 'unknown';
  return { timeout: setting('BatchTimeout'), transactions: setting('MaxMessageCount') };
}

async function run(rounds: number): Promise<FabricResult> {
  const cleaners: (() => Promise<void>)[] = [];
  const t = { after: (clean: () => Promise<void>) => void cleaners.unshift(clean) };
  try {
    const network = await fabricNetwork(t);
    const channel = await AnchoredChannel.open(t, network, STREAMS);
    const measured = {
      bench: 'fabric' as const,
      machine: { cpu: cpus()[0]?.model.trim() ?? 'unknown processor', cores: availableParallelism(), node: process.versions.node },
      rounds,
      organisations: network.organisations,
      blocks: blockSettings(network),
      streams: STREAMS,
      throughput: await measureThroughput(channel, rounds),
      sizes: await measureSizes(t, network),
      intervals: await measureIntervals(t, network),
      load: loadavg()[0] ?? 0,
    };
    return { ...measured, bars: barsOf(measured) };
  } finally {
    for (const clean of cleaners) await clean();
  }
}

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '3' } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError('--rounds needs a whole number from 1.');
const result = await run(rounds);
console.log(tableOf(result).join('\n'));
if (values.json) console.log(JSON.stringify(result));
const missed = result.bars.filter(({ holds }: Barred) => !holds);
for (const { what } of missed) console.error(`Missed: ${what}.`);
process.exitCode = missed.length === 0 && IN_FLIGHT.length > 0 ? 0 : 1;
