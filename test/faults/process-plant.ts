import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ActionTarget, programRuns } from '../crash/action-target.ts';
import { compare, type Comparison } from '../crash/comparison.ts';
import { type CrashPlant, type CrashPlantOptions, createCrashPlant, PLANT_TAGS, removeCrashPlant } from '../crash/crash-plant.ts';
import type { KillOrder } from '../crash/kill-order.ts';
import { ModuleRunner } from '../crash/module-runner.ts';
import { openRemains } from '../crash/open-stores.ts';
import { parseWrites } from '../crash/written-values.ts';
import { pause } from '../support/pause.ts';
import { until } from '../support/until.ts';

const STARTS_WITHIN_MS = 120_000;
const SETTLES_WITHIN_MS = 60_000;

/** Both modules and a PLC in processes of their own, whose disks and clocks a test can spoil. */
export class ProcessPlant {
  readonly files: CrashPlant;
  readonly #target: ActionTarget;
  readonly #codes = { owner: [] as string[], receiver: [] as string[] };
  readonly #messages = { owner: '', receiver: '' };
  #owner: ModuleRunner | undefined;
  #receiver: ModuleRunner | undefined;
  #plc: ChildProcess | undefined;

  private constructor(files: CrashPlant, target: ActionTarget) {
    this.files = files;
    this.#target = target;
  }

  static async create(options: Omit<CrashPlantOptions, 'webhookUrl'> = {}): Promise<ProcessPlant> {
    const target = await ActionTarget.start();
    return new ProcessPlant(await createCrashPlant({ ...options, webhookUrl: target.url }), target);
  }

  get owner(): ModuleRunner {
    if (this.#owner === undefined) throw new Error('The plant is not started.');
    return this.#owner;
  }

  get receiver(): ModuleRunner {
    if (this.#receiver === undefined) throw new Error('The plant is not started.');
    return this.#receiver;
  }

  /** Codes of findings, warnings and failures that a module told so far. */
  codes(role: 'owner' | 'receiver'): readonly string[] {
    return this.#codes[role];
  }

  /** What was told with them, a line each. */
  messages(role: 'owner' | 'receiver'): string {
    return this.#messages[role];
  }

  async start(): Promise<void> {
    this.startModule('owner');
    this.startModule('receiver');
    const { plant, port, writesFile } = this.files;
    const program = join(import.meta.dirname, '..', 'crash', 'plc-process.ts');
    const args = [program, join(plant.plc, 'pki'), `opc.tcp://localhost:${port}`, writesFile];
    this.#plc = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    await until('both modules run', () => this.#bothRun(), STARTS_WITHIN_MS);
  }

  #bothRun(): boolean {
    for (const { why } of [this.owner, this.receiver]) if (why !== undefined) throw new Error(why);
    return this.owner.running && this.receiver.running;
  }

  /** @param order how this life of the module ends, if not in good order */
  startModule(role: 'owner' | 'receiver', order?: KillOrder): ModuleRunner {
    const { ownerFile, manufacturerFile, traceFile } = this.files;
    const configFile = role === 'owner' ? ownerFile : manufacturerFile;
    const life = { role, configFile, traceFile, ...(order === undefined ? {} : { order }) };
    const runner = new ModuleRunner(life, ({ event }) => {
      const code = 'code' in event ? event.code : undefined;
      this.#codes[role].push(code ?? event.event);
      this.#messages[role] += `${'message' in event ? event.message : ''}\n`;
    });
    if (role === 'owner') this.#owner = runner;
    else this.#receiver = runner;
    return runner;
  }

  async endPlc(): Promise<void> {
    const plc = this.#plc;
    this.#plc = undefined;
    if (plc === undefined || plc.exitCode !== null || plc.signalCode !== null) return;
    const gone = once(plc, 'exit');
    plc.kill('SIGTERM');
    await gone;
  }

  /** Lets both modules finish what there is, stops them, and compares what is left with what the PLC knows. */
  async finish(): Promise<Comparison> {
    await this.endPlc();
    for (const limit = Date.now() + SETTLES_WITHIN_MS; Date.now() < limit; await pause(300)) {
      const { sealed = -1, anchored = 0, receipted = 0 } = await this.owner.counts();
      if (sealed >= 0 && sealed - Math.min(anchored, receipted) <= 2) break;
    }
    await this.owner.stop(SETTLES_WITHIN_MS);
    await pause(1000);
    await this.receiver.stop(SETTLES_WITHIN_MS);
    const { ownerFile, manufacturerFile, writesFile, programFile } = this.files;
    const remains = await openRemains(ownerFile, manufacturerFile);
    try {
      const runs = new Map([...this.#target.calls, ...programRuns(programFile)]);
      return await compare(remains, parseWrites(readFileSync(writesFile, 'utf8')), runs, PLANT_TAGS);
    } finally {
      await remains.close();
    }
  }

  /** @param release called before the plant's folder is removed */
  async end(release: () => void = () => undefined): Promise<void> {
    await this.endPlc();
    for (const runner of [this.#owner, this.#receiver]) await runner?.kill();
    await this.#target.stop();
    release();
    removeCrashPlant(this.files);
  }
}
