import assert from 'node:assert/strict';
import type { AuditReport, ModuleEvent, OwnerConfig, ReceiverModule, SenderModule } from '../../src/app/index.ts';
import type { TagWriter } from '../../src/client/index.ts';
import { pause } from '../support/pause.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { type EventOf, pieces, surprises, TestPlant, Told } from '../app/plant.ts';
import { OwnerEvidence } from './owner-evidence.ts';

export const INTERVAL_MS = 500;
const WRITE_EVERY_MS = 100;
/** Of the bound alone, for a machine that is busy with other things. */
const PATIENCE_MS = 240_000;

export interface PartitionOptions {
  readonly cache?: OwnerConfig['channels'][0]['cache'];
  readonly deadlines?: Readonly<Record<string, number>>;
  readonly lookAheadMs?: number;
}

/** What the PLC was answered, in order. */
export interface Writes {
  accepted: number;
  refused: number;
  /** Names of the refused ones' StatusCodes. */
  readonly statuses: Set<string>;
}

/** A time without receipts. */
export interface Outage {
  /** First number that has no receipt when it begins, and last one that is sealed in it. */
  readonly from: number;
  readonly to: number;
  /** Numbers of the batches of which readings were dropped in it, in order. */
  readonly dropped: readonly number[];
}

/** What is left of a plant once both modules have stopped. */
export interface Ended {
  readonly evidence: OwnerEvidence;
  readonly reports: { readonly owner: AuditReport; readonly manufacturer: AuditReport };
}

interface Running extends Pick<PartitionedPlant, 'plant' | 'ofOwner' | 'ofManufacturer'> {
  readonly network: TcpProxy;
  readonly plc: TagWriter;
  readonly sender: SenderModule;
  readonly receiver: ReceiverModule;
}

/**
 * Both modules and a PLC that writes ten values a second, with a network between owner and manufacturer that fails. The
 * ledger stays in reach of both.
 */
export class PartitionedPlant {
  readonly ofOwner: Told;
  readonly ofManufacturer: Told;
  readonly writes: Writes = { accepted: 0, refused: 0, statuses: new Set() };
  readonly plant: TestPlant;
  readonly #network: TcpProxy;
  readonly #plc: TagWriter;
  readonly #sender: SenderModule;
  readonly #receiver: ReceiverModule;
  #writing: Promise<void> = Promise.resolve();
  #isOver = false;

  private constructor({ plant, network, plc, sender, receiver, ofOwner, ofManufacturer }: Running) {
    this.plant = plant;
    this.#network = network;
    this.#plc = plc;
    this.#sender = sender;
    this.#receiver = receiver;
    this.ofOwner = ofOwner;
    this.ofManufacturer = ofManufacturer;
  }

  /** Resolves once batches are receipted and the PLC writes. */
  static async start({ cache, deadlines = {}, lookAheadMs = 120_000 }: PartitionOptions): Promise<PartitionedPlant> {
    const epoch = { intervals: 4, lookAheadMs, disputeWindow: Math.ceil(lookAheadMs / (4 * INTERVAL_MS)) };
    // However slow the machine is, nothing is late by it.
    const far = { depositAfterIntervals: 100_000, unreceiptedLimit: 1_000_000, anchorWithinMs: 900_000, receiptWithinMs: 900_000 };
    const plant = await TestPlant.create({ terms: { epoch, deadlines: { ...far, ...deadlines } }, applications: false });
    const network = await TcpProxy.start(plant.port + 1);
    const [ofOwner, ofManufacturer] = [new Told(), new Told()];
    const manufacturer = plant.manufacturerConfig({ sender: { endpointUrl: `opc.tcp://localhost:${network.port}` } });
    const [sender, receiver] = await Promise.all([
      plant.startSender(ofOwner, plant.ownerConfig(cache === undefined ? {} : { cache })),
      plant.startReceiver(ofManufacturer, manufacturer),
    ]);
    const plc = await plant.plc();
    const running = new PartitionedPlant({ plant, network, plc, sender, receiver, ofOwner, ofManufacturer });
    await until('batches are receipted', () => ofOwner.of('receipted').length >= 2, PATIENCE_MS);
    running.#writing = running.#write();
    return running;
  }

  /** Number of the newest sealed batch. */
  get newest(): number {
    return this.ofOwner.of('sealed').at(-1)?.n ?? -1;
  }

  /** Cuts the network for so long, then mends it, and waits for the first receipt after it, however slow the machine is. */
  async cutFor(ms: number): Promise<Outage> {
    const from = await this.cut();
    const begun = this.ofOwner.all.length;
    await pause(ms);
    await this.heal();
    const isReceipt = ({ event }: ModuleEvent): boolean => event === 'receipted';
    await until('receipts are back', () => this.ofOwner.all.slice(begun).some(isReceipt), PATIENCE_MS);
    const end = begun + this.ofOwner.all.slice(begun).findIndex(isReceipt);
    const during = this.ofOwner.all.slice(0, end);
    const sealed = during.flatMap((event) => (event.event === 'sealed' ? [event.n] : []));
    const dropped = during.slice(begun).flatMap((event) => (event.event === 'dropped' ? numbersOf(event) : []));
    return { from, to: sealed.at(-1) ?? from, dropped };
  }

  /** @returns number of the first batch that has no receipt */
  async cut(): Promise<number> {
    await this.#network.cut();
    await until('the cut is noticed', () => this.ofManufacturer.of('link').at(-1)?.state !== 'connected', PATIENCE_MS);
    return (this.ofOwner.of('receipted').at(-1)?.n ?? -1) + 1;
  }

  async heal(): Promise<void> {
    await this.#network.restore();
  }

  /** Resolves once receipts are back at the newest batches, and those of two more have come. */
  async caughtUp(): Promise<void> {
    const last = this.newest + 2;
    const receipted = (): number => this.ofOwner.of('receipted').at(-1)?.n ?? -1;
    await until('receipts are at the newest batches', () => receipted() >= Math.max(last, this.newest - 4), PATIENCE_MS);
  }

  /** Stops the PLC, then both modules, and reads what they left. */
  async end(): Promise<Ended> {
    this.#isOver = true;
    await this.#writing;
    await this.#plc.close();
    await this.plant.stop(this.#sender, 30_000);
    await this.plant.stop(this.#receiver);
    return {
      evidence: await OwnerEvidence.read(this.plant.ownerConfig(), this.plant.plant.channelId),
      reports: { owner: await this.plant.audit(this.plant.ownerFile), manufacturer: await this.plant.audit(this.plant.manufacturerFile) },
    };
  }

  /** For good. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.#writing.catch(() => undefined);
    await this.#network.stop();
    await this.plant.end();
  }

  async #write(): Promise<void> {
    for (let value = 0; !this.#isOver; value++) {
      const [answer] = await this.#plc.write([pieces(value)]);
      if (answer?.accepted === true) this.writes.accepted++;
      else {
        this.writes.refused++;
        this.writes.statuses.add(answer?.status ?? '');
      }
      await pause(WRITE_EVERY_MS);
    }
  }
}

function numbersOf({ what, fromBatch, toBatch }: EventOf<'dropped'>): number[] {
  return what === 'delivery' ? [] : Array.from({ length: toBatch - fromBatch + 1 }, (_, index) => fromBatch + index);
}

/** No side found anything that it should not have. */
export function requireNoSurprise({ ofOwner, ofManufacturer }: PartitionedPlant): void {
  assert.deepEqual([surprises(ofOwner), surprises(ofManufacturer)], [[], []]);
}

/** Every batch is there, proven, in both sides' audits, and nothing is found. */
export function requireAllProven({ evidence, reports }: Ended): void {
  for (const [side, report] of Object.entries(reports)) {
    assert.deepEqual([report.findings, report.passed], [[], true], side);
    assert.deepEqual(report.counts, { PROVEN: evidence.batches.length }, side);
  }
}
