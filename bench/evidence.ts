import { hash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { parseChannelParams } from '../src/core/index.ts';
import { BatchBuilder, EpochKeys } from '../src/evidence/index.ts';

/*
 * Commit-and-tree throughput: readings a second that become canonical records, blinded leaves and tree nodes, on one core
 * and through the same call that the module uses. Machines differ, so the figure that counts is the multiple of one
 * SHA-256 of 65 bytes (an inner node) in the same run.
 */

const READINGS = 200_000;
const ROUNDS = 9;

const params = parseChannelParams({
  streams: 3,
  codesPerSlot: 8,
  epochIntervals: 64,
  intervalMs: 1000,
  originMs: 0,
  publications: 1,
  callsPerInterval: 0,
  callGridMs: 1000,
  publishDelayMs: 100,
  anchorWithinMs: 1000,
  receiptWithinMs: 1000,
  depositAfter: 10,
  unreceiptedLimit: 100,
  conditionDepth: 3,
  topDepth: 3,
  argon2Profile: 0,
});

/** Seconds that `run` takes. */
function seconds(run: () => void): number {
  const begin = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - begin) / 1e9;
}

function hashNodes(): void {
  const node = new Uint8Array(65);
  for (let i = 0; i < READINGS; i++) {
    node[1] = i;
    hash('sha256', node, 'hex');
  }
}

function newBuilder(): BatchBuilder {
  const tags = ['Double', 'Int32', 'UInt32', 'Boolean', 'String'].map((name) => ({ name, depth: 20, firstSeq: 0 }));
  return new BatchBuilder({ params, seed: new Uint8Array(32).fill(7), n: 1234, tags });
}

function acceptReadings(): void {
  const builder = newBuilder();
  for (let i = 0; i < READINGS; i++) {
    builder.accept(0, {
      value: { type: 'Double', value: i / 7 },
      status: 0,
      sourceMs: 1_790_000_000_000 + i,
      acceptedMs: 1_790_000_000_003 + i,
    });
  }
}

/** One round of each after the other, so that what disturbs the machine disturbs both; the round with the middle multiple. */
function measure(): { sha: number; record: number } {
  hashNodes();
  acceptReadings();
  const rounds = Array.from({ length: ROUNDS }, () => ({ sha: seconds(hashNodes) / READINGS, record: seconds(acceptReadings) / READINGS }));
  rounds.sort((a, b) => a.record / a.sha - b.record / b.sha);
  return rounds[Math.floor(ROUNDS / 2)]!;
}

/** Milliseconds to close five tags' trees after so many readings. */
function closeMs(readings: number): number {
  const keys = EpochKeys.first(new Uint8Array(32), params);
  const builder = newBuilder();
  for (let i = 0; i < readings; i++) {
    builder.accept(i % 5, { value: { type: 'Int32', value: i }, status: 0, sourceMs: 1_790_000_000_000, acceptedMs: 1_790_000_000_000 });
  }
  const begin = process.hrtime.bigint();
  builder.close({ conditions: [[1], [1], [1]], slotKeys: keys.slotKeys(0, 0), batchKey: keys.batchKey(0, 0), refused: [0, 0, 0, 0, 0] });
  return Number(process.hrtime.bigint() - begin) / 1e6;
}

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const { sha, record } = measure();
closeMs(100);
const result = {
  bench: 'evidence',
  recordsPerSecond: Math.round(1 / record),
  sha256PerSecond: Math.round(1 / sha),
  /** Bar: 5 or less. */
  multipleOfSha256: Number((record / sha).toFixed(2)),
  closeMs: { readings0: closeMs(0), readings5000: closeMs(5000), readings100000: closeMs(100_000) },
};
if (values.json) {
  console.log(JSON.stringify(result));
} else {
  console.log(
    `${result.recordsPerSecond} records/s on one core: ${result.multipleOfSha256} times one SHA-256 of 65 bytes (${result.sha256PerSecond}/s).`,
  );
  for (const [readings, ms] of Object.entries(result.closeMs))
    console.log(`close after ${readings.slice(8)} readings: ${ms.toFixed(2)} ms`);
}
