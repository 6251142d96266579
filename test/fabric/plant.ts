import type { DevNetwork } from '../../src/ledger/index.ts';
import { lastBatchChildId, LEDGER_STATE, type LedgerState, operationChildId } from '../../src/nodeset/index.ts';
import { UaPerson } from '../app/operator.ts';
import { CHANNEL } from '../crash/crash-plant.ts';
import { ProcessPlant } from '../faults/process-plant.ts';
import { freshEvidence } from '../support/fabric-network.ts';
import { pause } from '../support/pause.ts';

/** Both modules in processes of their own, on a ledger of their own on the network. */
export async function fabricPlant(network: DevNetwork): Promise<ProcessPlant> {
  const { chaincode } = await freshEvidence(network);
  const member = (organisation: string) => ({ profile: network.profile(organisation), msp: network.msp(organisation) });
  const terms = { name: 'never used: the genesis is there', testNetwork: true, certificationRequired: false };
  return ProcessPlant.create({
    ledger: {
      kind: 'fabric',
      fabricChannel: network.channel,
      chaincode,
      terms,
      owner: member('owner'),
      manufacturer: member('manufacturer'),
    },
  });
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
