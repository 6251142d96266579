/*
 * A module in a process of its own, that kills itself where it is told to. `node module-process.ts ORDER` with the order
 * as JSON, see ModuleLife. The parent may send `{"do":"counts"}` and `{"do":"stop"}`.
 */
import { openSync, writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { type ModuleEvent, ReceiverModule, SenderModule, UnavailableError } from 'dcmb';
import type { KillOrder, KillPoint } from './kill-order.ts';
import { intercepted, type Part } from './operations.ts';
import type { Role } from './kill-plan.ts';
import { plantIn, type PlantedError } from './planted-errors.ts';

/** What a module process is told at its start. */
export interface ModuleLife {
  readonly role: Role;
  readonly configFile: string;
  /** Both modules append to it. */
  readonly traceFile: string;
  readonly order?: KillOrder;
  readonly plantedError?: PlantedError;
}

/** What it tells its parent. */
export type ModuleMessage =
  | { readonly kind: 'running' }
  | { readonly kind: 'event'; readonly event: ModuleEvent }
  | { readonly kind: 'counts'; readonly counts: Readonly<Record<string, number>> }
  /** Its end is near, and not by a kill. */
  | { readonly kind: 'ended'; readonly why: string };

const life = JSON.parse(process.argv[2] ?? '') as ModuleLife;
const trace = openSync(life.traceFile, 'a');
const passed = new Map<string, number>();

/** Ends this process at once where the order says so: nothing after this line runs. */
function pass(part: KillPoint['part'], name: string, when: 'before' | 'after'): void {
  const { order } = life;
  if (order?.kind !== 'step' || order.point.part !== part || order.point.name !== name || order.point.when !== when) return;
  const key = `${part} ${name}`;
  const times = (passed.get(key) ?? 0) + 1;
  passed.set(key, times);
  if (times >= order.occurrence) process.kill(process.pid, 'SIGKILL');
}

function killable<Target extends object>(part: Part, target: Target): Target {
  return intercepted(plantIn(life.plantedError, part, target), (operation, call) => passing(part, operation, call));
}

function passing(part: KillPoint['part'], operation: string, call: () => unknown): unknown {
  pass(part, operation, 'before');
  const result = call();
  if (!(result instanceof Promise)) {
    pass(part, operation, 'after');
    return result;
  }
  return result.then((value: unknown) => {
    pass(part, operation, 'after');
    return value;
  });
}

/** Lets an order name a stage of a transaction's way over Fabric. */
async function killableOnFabric(stage: string): Promise<void> {
  const { PeerGateway } = await import('../../src/ledger/fabric/peer-gateway.ts');
  const stages = PeerGateway.prototype as unknown as Record<string, (this: unknown, ...args: unknown[]) => unknown>;
  const original = stages[stage];
  if (original === undefined) throw new Error(`Fabric has no stage "${stage}".`);
  stages[stage] = function (...args) {
    return passing('fabric', stage, () => original.apply(this, args));
  };
}

function tell(message: ModuleMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function asAnother(event: { readonly kind: string }): object {
  return event.kind === 'sealed' ? { ...event, kind: 'anchored' } : event;
}

const options = {
  onEvent: (event: ModuleEvent) => {
    if (event.event === 'running' || (life.role === 'receiver' && event.event === 'started')) tell({ kind: 'running' });
    if (event.event === 'finding' || event.event === 'failed' || event.event === 'warning') tell({ kind: 'event', event });
  },
  trace: (event: { readonly kind: string }) => {
    pass('trace', event.kind, 'before');
    writeSync(trace, `${JSON.stringify(life.plantedError === 'wrong-trace' ? asAnother(event) : event)}\n`);
    pass('trace', event.kind, 'after');
  },
  adapters: {
    senderStore: <Target extends object>(target: Target) => killable('senderStore', target),
    receiverStore: <Target extends object>(target: Target) => killable('receiverStore', target),
    journal: <Target extends object>(target: Target) => killable('journal', target),
    ledger: <Target extends object>(target: Target) => killable('ledger', target),
  },
};

const AGAIN_MS = 100;

/** What a killed module held, its cleared server's port before all, may be free a moment later only. */
async function start(): Promise<SenderModule | ReceiverModule> {
  for (let tries = 0; ; tries++) {
    try {
      return await (life.role === 'owner' ? SenderModule.start(life.configFile, options) : ReceiverModule.start(life.configFile, options));
    } catch (error) {
      if (!(error instanceof UnavailableError) || tries > 100) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, AGAIN_MS);
      });
    }
  }
}

async function main(): Promise<void> {
  if (life.order?.kind === 'step' && life.order.point.part === 'fabric') await killableOnFabric(life.order.point.name);
  const module = await start();
  // A process that is killed writes nothing at its end.
  flushCompileCache();
  process.on('message', ({ do: what }: { do: 'counts' | 'stop' }) => {
    if (what === 'counts') tell({ kind: 'counts', counts: { ...module.counts() } });
    else void module.stop().then(() => process.disconnect());
  });
  const why = await module.failed;
  tell({ kind: 'ended', why: wordsOf(why) });
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

main().catch((error: unknown) => {
  tell({ kind: 'ended', why: wordsOf(error) });
  process.exitCode = 1;
  process.disconnect();
});
