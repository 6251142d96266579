import type { TagWriter } from '../../src/client/index.ts';
import { SeededRandom } from '../crash/random.ts';
import { pause } from '../support/pause.ts';
import { certificateUser, uaClient } from '../support/ua-client.ts';
import { until } from '../support/until.ts';
import { ClearedClient } from './cleared-client.ts';
import { heat, type ModuleScene, pieces } from './module-scene.ts';
import { Transcript } from './transcript.ts';
import type { MaskName } from './transcript-masks.ts';

/** What is written to the ingest side while the cleared side is looked at. */
export interface Production {
  /** Writes an interval. */
  readonly writes: number;
  /** Chooses the values. */
  readonly seed: number;
  /** The first values, which give each stream its condition. */
  readonly first: { readonly pieces: number; readonly heat: number };
}

export interface Observation {
  readonly transcript: Transcript;
  readonly masks: ReadonlyMap<MaskName, number>;
}

/** Batch at whose grid point the client's schedule begins: late enough for a slow start. */
const FIRST_BATCH = 5;
const INTERVALS = 4;
/** Parts of an interval after a grid point at which a client does something: after the publication. */
const PHASE = 0.5;
const MOST_A_REQUEST = 500;
const STREAMS = ['Maintenance', 'Overheated'];

/** A run in which something came late: it says nothing, and is repeated. */
export class LateRun extends Error {}

/** Starts the module, feeds it, and does with the cleared server what a client does, all on a fixed schedule. @throws LateRun */
export async function observe(scene: ModuleScene, production: Production): Promise<Observation> {
  const { intervalMs, publishDelayMs, told } = scene;
  const masks = new Map<MaskName, number>();
  await scene.start();
  try {
    const plc = await scene.plc();
    await scene.writeBoth(plc, production.first.pieces, production.first.heat);
    await until('the first batch of the schedule is sealed', () => told.of('sealed').some(({ n }) => n === FIRST_BATCH));
    // The next grid point: this one is over when its batch is sealed.
    const originMs = gridMsOf(scene, FIRST_BATCH) + intervalMs;
    const used = (mask: MaskName): void => void masks.set(mask, (masks.get(mask) ?? 0) + 1);
    const transcript = new Transcript({ originMs, firstMs: gridMsOf(scene, 0), intervalMs, publishDelayMs, used });
    await Promise.all([produce(plc, production, originMs, intervalMs), followSchedule(scene, transcript, originMs)]);
    await plc.close();
    const late = told.of('finding').find(({ code }) => code === 'LATE_PUBLICATION');
    if (late !== undefined) throw new LateRun('A publication was late.');
    return { transcript, masks };
  } finally {
    await scene.stop();
  }
}

async function followSchedule(scene: ModuleScene, transcript: Transcript, originMs: number): Promise<void> {
  const { intervalMs } = scene;
  const { server, manufacturer } = scene.identities();
  const client = uaClient(manufacturer, server);
  const at = (interval: number): Promise<void> => onTime(originMs + (interval + PHASE) * intervalMs);
  try {
    // Asked for beforehand: the server's own node tells the time at which it is read.
    const namespace = await scene.asManufacturer((_, index) => Promise.resolve(index));
    await at(0);
    await client.connect(scene.clearedUrl);
    transcript.record(client);
    const session = await client.createSession(certificateUser(manufacturer));
    const looking = new ClearedClient(session, namespace, STREAMS);
    await looking.begin();
    for (let interval = 1; interval <= INTERVALS; interval++) {
      await at(interval);
      await looking.lookAround(FIRST_BATCH + interval, originMs - intervalMs, originMs + interval * intervalMs);
    }
    await looking.end();
    await session.close();
    if (Date.now() > originMs + (INTERVALS + 1) * intervalMs) throw new LateRun('The client was late.');
  } finally {
    await client.disconnect();
  }
}

/** Writes at the beginning of each interval; the values stay within the conditions of the first ones. */
async function produce(plc: TagWriter, { writes, seed, first }: Production, originMs: number, intervalMs: number): Promise<void> {
  const random = new SeededRandom(seed);
  const [most, warmest] = [first.pieces, first.heat];
  for (let interval = 0; interval <= INTERVALS; interval++) {
    await onTime(originMs + interval * intervalMs + 20);
    for (let written = 0; written < writes; written += MOST_A_REQUEST) {
      const count = Math.min(MOST_A_REQUEST, writes - written);
      const values = Array.from({ length: count }, (_, index) =>
        index % 2 === 0 ? pieces(most - random.between(0, 90)) : heat(warmest - 30 * random.next()),
      );
      await plc.write(values);
    }
  }
}

/** @throws LateRun when that time is over */
async function onTime(ms: number): Promise<void> {
  const wait = ms - Date.now();
  if (wait < -200) throw new LateRun(`The machine is ${-wait} ms late for the schedule.`);
  await pause(Math.max(0, wait));
}

function gridMsOf({ told, intervalMs, originMs }: ModuleScene, batch: number): number {
  const { interval } = told.of('sealed').find(({ n }) => n === batch)!;
  return originMs + (interval + 1) * intervalMs;
}
