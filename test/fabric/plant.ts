import assert from 'node:assert/strict';
import { onDevelopmentNetwork } from '../../src/cli/fabric-place.ts';
import type { DevNetwork } from '../../src/ledger/index.ts';
import { lastBatchChildId, LEDGER_STATE, type LedgerState, operationChildId } from '../../src/nodeset/index.ts';
import { UaPerson } from '../app/operator.ts';
import { auditOf } from '../crash/comparison.ts';
import { CHANNEL } from '../crash/crash-plant.ts';
import { ProcessPlant } from '../faults/process-plant.ts';
import { freshEvidence } from '../support/fabric-network.ts';
import { pause } from '../support/pause.ts';

/** Both modules in processes of their own, on a ledger of their own on the network. */
export async function fabricPlant(network: DevNetwork): Promise<ProcessPlant> {
  const { chaincode } = await freshEvidence(network);
  return ProcessPlant.create({ ledger: { ...onDevelopmentNetwork(network), chaincode } });
}

/** What the owner's operator saw of the ledger over OPC UA. */
export interface Seen {
  /** States of the newest batch, each as often as it changed. */
  readonly states: readonly LedgerState[];
  /** The most batches that waited for the ledger. */
  readonly mostUnanchored: number;
}

const STATE_NAMES = new Map(Object.entries(LEDGER_STATE).map(([name, number]) => [number as number, name as LedgerState]));

/** An operator's screen on the owner's ingest server. */
export class OperatorScreen {
  readonly #person: UaPerson;
  #states: LedgerState[] = [];
  #mostUnanchored = 0;
  #isWatching = true;
  readonly #watching: Promise<void>;

  private constructor(person: UaPerson) {
    this.#person = person;
    this.#watching = this.#watch().catch(() => undefined);
  }

  static async open({ files }: ProcessPlant): Promise<OperatorScreen> {
    const { plant, port } = files;
    return new OperatorScreen(await UaPerson.at({ plant, port }, 'ingest', plant.logins.operator));
  }

  /** What was seen since the last call, or since the screen was opened. */
  take(): Seen {
    const seen = { states: this.#states, mostUnanchored: this.#mostUnanchored };
    this.#states = [];
    this.#mostUnanchored = 0;
    return seen;
  }

  /** Batches that wait for the ledger now. */
  async unanchored(): Promise<number> {
    return Number(await this.#person.valueOf(operationChildId(CHANNEL, 'UnanchoredBatches')));
  }

  async close(): Promise<void> {
    this.#isWatching = false;
    await this.#watching;
    await this.#person.close();
  }

  /** Until it is closed, or the module that it looks at ends. */
  async #watch(): Promise<void> {
    while (this.#isWatching) {
      const state = STATE_NAMES.get(Number(await this.#person.valueOf(lastBatchChildId(CHANNEL, 'LedgerState'))));
      if (state !== undefined && state !== this.#states.at(-1)) this.#states.push(state);
      this.#mostUnanchored = Math.max(this.#mostUnanchored, await this.unanchored());
      await pause(20);
    }
  }
}

/** Waits until so many more batches are anchored and receipted than are sealed now. */
export async function receiptedMore(plant: ProcessPlant, more: number): Promise<void> {
  const { sealed: from = 0 } = await plant.owner.counts();
  for (const limit = Date.now() + 60_000; ; await pause(200)) {
    const { anchored = 0, receipted = 0 } = await plant.owner.counts();
    if (Math.min(anchored, receipted) >= from + more) return;
    if (Date.now() > limit) throw new Error(`${receipted} receipts and ${anchored} anchors, after ${from} batches.`);
  }
}

/** Ends a plant in good order, and holds what is stored and on the ledger against what the PLC wrote. */
export async function assertNothingLost(plant: ProcessPlant): Promise<void> {
  const { batches, anchoredOnce, receiptedOnce, lost, duplicated, disordered, unopened, actionsLost, faults } = await plant.finish();
  assert.deepEqual(
    { anchoredOnce, receiptedOnce, lost, duplicated, disordered, unopened, actionsLost, faults },
    { anchoredOnce: batches, receiptedOnce: batches, lost: 0, duplicated: 0, disordered: 0, unopened: 0, actionsLost: 0, faults: [] },
  );
  const report = await auditOf(plant.files.ownerFile, plant.files.plant.ledgerId);
  assert.deepEqual([report.findings, Object.keys(report.counts)], [[], ['PROVEN']]);
}
