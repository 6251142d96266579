import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ModuleEvent, type ModuleOptions, ReceiverModule, SenderModule } from 'dcmb';
import { ActionTarget, programRuns } from '../crash/action-target.ts';
import { compare, type Comparison } from '../crash/comparison.ts';
import { type CrashPlant, createCrashPlant, PLANT_TAGS, removeCrashPlant } from '../crash/crash-plant.ts';
import { openRemains } from '../crash/open-stores.ts';
import { parseWrites } from '../crash/written-values.ts';
import { checkTrace, type TraceFinding } from '../../scripts/models/trace-check.ts';
import { parseTrace } from '../../scripts/models/trace-file.ts';
import { parseTransitionTable } from '../../scripts/models/transition-table.ts';
import { pause } from '../support/pause.ts';

const ROOT = join(import.meta.dirname, '..', '..');

type Module = SenderModule | ReceiverModule;

/** What each module is given: adapters that fail, a clock that is set. */
export type PlantModules = Readonly<Record<'owner' | 'receiver', ModuleOptions>>;

/** One module in this process, with faults to come, that is started again where it ended. */
export class FaultyModule {
  readonly #start: (options: ModuleOptions) => Promise<Module>;
  readonly #options: ModuleOptions;
  readonly events: ModuleEvent[] = [];
  #module: Module | undefined;
  /** Why it ended, where it did by itself. */
  ended: string | undefined;

  constructor(start: (options: ModuleOptions) => Promise<Module>, options: ModuleOptions, traceFile: string) {
    this.#start = start;
    this.#options = {
      ...options,
      onEvent: (event) => void this.events.push(event),
      trace: (event) => appendFileSync(traceFile, `${JSON.stringify(event)}\n`),
    };
  }

  /** Starts until it runs. @returns how many starts failed before */
  async start(withinMs = 30_000): Promise<number> {
    this.ended = undefined;
    for (let failures = 0, limit = Date.now() + withinMs; ; failures++) {
      try {
        const module = await this.#start(this.#options);
        this.#module = module;
        void module.failed.then((why) => (this.ended = why instanceof Error ? (why.stack ?? why.message) : String(why)));
        return failures;
      } catch (error) {
        if (Date.now() > limit) throw error;
        await pause(100);
      }
    }
  }

  counts(): Readonly<Record<string, number>> {
    try {
      return { ...this.#module?.counts() };
    } catch {
      // Its store is just being opened again.
      return {};
    }
  }

  async stop(): Promise<void> {
    const module = this.#module;
    this.#module = undefined;
    await module?.stop();
  }
}

/** Both modules in this process and a PLC in one of its own. */
export class FaultPlant {
  readonly files: CrashPlant;
  readonly #target: ActionTarget;
  readonly #plc: ChildProcess;
  readonly owner: FaultyModule;
  readonly receiver: FaultyModule;

  private constructor(files: CrashPlant, target: ActionTarget, options: PlantModules) {
    this.files = files;
    this.#target = target;
    this.owner = new FaultyModule((options) => SenderModule.start(files.ownerFile, options), options.owner, files.traceFile);
    this.receiver = new FaultyModule((options) => ReceiverModule.start(files.manufacturerFile, options), options.receiver, files.traceFile);
    const args = [join(import.meta.dirname, '..', 'crash', 'plc-process.ts'), join(files.plant.plc, 'pki'), this.#url, files.writesFile];
    this.#plc = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  }

  static async create(options: PlantModules): Promise<FaultPlant> {
    const target = await ActionTarget.start();
    return new FaultPlant(await createCrashPlant({ webhookUrl: target.url, epochIntervals: 8 }), target, options);
  }

  get #url(): string {
    return `opc.tcp://localhost:${this.files.port}`;
  }

  async start(): Promise<void> {
    await Promise.all([this.owner.start(), this.receiver.start()]);
  }

  /** Ends the PLC, waits for receipts and anchors, and stops both modules in good order. */
  async finish(): Promise<void> {
    await this.#endPlc('SIGTERM');
    for (const limit = Date.now() + 60_000; Date.now() < limit; await pause(200)) {
      const { sealed = -1, anchored = 0, receipted = 0 } = this.owner.counts();
      if (sealed >= 0 && sealed - Math.min(anchored, receipted) <= 2) break;
    }
    await this.owner.stop();
    // Actions of the last batch run behind its receipt.
    await pause(1000);
    await this.receiver.stop();
  }

  async judge(): Promise<Comparison & { readonly violations: readonly TraceFinding[] }> {
    const { ownerFile, manufacturerFile, writesFile, programFile, traceFile } = this.files;
    const remains = await openRemains(ownerFile, manufacturerFile);
    try {
      const runs = new Map([...this.#target.calls, ...programRuns(programFile)]);
      const comparison = await compare(remains, parseWrites(readFileSync(writesFile, 'utf8')), runs, PLANT_TAGS);
      const table = parseTransitionTable(readFileSync(join(ROOT, 'models', 'transitions.pml'), 'utf8'));
      return { ...comparison, violations: checkTrace(table, parseTrace(readFileSync(traceFile, 'utf8')), ['owner', 'receiver']) };
    } finally {
      await remains.close();
    }
  }

  async end(): Promise<void> {
    await this.#endPlc('SIGKILL');
    await Promise.allSettled([this.owner.stop(), this.receiver.stop()]);
    await this.#target.stop();
    removeCrashPlant(this.files);
  }

  async #endPlc(signal: NodeJS.Signals): Promise<void> {
    if (this.#plc.exitCode !== null || this.#plc.signalCode !== null) return;
    const gone = once(this.#plc, 'exit');
    this.#plc.kill(signal);
    await gone;
  }
}
