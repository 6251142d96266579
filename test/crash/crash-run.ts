import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkTrace } from '../../scripts/models/trace-check.ts';
import { parseTrace } from '../../scripts/models/trace-file.ts';
import { parseTransitionTable } from '../../scripts/models/transition-table.ts';
import { ActionTarget, programRuns } from './action-target.ts';
import { Campaign, type CampaignCounts } from './campaign.ts';
import { auditOf, compare, type Comparison } from './comparison.ts';
import { type CrashPlant, createCrashPlant, PLANT_TAGS, removeCrashPlant } from './crash-plant.ts';
import { openRemains } from './open-stores.ts';
import type { PlantedError } from './planted-errors.ts';
import { SeededRandom } from './random.ts';
import { parseWrites } from './written-values.ts';

export interface CrashRunOptions {
  /** Ends the killing, whichever comes first. */
  readonly kills: number;
  readonly minutes: number;
  readonly seed: number;
  readonly durability?: 'write' | 'interval';
  readonly plantedError?: PlantedError;
  readonly keep?: boolean;
  readonly say?: (line: string) => void;
}

export interface CrashResult extends CampaignCounts, Comparison {
  readonly seed: number;
  /** Batches by the auditor's verdict, from the exports of both sides. */
  readonly verdicts: { readonly owner: Readonly<Record<string, number>>; readonly manufacturer: Readonly<Record<string, number>> };
  readonly auditFindings: number;
  readonly traceEvents: number;
  /** Logged steps that are no behaviour of the model. */
  readonly traceViolations: number;
  readonly seconds: number;
  readonly passed: boolean;
}

const MODELS = join(import.meta.dirname, '..', '..', 'models');

/** A plant in processes of its own, killed again and again, and then compared with what its PLC knows. */
export async function crashRun(options: CrashRunOptions): Promise<CrashResult> {
  const from = Date.now();
  const target = await ActionTarget.start();
  const plant = await createCrashPlant({
    webhookUrl: target.url,
    ...(options.durability === undefined ? {} : { durability: options.durability }),
  });
  const plc = startPlc(plant);
  const plcGone = once(plc, 'exit');
  try {
    const campaign = new Campaign(plant, new SeededRandom(options.seed), {
      kills: options.kills,
      untilMs: from + options.minutes * 60_000,
      say: options.say ?? (() => undefined),
      ...(options.plantedError === undefined ? {} : { plantedError: options.plantedError }),
    });
    await campaign.kill();
    const counts = await campaign.finish(async () => {
      plc.kill('SIGTERM');
      await plcGone;
    });
    const judged = await judge(plant, target);
    const result = { seed: options.seed, ...counts, ...judged, seconds: Math.round((Date.now() - from) / 1000) };
    return { ...result, passed: isSound(result) };
  } finally {
    plc.kill('SIGKILL');
    await target.stop();
    if (options.keep !== true) removeCrashPlant(plant);
    else options.say?.(`kept: ${plant.root}`);
  }
}

function startPlc({ plant, port, writesFile }: CrashPlant): ChildProcess {
  const program = join(import.meta.dirname, 'plc-process.ts');
  const args = [program, join(plant.plc, 'pki'), `opc.tcp://localhost:${port}`, writesFile];
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function judge(plant: CrashPlant, target: ActionTarget) {
  const written = parseWrites(readFileSync(plant.writesFile, 'utf8'));
  const runs = new Map([...target.calls, ...programRuns(plant.programFile)]);
  const remains = await openRemains(plant.ownerFile, plant.manufacturerFile);
  try {
    const comparison = await compare(remains, written, runs, PLANT_TAGS);
    const reports = [await auditOf(plant.ownerFile, plant.plant.ledgerId), await auditOf(plant.manufacturerFile, plant.plant.ledgerId)];
    const findings = reports.flatMap((report) => report.findings).filter(({ code }) => !EXPLAINED_FINDINGS.includes(code));
    const trace = traceOf(plant);
    const told = [
      ...findings.map(({ code, object, message }) => `Audit: ${code} in ${object}: ${message}`),
      ...trace.violations.map(({ index, message }) => `Trace, line ${index + 1}: ${message}`),
    ];
    return {
      ...comparison,
      verdicts: { owner: reports[0]!.counts, manufacturer: reports[1]!.counts },
      auditFindings: findings.length,
      traceEvents: trace.events,
      traceViolations: trace.violations.length,
      faults: [...comparison.faults, ...told.slice(0, 20)],
    };
  } finally {
    await remains.close();
  }
}

function traceOf({ traceFile }: CrashPlant) {
  const table = parseTransitionTable(readFileSync(join(MODELS, 'transitions.pml'), 'utf8'));
  const events = parseTrace(readFileSync(traceFile, 'utf8'));
  return { events: events.length, violations: checkTrace(table, events, ['owner', 'receiver']) };
}

/** NO_TOKENS: the modules were down for longer than token sets were signed ahead, and the ledger says so. */
const EXPLAINED = ['PROVEN', 'PROVEN NO_TOKENS'];
const EXPLAINED_FINDINGS: readonly string[] = ['NO_TOKENS'];

function isSound(result: Omit<CrashResult, 'passed'>): boolean {
  const none = [
    result.lost,
    result.duplicated,
    result.invented,
    result.disordered,
    result.unopened,
    result.actionsLost,
    result.actionsInvented,
    result.auditFindings,
    result.traceViolations,
    result.unexpectedEnds.length,
    result.faults.length,
  ];
  const labels = [...Object.keys(result.verdicts.owner), ...Object.keys(result.verdicts.manufacturer)];
  return (
    none.every((count) => count === 0) &&
    !result.lateToSettle &&
    result.kills > 0 &&
    result.acknowledged > 0 &&
    result.traceEvents > 0 &&
    result.actionsDue > 0 &&
    result.anchoredOnce === result.batches &&
    result.receiptedOnce === result.batches &&
    labels.every((label) => EXPLAINED.includes(label))
  );
}
