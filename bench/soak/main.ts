import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Plant } from '../../src/app/index.ts';
import { coursesOf, type Course, rounded, type Sample } from './figures.ts';
import { SoakedModule, sampleOf } from './module-process.ts';
import { benchPlant, DURABILITIES, type Durability, fileSizes } from '../plant.ts';
import type { PlcFigures } from './plc.ts';

/*
 * `npm run bench:soak [-- --minutes 10 --rate 5000 --json]`: an owner's and a manufacturer's module as they run in practice,
 * each in a process of its own, and a PLC that writes over OPC UA. Tells what was taken, how long it took, and how memory,
 * descriptors and files grow. Fails where a value that was answered Good is in no batch; how steep a slope may be is the
 * reader's to judge.
 */

const START_WITHIN_MS = 60_000;

interface Options {
  readonly minutes: number;
  readonly rate: number;
  readonly tags: number;
  readonly intervalMs: number;
  readonly sampleSeconds: number;
  readonly durability: Durability;
  readonly json: boolean;
}

function numberOf(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!(value >= least)) throw new RangeError(`--${name} needs a number from ${least}.`);
  return value;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      rate: { type: 'string', default: '5000' },
      tags: { type: 'string', default: '100' },
      interval: { type: 'string', default: '1000' },
      sample: { type: 'string', default: '15' },
      durability: { type: 'string', default: 'write' },
      json: { type: 'boolean', default: false },
    },
  });
  const durability = DURABILITIES.find((each) => each === values.durability);
  if (durability === undefined) throw new RangeError(`--durability is one of ${DURABILITIES.join(', ')}.`);
  return {
    minutes: numberOf('minutes', values.minutes, 0.1),
    rate: numberOf('rate', values.rate, 1),
    tags: numberOf('tags', values.tags, 3),
    intervalMs: numberOf('interval', values.interval, 100),
    sampleSeconds: numberOf('sample', values.sample, 1),
    durability,
    json: values.json,
  };
}

/** The three processes of a run. */
class Soak {
  readonly #options: Options;
  readonly #plant: Plant;
  readonly owner: SoakedModule;
  readonly manufacturer: SoakedModule;
  readonly #plc: ChildProcess;
  readonly samples: Sample[] = [];
  #startMs = 0;

  constructor(options: Options, plant: Plant) {
    this.#options = options;
    this.#plant = plant;
    this.owner = new SoakedModule('owner', ['serve', join(plant.owner, 'dcmb.json')]);
    this.manufacturer = new SoakedModule('manufacturer', ['receive', join(plant.manufacturer, 'dcmb.json')]);
    this.#plc = fork(new URL('./plc.ts', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  /** Runs the load and samples along. */
  async run(): Promise<PlcFigures> {
    const until = performance.now() + START_WITHIN_MS;
    while (this.owner.count('running') === 0) {
      if (!this.owner.isRunning || performance.now() > until) throw new Error("The owner's module did not come to run.");
      await sleep(50);
    }
    const { rate, minutes, sampleSeconds } = this.#options;
    this.#plc.send({ folder: this.#plant.plc, rate, seconds: minutes * 60 });
    this.#startMs = performance.now();
    for (;;) {
      await sleep(Math.min(sampleSeconds, minutes * 10) * 1000);
      const figures = await this.figures();
      await this.#sample(figures);
      if (figures.done) return figures;
    }
  }

  async figures(): Promise<PlcFigures> {
    if (this.#plc.exitCode !== null) throw new Error('The PLC ended in the middle of the run.');
    this.#plc.send('figures');
    const [figures] = (await once(this.#plc, 'message')) as [PlcFigures];
    return figures;
  }

  /** Stops all in good order: what is open is sealed, anchored and receipted first. */
  async stop(): Promise<void> {
    this.#plc.disconnect();
    await this.owner.stop();
    await this.manufacturer.stop();
  }

  kill(): void {
    this.#plc.kill('SIGKILL');
    this.owner.kill();
    this.manufacturer.kill();
  }

  get batches() {
    const { owner, manufacturer } = this;
    return {
      sealed: owner.count('sealed'),
      anchored: owner.count('anchored'),
      receipted: owner.count('receipted'),
      acknowledged: manufacturer.count('acknowledged'),
    };
  }

  async #sample(figures: PlcFigures): Promise<void> {
    const processes = {
      ...(await this.owner.sample()),
      ...(await this.manufacturer.sample()),
      plc: sampleOf(this.#plc.pid ?? 0),
    };
    const sample = { seconds: (performance.now() - this.#startMs) / 1000, processes, files: fileSizes(this.#plant) };
    this.samples.push(sample);
    if (!this.#options.json) console.log(progressLine(sample, figures, this.batches));
  }
}

function progressLine(
  { seconds, processes, files }: Sample,
  { offered, acknowledged, latencyMs }: PlcFigures,
  batches: Soak['batches'],
): string {
  const memory = Object.entries(processes).map(([name, { rssMb, heapMb, descriptors }]) => {
    const heap = heapMb === undefined ? '' : `/${heapMb.toFixed(0)}`;
    return `${name} ${rssMb.toFixed(0)}${heap} MB ${descriptors ?? '?'} fd`;
  });
  const storedMb = Object.values(files).reduce((sum, bytes) => sum + bytes, 0) / 1e6;
  return [
    `${seconds.toFixed(0).padStart(4)} s: ${acknowledged}/${offered} values, ${latencyMs.p50}/${latencyMs.p99} ms`,
    ...memory,
    `loop p99 ${processes['owner']?.loopP99Ms ?? '?'} ms`,
    `files ${storedMb.toFixed(1)} MB`,
    `batches ${batches.sealed}/${batches.anchored}/${batches.receipted}`,
  ].join(' | ');
}

function tableOf(result: Awaited<ReturnType<typeof soak>>): string[] {
  const { values, latencyMs, processes, filesMb, batches } = result;
  const course = (name: string, unit: string, of: Course | undefined): string[] =>
    of === undefined
      ? []
      : [`    ${name.padEnd(24)}${of.first} -> ${of.last} ${unit}, most ${of.most}, ${of.perMinute} ${unit} a minute after the warm-up`];
  return [
    '',
    `${result.machine.cpu}, ${result.machine.cores} cores, Node ${result.machine.node}; ${result.minutes} minutes, durability ${result.durability}`,
    `Values: ${values.offered} offered (${values.offeredPerSecond}/s), ${values.acknowledged} acknowledged (${values.acknowledgedPerSecond}/s), ${values.sealed} sealed, ${values.lost} lost, refused ${JSON.stringify(values.refused)}`,
    `Write latency, from when a request was due: p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, most ${latencyMs.max} ms`,
    `Batches: ${batches.sealed} sealed, ${batches.anchored} anchored, ${batches.receipted} receipted, ${batches.acknowledged} acknowledged`,
    `Findings and warnings: ${JSON.stringify(result.findings)}`,
    ...Object.entries(processes).flatMap(([name, each]) => [
      `  ${name}: ${each.cpuShare ?? '?'} cores`,
      ...course('resident memory', 'MB', each.rssMb),
      ...course('heap after collection', 'MB', each.heapMb),
      ...course('descriptors', '', each.descriptors),
      ...course('event loop delay p99', 'ms', each.loopP99Ms),
      ...course('event loop delay, most', 'ms', each.loopMaxMs),
    ]),
    '  files',
    ...Object.entries(filesMb).flatMap(([name, each]) => course(name, 'MB', each)),
  ];
}

function findingsOf({ owner, manufacturer }: Soak): Record<string, number> {
  const told = [owner, manufacturer].flatMap(({ told: each }) => [...each]);
  return Object.fromEntries(told.filter(([name]) => /^(finding|warning|failed)/.test(name)));
}

async function soak(options: Options) {
  const { minutes, rate, tags, intervalMs, durability } = options;
  const plant = await benchPlant({ tags, intervalMs, durabilityOf: () => durability });
  const run = new Soak(options, plant);
  try {
    const { offered, acknowledged, refused, latencyMs } = await run.run();
    await run.stop();
    const { readings } = run.owner;
    const perSecond = (count: number): number => rounded(count / (minutes * 60));
    return {
      bench: 'soak',
      machine: { cpu: cpus()[0]?.model.trim() ?? 'unknown processor', cores: availableParallelism(), node: process.versions.node },
      ...{ minutes, rate, tags, intervalMs, durability },
      values: {
        ...{ offered, acknowledged, refused },
        sealed: readings,
        /** Answered Good, and in no batch. */
        lost: Math.max(0, acknowledged - readings),
        offeredPerSecond: perSecond(offered),
        acknowledgedPerSecond: perSecond(acknowledged),
      },
      latencyMs,
      batches: run.batches,
      findings: findingsOf(run),
      ...coursesOf(run.samples),
    };
  } finally {
    run.kill();
    rmSync(dirname(plant.folder), { recursive: true, force: true });
  }
}

const options = readOptions();
const result = await soak(options);
console.log(options.json ? JSON.stringify(result) : tableOf(result).join('\n'));
const { sealed, anchored, receipted } = result.batches;
process.exitCode = result.values.lost === 0 && anchored === sealed && receipted === sealed ? 0 : 1;
