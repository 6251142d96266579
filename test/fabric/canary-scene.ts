import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModuleEvent, ReceiverModule, SenderModule } from '../../src/app/index.ts';
import { openOwnLedger } from '../../src/app/ledger-access.ts';
import type { TagWriter } from '../../src/client/index.ts';
import { fromUtf8, type Json, parseCanonical } from '../../src/core/index.ts';
import { decodeEnvelope, type FabricEnvelope } from '../../src/fabric-blocks/index.ts';
import type { DevNetwork } from '../../src/ledger/index.ts';
import { UaPerson } from '../app/operator.ts';
import { type EventOf, Told } from '../app/plant.ts';
import { pause } from '../support/pause.ts';
import { until } from '../support/until.ts';
import { type CanaryPlant, COUNTS, heat, INTERVAL_MS, RAW_VALUES, strokes } from './canary-plant.ts';
import { storedBlocks } from './peer-files/block-file.ts';

const WRITES_A_REQUEST = 500;
const MOST_ATTEMPTS = 8;
const WITHIN_MS = 120_000;

/** What both modules told while everything happened that puts something on a ledger, but for disputes. */
export class CanaryScene {
  readonly ofOwner = new Told();
  readonly ofManufacturer = new Told();
  /** Batch of each count of readings. */
  readonly batches = new Map<number, number>();
  readonly #plant: CanaryPlant;
  #sender: SenderModule | undefined;
  #receiver: ReceiverModule | undefined;

  constructor(plant: CanaryPlant) {
    this.#plant = plant;
  }

  async play(): Promise<void> {
    try {
      this.#receiver = await this.#plant.startReceiver(this.ofManufacturer.listen);
      this.#sender = await this.#plant.startSender(this.ofOwner.listen);
      await this.#told('sealed', 1);
      const plc = await this.#plant.plc();
      for (const count of COUNTS) this.batches.set(count, await this.#intervalWith(plc, count));
      await this.#rawValues(plc);
      await plc.close();
      await this.#call();
      await this.#outage();
      await until('an epoch is closed', () => this.ofOwner.all.some(isClosing), WITHIN_MS);
      const sealed = this.ofOwner.of('sealed').length;
      await until('all is anchored', () => this.ofOwner.of('anchored').length >= sealed, WITHIN_MS);
    } finally {
      await this.#sender?.stop(0);
      await this.#receiver?.stop();
    }
  }

  /** Writes so many values in one interval; again where a slow machine let them fall into two. */
  async #intervalWith(plc: TagWriter, count: number): Promise<number> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const seen = this.#grids().length;
      await this.#nextGrid(seen);
      for (let written = 0; written < count; written += WRITES_A_REQUEST) {
        const size = Math.min(WRITES_A_REQUEST, count - written);
        await plc.write(Array.from({ length: size }, (_, index) => strokes(20_000 + 7 * (written + index))));
      }
      await this.#nextGrid(seen + 1);
      const batch = this.#grids()[seen + 1];
      if (batch?.readings === count) return batch.n;
    }
    throw new Error(`The machine is too slow for ${count} readings in ${INTERVAL_MS} ms.`);
  }

  async #rawValues(plc: TagWriter): Promise<void> {
    for (const index of [0, 1] as const) {
      await plc.write([strokes(RAW_VALUES.strokes[index]), heat(RAW_VALUES.heat[index]), heat(RAW_VALUES.refused)]);
      await this.#nextGrid(this.#grids().length);
    }
  }

  async #call(): Promise<void> {
    const { plant, port } = this.#plant;
    const operator = await UaPerson.at({ plant, port }, 'ingest', plant.logins.operator);
    const called = (): boolean => this.ofOwner.of('sealed').some(({ row }) => row > 0);
    for (let attempt = 0; attempt < MOST_ATTEMPTS && !called(); attempt++) {
      await operator.anchor();
      await this.#nextGrid(this.#grids().length);
    }
    await operator.close();
    if (!called()) throw new Error('No batch was called for.');
  }

  /** The manufacturer is away until the owner deposits, and answers the deposit on the ledger when it is back. */
  async #outage(): Promise<void> {
    await this.#receiver?.stop();
    await this.#told('deposited', 1);
    this.#receiver = await this.#plant.startReceiver(this.ofManufacturer.listen);
    const [deposited] = this.ofOwner.of('deposited');
    const ledger = await openOwnLedger(this.#plant.ownerConfig);
    try {
      const asked = { channel: this.#plant.plant.channelId, n: deposited?.n ?? -1 };
      const limit = Date.now() + WITHIN_MS;
      while ((await ledger.query('receipt', asked)) === undefined) {
        if (Date.now() > limit) throw new Error('The deposit is not receipted on the ledger.');
        await pause(200);
      }
    } finally {
      await ledger.close();
    }
  }

  #grids(): EventOf<'sealed'>[] {
    return this.ofOwner.of('sealed').filter(({ row }) => row === 0);
  }

  #nextGrid(seen: number): Promise<void> {
    return until('an interval ends', () => this.#grids().length > seen, WITHIN_MS);
  }

  #told(kind: ModuleEvent['event'], times: number): Promise<void> {
    return until(`${kind} is told`, () => this.ofOwner.of(kind).length >= times, WITHIN_MS);
  }
}

function isClosing(event: ModuleEvent): boolean {
  return event.event === 'epoch-record' && event.k > 0 && event.step === 'committed';
}

/** A transaction as a peer keeps it, with what the contract was told. */
export interface KeptTransaction {
  readonly stored: Uint8Array;
  readonly envelope: FabricEnvelope;
  readonly kind: string;
  readonly body: Json;
}

/** Transactions of an evidence chaincode in a peer's block files, valid or not. */
export function keptTransactions(network: DevNetwork, organisation: string, chaincode: string): KeptTransaction[] {
  const file = join(network.peerFolder(organisation), 'ledgersData', 'chains', 'chains', network.channel, 'blockfile_000000');
  return storedBlocks(readFileSync(file))
    .flatMap(({ envelopes }) => envelopes.map((stored) => ({ stored, envelope: decodeEnvelope(new Uint8Array(stored)) })))
    .filter(({ envelope }) => envelope.chaincode === chaincode)
    .map(({ stored, envelope }) => {
      const args = envelope.args.map((each) => fromUtf8(each));
      const [name = '', kind = '', body = 'null'] = args[0] === 'genesis' ? ['genesis', 'genesis', args[1]] : args;
      return { stored, envelope, kind: name === 'execute' ? kind : name, body: parseCanonical(new TextEncoder().encode(body)) };
    });
}
