import * as v from 'valibot';
import type { Agreement } from '../agreement/index.ts';
import { type Argon2, type Clock, epochOf, Hash, hasCode, parseShape, type Random, type Signer } from '../core/index.ts';
import type { BlockInfo, Commit, Ledger } from '../ledger/index.ts';
import type { MappingPolicy } from '../policy/index.ts';
import type { ClearedPublication } from '../server/index.ts';
import type { SealedBatch, SenderStore, StoredBatch } from '../store/index.ts';
import {
  AnchorOutbox,
  BatchSealer,
  type ChannelTerms,
  CollectingChannel,
  type CutBatch,
  type EpochRecords,
  type EpochSecrets,
  GridClock,
  gridStep,
  type OpenBatch,
  pause,
  SealingQueue,
  type TagReading,
} from '../transfer/index.ts';
import { conditionsSeen } from './conditions-seen.ts';
import { DeliveryDesk } from './delivery-desk.ts';
import type { ModuleListener } from './events.ts';
import { messageOf } from './message-of.ts';
import { OpenBatchKeeper } from './open-batch-keeper.ts';
import type { SeedCommitments } from './seed-commitments.ts';

export interface SenderChannelPorts {
  readonly agreement: Agreement;
  readonly terms: ChannelTerms;
  readonly policy: MappingPolicy;
  readonly tagDepth: number;
  readonly store: SenderStore;
  readonly secrets: EpochSecrets;
  readonly epochRecords: EpochRecords;
  readonly seeds: SeedCommitments;
  readonly ledger: Ledger;
  readonly evidenceKey: Signer;
  readonly argon2: Argon2;
  readonly clock: Clock;
  readonly random: Random;
  lastBlock(): BlockInfo;
  readonly listener: ModuleListener;
}

/** What the channel shows to the outside: to the cleared server, and to the operators' view. */
export interface ChannelDisplay {
  publish(publications: readonly ClearedPublication[]): void;
  batchState(batch: StoredBatch, gridMs: number): void;
  /** Nothing can be sealed any more. */
  failed(error: unknown): void;
}

/** What everybody on the ledger sees of an anchor, as far as it is told here. */
const AnchorEventShape = v.object({ header: Hash, tokens: v.array(Hash), marks: v.array(v.string()) });

/** A stop waits for the open interval's end when it is this near. */
const FINISH_WITHIN_MS = 5000;

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
  readonly #keeper: OpenBatchKeeper;
  readonly desk: DeliveryDesk;
  constructor(ports: SenderChannelPorts, display: ChannelDisplay) {
    const { terms, store, secrets, clock, ledger, evidenceKey, argon2 } = ports;
    const progress = store.progress();
    if (progress === undefined) throw new RangeError('The store has no progress: begin it first.');
    this.#ports = ports;
    this.#display = display;
    this.desk = new DeliveryDesk({ store, terms, clock, listener: ports.listener, changed: (n) => this.#show(n) });
    this.#collecting = new CollectingChannel(terms, secrets, ports.policy, ports.tagDepth, progress);
    this.#keeper = new OpenBatchKeeper(store, this.#collecting);
    const sealingPorts = { argon2, evidenceKey, lastBlock: () => blockReference(ports.lastBlock()) };
    const listener = {
      sealed: (batch: SealedBatch, cut: CutBatch, late: boolean) => this.#sealed(batch, cut, late),
      failed: (error: unknown) => display.failed(error),
    };
    const sealer = new BatchSealer(terms, secrets, sealingPorts);
    this.#sealing = new SealingQueue({ params: terms.params, sealer, secrets, store, clock, listener });
    const anchorListener = {
      anchored: (n: number, commit: Commit) => this.#anchored(n, commit),
      refused: (n: number, error: unknown) => this.#finding(n, 'ANCHOR_REFUSED', messageOf(error)),
      ledgerUnavailable: (error: Error) => this.#warn('LEDGER_UNAVAILABLE', error),
      failed: (error: unknown) => display.failed(error),
    };
    this.#outbox = new AnchorOutbox({
      store,
      ledger,
      clock,
      random: ports.random,
      listener: anchorListener,
      hasTokenSet: (interval) => ports.epochRecords.hasTokenSet(interval),
      areSeedsCommitted: (interval) => ports.seeds.areCommitted(interval),
    });
    this.#grid = new GridClock({
      clock,
      stepMs: gridStep(terms.params),
      fromMs: clock.now(),
      listener: (point) => this.#tick(point),
      onJump: ({ byMs }) =>
        ports.listener({
          event: 'warning',
          code: 'CLOCK_JUMPED',
          message: `The clock moved by ${byMs} ms against the monotonic one. No grid point is repeated or skipped.`,
        }),
    });
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
    const { n } = this.#collecting.open;
    const { resumed, lost } = this.#keeper.resume();
    if (lost)
      this.#finding(
        n,
        'READINGS_LOST',
        `The module ended without warning: accepted readings of batch ${n} may be missing. Its gap record says so.`,
      );
    this.#catchUp(this.#ports.clock.now(), !resumed);
    this.#ports.secrets.buildAhead(epochOf(this.#ports.terms.params, this.#collecting.open.interval));
    this.#outbox.start();
    this.#grid.start();
  }

  accept(reading: TagReading): void {
    this.#keeper.taking();
    this.#collecting.accept(reading);
  }

  /** Readings of a PLC may be missing; the batch says so. */
  noteGap(): void {
    this.#collecting.noteGap('connection');
  }

  refuse(tag: string): void {
    this.#collecting.refuse(tag);
  }

  /** @returns number of the batch that will be sealed at the next point of the call grid */
  requestCall(): number {
    return this.#collecting.requestCall();
  }

  /** Ends the open interval at its grid point where that is near, and stops there. Resolves once everything is sealed. */
  async finish(): Promise<void> {
    const { signal } = new AbortController();
    const { interval } = this.#collecting.open;
    const wait = this.#collecting.endMs - this.#ports.clock.now();
    if (wait <= FINISH_WITHIN_MS) {
      await pause(Math.max(0, wait), signal);
      while (this.#collecting.open.interval === interval) await pause(5, signal);
    }
    this.#grid.stop();
    await this.#sealing.idle();
  }

  /** Stores the open batch's readings for the next start. */
  keepOpenReadings(): void {
    this.#keeper.keep();
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
    if ((pointMs - params.originMs) % (params.intervalMs / params.publications) === 0 && pointMs > this.#collecting.open.fromMs)
      this.#publish(pointMs);
    if (this.#collecting.isCallDue(pointMs)) this.#sealing.add(this.#collecting.cutCall(pointMs));
  }

  #cutInterval(): void {
    this.#ports.seeds.keepRoots();
    const { store, terms } = this.#ports;
    const suspended = store.unreceipted() >= terms.params.unreceiptedLimit;
    if (suspended)
      this.#finding(
        this.#collecting.open.n,
        'SUSPENDED',
        `${terms.params.unreceiptedLimit} batches have no receipt: clearing is suspended until the receiver is back.`,
      );
    this.#sealing.add(this.#collecting.cutInterval(suspended));
    void this.#planEpochs();
  }

  /** @param down the module was not running: nothing of the open interval was collected since its last seal */
  #catchUp(nowMs: number, down: boolean): void {
    if (this.#collecting.endMs <= nowMs) this.#ports.seeds.keepRoots();
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
      if (!hasCode(error, 'STOPPED')) this.#warn('EPOCH_RECORD_FAILED', error);
    }
  }

  #publish(pointMs: number): void {
    const suspended = this.#ports.store.unreceipted() >= this.#ports.terms.params.unreceiptedLimit;
    const codes = this.#collecting.publish(pointMs, suspended);
    this.#display.publish(this.#publications(codes, pointMs, this.#collecting.open.n, pointMs + this.#ports.terms.params.publishDelayMs));
  }

  #sealed(batch: SealedBatch, cut: CutBatch, late: boolean): void {
    const { listener, agreement } = this.#ports;
    const count = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0);
    listener({
      event: 'sealed',
      n: batch.n,
      interval: batch.interval,
      row: batch.row,
      readings: cut.open.readings.length,
      refused: count(cut.open.refused),
    });
    if (late && cut.gap !== 'missed')
      this.#finding(
        batch.n,
        'LATE_PUBLICATION',
        `Batch ${batch.n} was not ready at its publication time and waits for the next grid point.`,
      );
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

  #finding(n: number, code: string, message: string): void {
    this.#ports.listener({ event: 'finding', n, code, message });
  }

  #warn(code: string, error: unknown): void {
    this.#ports.listener({ event: 'warning', code, message: messageOf(error) });
  }
}

function blockReference({ number, hash }: BlockInfo): { number: number; hash: string } {
  return { number, hash };
}
