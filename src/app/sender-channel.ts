import * as v from 'valibot';
import type { Agreement } from '../agreement/index.ts';
import {
  type Argon2,
  type Clock,
  Hash,
  type Json,
  parseEnvelope,
  parseShape,
  RejectedError,
  type Signer,
  toBase64Url,
} from '../core/index.ts';
import { openReceipt } from '../evidence/index.ts';
import type { BlockInfo, Commit, Ledger } from '../ledger/index.ts';
import type { MappingPolicy } from '../policy/index.ts';
import type { ClearedPublication } from '../server/index.ts';
import type { SealedBatch, SenderStore, StoredBatch } from '../store/index.ts';
import {
  AnchorOutbox,
  type ChannelTerms,
  CollectingChannel,
  type CutBatch,
  type EpochRecords,
  type EpochSecrets,
  GridClock,
  type OpenBatch,
  SealingQueue,
  type TagReading,
  type TransferErrorCode,
} from '../transfer/index.ts';
import { conditionsSeen } from './conditions-seen.ts';
import type { ModuleListener } from './events.ts';

export interface SenderChannelPorts {
  readonly agreement: Agreement;
  readonly terms: ChannelTerms;
  readonly policy: MappingPolicy;
  readonly tagDepth: number;
  readonly store: SenderStore;
  readonly secrets: EpochSecrets;
  readonly epochRecords: EpochRecords;
  readonly ledger: Ledger;
  readonly evidenceKey: Signer;
  readonly argon2: Argon2;
  readonly clock: Clock;
  lastBlock(): BlockInfo;
  readonly listener: ModuleListener;
}

/** What the channel shows to the outside: to the cleared server, and to the operators' view. */
export interface ChannelDisplay {
  publish(publications: readonly ClearedPublication[]): void;
  batchState(batch: StoredBatch, gridMs: number): void;
}

/** What everybody on the ledger sees of an anchor, as far as it is told here. */
const AnchorEventShape = v.object({ header: Hash, tokens: v.array(Hash), marks: v.array(v.string()) });

/** More than this behind the grid, and the intervals between count as missed. */
const MISSED_AFTER_MS = 10_000;

/**
 * One channel of the owner's module, from the accepted reading to the receipt: collects, cuts at the grid, seals, shows,
 * anchors, and takes receipts.
 */
export class SenderChannel {
  readonly #ports: SenderChannelPorts;
  readonly #collecting: CollectingChannel;
  readonly #sealing: SealingQueue;
  readonly #outbox: AnchorOutbox;
  readonly #grid: GridClock;
  readonly #display: ChannelDisplay;

  constructor(ports: SenderChannelPorts, display: ChannelDisplay) {
    const { terms, store, secrets, clock, ledger, evidenceKey, argon2 } = ports;
    const progress = store.progress();
    if (progress === undefined) throw new RangeError('The store has no progress: begin it first.');
    this.#ports = ports;
    this.#display = display;
    this.#collecting = new CollectingChannel(terms, secrets, ports.policy, ports.tagDepth, progress);
    const sealingPorts = { argon2, evidenceKey, lastBlock: () => blockReference(ports.lastBlock()) };
    this.#sealing = new SealingQueue(terms, secrets, sealingPorts, store, clock, {
      sealed: (batch, cut, late) => this.#sealed(batch, cut, late),
      failed: (error) => this.#warn('SEALING_FAILED', error),
    });
    this.#outbox = new AnchorOutbox(store, ledger, clock, (interval) => ports.epochRecords.hasTokenSet(interval), {
      anchored: (n, commit) => this.#anchored(n, commit),
      refused: (n, error) => this.#finding(n, 'ANCHOR_REFUSED', messageOf(error)),
      ledgerUnavailable: (error) => this.#warn('LEDGER_UNAVAILABLE', error),
    });
    const step = greatestCommonDivisor(terms.params.callGridMs, terms.params.intervalMs / terms.params.publications);
    this.#grid = new GridClock(
      clock,
      step,
      clock.now(),
      (point) => this.#tick(point),
      ({ byMs }) => ports.listener({ event: 'warning', code: 'CLOCK_JUMPED', message: `The clock moved by ${byMs} ms against the monotonic one. No grid point is repeated or skipped.` }),
    );
  }

  /** The batch that accepts readings now. */
  get open(): OpenBatch {
    return this.#collecting.open;
  }

  /** End of the open interval, ms since 1970. */
  get nextGridMs(): number {
    return this.#collecting.endMs;
  }

  /** Seals what a stop or crash left open, marks what was missed, and goes on with the grid. */
  start(): void {
    this.#catchUp(this.#ports.clock.now(), true);
    this.#outbox.start();
    this.#grid.start();
  }

  accept(reading: TagReading): void {
    this.#collecting.accept(reading);
  }

  refuse(tag: string): void {
    this.#collecting.refuse(tag);
  }

  /** @returns number of the batch that will be sealed at the next point of the call grid */
  requestCall(): number {
    return this.#collecting.requestCall();
  }

  /** The delivery package of a batch from its publication on. */
  delivery(n: number): Json | undefined {
    const batch = this.#publishedBatch(n);
    if (batch === undefined) return undefined;
    if (batch.deliveryState === 'Waiting') {
      this.#ports.store.setDelivered(n);
      this.#ports.listener({ event: 'delivered', n });
    }
    return batch.deliveryPackage;
  }

  /** Header and where it stands on the ledger. */
  evidence(n: number): Json | undefined {
    const batch = this.#publishedBatch(n);
    if (batch === undefined) return undefined;
    const { header, headerHash, ledgerState, deliveryState, transactionId } = batch;
    return { n, header, headerHash, ledgerState, deliveryState, transactionId } as unknown as Json;
  }

  /**
   * Takes a receipt for good. The same one twice does no harm.
   * @throws RejectedError `BAD_RECEIPT`, or those of form and signature
   */
  acknowledge(value: unknown): void {
    const { terms, store } = this.#ports;
    const envelope = parseEnvelope(value);
    const { value: receipt } = openReceipt(envelope, terms.receiverKey);
    const batch = this.#publishedBatch(receipt.n);
    const fits =
      batch !== undefined &&
      receipt.channel === toBase64Url(terms.channelId) &&
      receipt.header === batch.headerHash &&
      receipt.delivery === batch.deliveryHash;
    if (!fits) throw new RejectedError<TransferErrorCode>('BAD_RECEIPT', `The receipt for batch ${receipt.n} is not for what was delivered.`);
    if (batch.receipt !== undefined) return;
    store.setReceipted(receipt.n, envelope);
    this.#ports.listener({ event: 'receipted', n: receipt.n });
    this.#show(receipt.n);
  }

  /** Ends the open interval at its grid point and stops there. Resolves once everything is sealed. */
  async finish(): Promise<void> {
    const wait = this.#collecting.endMs - this.#ports.clock.now();
    const current = this.#collecting.open.interval;
    await new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, wait)));
    while (this.#collecting.open.interval === current) await new Promise<void>((resolve) => setTimeout(resolve, 5));
    this.#grid.stop();
    await this.#sealing.idle();
  }

  async stop(): Promise<void> {
    this.#grid.stop();
    await this.#sealing.idle();
    await this.#outbox.stop();
  }

  #tick(pointMs: number): void {
    const { params } = this.#ports.terms;
    if (this.#ports.clock.now() - pointMs > Math.max(MISSED_AFTER_MS, 2 * params.intervalMs)) {
      if (pointMs >= this.#collecting.endMs) this.#catchUp(this.#ports.clock.now(), false);
      return;
    }
    if (pointMs < this.#collecting.open.fromMs) return;
    if (pointMs >= this.#collecting.endMs) return this.#cutInterval();
    if ((pointMs - params.originMs) % (params.intervalMs / params.publications) === 0 && pointMs > this.#collecting.open.fromMs) this.#publish(pointMs);
    if (this.#collecting.isCallDue(pointMs)) this.#sealing.add(this.#collecting.cutCall(pointMs));
  }

  #cutInterval(): void {
    const { store, terms } = this.#ports;
    const suspended = store.unreceipted() >= terms.params.unreceiptedLimit;
    if (suspended) this.#finding(this.#collecting.open.n, 'SUSPENDED', `${terms.params.unreceiptedLimit} batches have no receipt: clearing is suspended until the receiver is back.`);
    this.#sealing.add(this.#collecting.cutInterval(suspended));
    void this.#planEpochs();
  }

  /** @param down the module was not running: nothing of the open interval was collected since its last seal */
  #catchUp(nowMs: number, down: boolean): void {
    if (!down && this.#collecting.endMs <= nowMs) this.#cutInterval();
    while (this.#collecting.endMs <= nowMs) {
      const cut = this.#collecting.cutMissed(nowMs);
      this.#finding(cut.open.n, 'MISSED', `Intervals ${cut.open.interval} to ${cut.through} were missed: the module did not run.`);
      this.#sealing.add(cut);
    }
  }

  async #planEpochs(): Promise<void> {
    try {
      const k = await this.#ports.epochRecords.plan();
      if (k !== undefined) this.#ports.listener({ event: 'epoch-record', k, step: 'proposed' });
    } catch (error) {
      this.#warn('EPOCH_RECORD_FAILED', error);
    }
  }

  #publish(pointMs: number): void {
    const codes = this.#collecting.publish(pointMs);
    this.#display.publish(this.#publications(codes, pointMs, this.#collecting.open.n, pointMs + this.#ports.terms.params.publishDelayMs));
  }

  #sealed(batch: SealedBatch, cut: CutBatch, late: boolean): void {
    const { listener, agreement } = this.#ports;
    const count = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0);
    const readings = count(cut.open.readings.map((ofTag) => ofTag.length));
    listener({ event: 'sealed', n: batch.n, interval: batch.interval, row: batch.row, readings, refused: count(cut.open.refused) });
    if (late) this.#finding(batch.n, 'LATE_PUBLICATION', `Batch ${batch.n} was not ready at its publication time and waits for the next grid point.`);
    if (batch.row === 0) {
      listener({ event: 'cleared', n: batch.n, interval: batch.interval, conditions: conditionsSeen(agreement, batch.codes) });
      this.#display.publish(this.#publications(batch.codes, cut.toMs, batch.n, batch.publishAtMs));
    }
    this.#show(batch.n);
    this.#outbox.wake();
  }

  #publications(codes: readonly number[], gridMs: number, batch: number, publishAtMs: number): ClearedPublication[] {
    const { params } = this.#ports.terms;
    const nextMs = gridMs + params.intervalMs / params.publications + params.publishDelayMs;
    return codes.map((code, stream) => ({ stream, code, gridMs, nextMs, batch, publishAtMs }));
  }

  #anchored(n: number, commit: Commit): void {
    const { header, tokens, marks } = parseShape(AnchorEventShape, commit.event.body, 'anchor event');
    this.#ports.listener({ event: 'anchored', n, transaction: commit.txId, block: commit.block.number, marks, header, tokens });
    this.#show(n);
  }

  #show(n: number): void {
    const batch = this.#ports.store.batch(n);
    if (batch !== undefined) this.#display.batchState(batch, batch.publishAtMs - this.#ports.terms.params.publishDelayMs);
  }

  #publishedBatch(n: number): StoredBatch | undefined {
    const batch = this.#ports.store.batch(n);
    return batch !== undefined && batch.publishAtMs <= this.#ports.clock.now() ? batch : undefined;
  }

  #finding(n: number, code: string, message: string): void {
    this.#ports.listener({ event: 'finding', n, code, message });
  }

  #warn(code: string, error: unknown): void {
    this.#ports.listener({ event: 'warning', code, message: messageOf(error) });
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function blockReference({ number, hash }: BlockInfo): { number: number; hash: string } {
  return { number, hash };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
