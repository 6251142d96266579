import * as v from 'valibot';
import { epochOf, FatalError, Hash, hasCode, parseShape } from '../core/index.ts';
import type { BlockInfo, Commit } from '../ledger/index.ts';
import type { SealedBatch } from '../store/index.ts';
import {
  AnchorOutbox,
  BatchSealer,
  CollectingChannel,
  type CutBatch,
  type GapReason,
  JournaledChannel,
  type OpenBatch,
  pause,
  replayJournal,
  SealingQueue,
  type TagReading,
} from '../transfer/index.ts';
import { ChannelGrid } from './channel-grid.ts';
import { ChannelReport } from './channel-report.ts';
import { ChannelShow } from './channel-show.ts';
import { DeliveryDesk } from './delivery-desk.ts';
import { LedgerOutage, waitingFor } from './ledger-outage.ts';
import type { SenderChannelPorts } from './sender-channel-ports.ts';
import { ShownHistory } from './shown-history.ts';

/** What everybody on the ledger sees of an anchor, as far as it is told here. */
const AnchorEventShape = v.object({ header: Hash, tokens: v.array(Hash), marks: v.array(v.string()) });

/** A stop waits for the open interval's end when it is this near. */
const FINISH_WITHIN_MS = 5000;

/**
 * One channel of the owner's module, from the accepted reading to the receipt: collects, cuts at the grid, seals, shows,
 * anchors, and takes receipts. Made from what store and journal hold; after a fault of either it is thrown away.
 */
export class SenderChannel {
  readonly #ports: SenderChannelPorts;
  readonly #collecting: JournaledChannel;
  readonly #sealing: SealingQueue;
  readonly #outbox: AnchorOutbox;
  readonly #grid: ChannelGrid;
  readonly #show: ChannelShow;
  readonly #report: ChannelReport;
  readonly #outage: LedgerOutage;
  /** Does what the journal tells to do again. */
  readonly #replay: () => void;
  readonly desk: DeliveryDesk;
  /** What the cleared server has shown. */
  readonly history: ShownHistory;
  #isOver = false;

  /** @throws FatalError `JOURNAL_DAMAGED` */
  constructor(ports: SenderChannelPorts) {
    const { agreement, terms, store, secrets, clock, evidenceKey, argon2, listener, trace, display } = ports;
    const progress = store.progress();
    if (progress === undefined) throw new RangeError('The store has no progress: begin it first.');
    this.#ports = ports;
    this.#report = new ChannelReport(listener);
    this.#outage = new LedgerOutage({ clock, listener, waiting: () => waitingFor(store, clock.now()) });
    this.history = new ShownHistory(store, terms.params, clock);
    this.#show = new ChannelShow({ agreement, params: terms.params, store, clock, display, listener, trace, history: this.history });
    this.desk = new DeliveryDesk({ store, terms, clock, listener, trace, changed: (n) => this.#changed(n), forged: ports.forged });
    const collecting = new CollectingChannel(terms, secrets, ports.policy, ports.tagDepth, progress);
    this.#collecting = new JournaledChannel({
      collecting,
      journal: ports.journal,
      isUnwritten: (tag) => ports.isUnwritten(tag),
      fault: (error) => this.#failed(error),
    });
    const sealingPorts = { argon2, evidenceKey, lastBlock: () => blockReference(ports.lastBlock()) };
    this.#sealing = new SealingQueue({
      params: terms.params,
      sealer: new BatchSealer(terms, secrets, sealingPorts),
      secrets,
      store,
      clock,
      listener: {
        sealed: (batch, cut, late) => this.#sealed(batch, cut, late),
        failed: (error) => this.#failed(error),
      },
    });
    this.#outbox = this.#makeOutbox();
    this.#grid = this.#makeGrid();
    this.#replay = () => this.#redo(collecting);
  }

  /** The batch that accepts readings now. */
  get open(): OpenBatch {
    return this.#collecting.open;
  }

  /** End of the open interval, ms since 1970. */
  get nextGridMs(): number {
    return this.#collecting.endMs;
  }

  /**
   * Does again what a crash left undone, marks what was missed, and goes on with the grid.
   * @param reason what the gap record says of an interval of which a part was missed
   */
  start(reason: GapReason): void {
    this.#replay();
    this.#grid.start(reason);
    this.#ports.secrets.buildAhead(epochOf(this.#ports.terms.params, this.#collecting.open.interval));
    this.#ports.cache.review();
    this.#outbox.start();
    this.#outage.start();
  }

  /**
   * Takes a reading for good. @returns resolves once it can't be lost by a crash, nothing where that needs no wait
   * @throws UnavailableError, RejectedError; the promise rejects likewise, and then the reading is taken or not
   */
  accept(reading: TagReading): Promise<void> | undefined {
    this.#ports.cache.requireRoom();
    try {
      return this.#collecting.accept(reading);
    } catch (error) {
      // One that can't be cleared for good ends the module: what follows would be cleared wrongly.
      if (error instanceof FatalError) this.#failed(error);
      throw error;
    }
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

  /** Ends the open interval at its grid point where that is near, and stops there: `ended`. Resolves once everything is sealed. */
  async finish(ended: () => void): Promise<void> {
    const { signal } = new AbortController();
    const { interval } = this.#collecting.open;
    const wait = this.#collecting.endMs - this.#ports.clock.now();
    if (wait <= FINISH_WITHIN_MS) {
      await pause(Math.max(0, wait), signal);
      while (!this.#isOver && this.#collecting.open.interval === interval) await pause(5, signal);
    }
    this.#grid.stop();
    ended();
    await this.#sealing.idle();
  }

  /** Writes down the open batch for the next start; no reading may be taken after it. */
  keep(): Promise<void> {
    return this.#collecting.keep();
  }

  /** Seals what is cut off, and ends. */
  async stop(): Promise<void> {
    this.#grid.stop();
    await this.#sealing.idle();
    await this.abandon();
  }

  /** Ends without sealing any more: what is not stored is found again by the next start. */
  async abandon(): Promise<void> {
    this.#isOver = true;
    this.#grid.stop();
    this.#sealing.abandon();
    this.#outage.stop();
    await this.#sealing.idle();
    await this.#outbox.stop();
  }

  #makeOutbox(): AnchorOutbox {
    const { store, ledger, clock, random, terms, trace } = this.#ports;
    return new AnchorOutbox({
      store,
      ledger,
      channel: terms.channelId,
      clock,
      random,
      listener: {
        step: (kind, n) => trace({ kind, n }),
        anchored: (n, commit) => this.#anchored(n, commit),
        refused: (n, error) => {
          this.#report.anchorRefused(n, error);
          this.#show.state(n);
          if (hasCode(error, 'NUMBER_TAKEN') || hasCode(error, 'INTERVAL_TAKEN')) this.#ports.forked(n);
        },
        ledgerUnavailable: (error) => this.#outage.fault(error),
        failed: (error) => this.#failed(error),
      },
      hasTokenSet: (interval) => this.#ports.epochRecords.hasTokenSet(interval),
      mayAnchor: (interval) => this.#ports.mayAnchor() && this.#ports.seeds.areCommitted(interval),
    });
  }

  #makeGrid(): ChannelGrid {
    const { terms, clock } = this.#ports;
    return new ChannelGrid({
      params: terms.params,
      clock,
      collecting: this.#collecting,
      isSuspended: () => this.#isSuspended(),
      beforeEnd: () => this.#ports.seeds.keepRoots(),
      seal: (cut) => this.#seal(cut),
      publish: (n, pointMs, codes, stored) => this.#publish(n, pointMs, codes, stored),
      missed: (cut) => this.#report.missed(cut),
      suspended: (n) => this.#report.suspended(n, terms.params.unreceiptedLimit),
      jumped: ({ byMs }) => this.#report.clockJumped(byMs),
      failed: (error) => this.#failed(error),
    });
  }

  #redo(collecting: CollectingChannel): void {
    const { nextBatch } = this.#ports.store.progress() ?? { nextBatch: 0 };
    const { cuts, lost, published } = replayJournal(collecting, this.#ports.entries);
    for (const n of lost) this.#report.readingsLost(n);
    if (this.#ports.isJournalLost) this.#journalLost();
    this.#show.again(nextBatch);
    this.#show.withinAgain(collecting.open, published);
    this.#erase(nextBatch);
    for (const cut of cuts) this.#sealing.add(cut);
  }

  #journalLost(): void {
    this.#collecting.noteGap('storage');
    this.#report.journalLost(this.#collecting.open.n);
  }

  #isSuspended(): boolean {
    const { store, terms } = this.#ports;
    return store.unreceipted() >= terms.params.unreceiptedLimit;
  }

  #seal(cut: CutBatch): void {
    this.#sealing.add(cut);
    if (cut.row === 0) void this.#planEpochs();
  }

  async #planEpochs(): Promise<void> {
    try {
      const k = await this.#ports.epochRecords.plan();
      if (k !== undefined) this.#ports.listener({ event: 'epoch-record', k, step: 'proposed' });
    } catch (error) {
      if (!hasCode(error, 'STOPPED') && !this.#isOver) this.#report.epochRecordFailed(error);
    }
  }

  #publish(n: number, pointMs: number, codes: readonly number[], stored: Promise<void>): void {
    stored.then(
      () => {
        if (!this.#isOver && this.#show.within(n, pointMs, codes)) this.#report.lateWithin(n);
      },
      () => undefined,
    );
  }

  #sealed(batch: SealedBatch, cut: CutBatch, late: boolean): void {
    const { listener, trace, cache } = this.#ports;
    const { n, interval, row } = batch;
    trace({ kind: 'sealed', n });
    const refused = cut.open.refused.reduce((sum, each) => sum + each, 0);
    listener({ event: 'sealed', n, interval, row, readings: cut.open.readings.length, refused });
    if (late && cut.gap !== 'missed') this.#report.late(n);
    this.#show.sealed(batch, cut);
    this.#erase(n + 1);
    cache.review();
    this.#outbox.wake();
  }

  /** What is sealed needs its journal no more. */
  #erase(below: number): void {
    this.#ports.journal.erase(below).catch((error: unknown) => this.#failed(error));
  }

  #anchored(n: number, commit: Commit): void {
    const { header, tokens, marks } = parseShape(AnchorEventShape, commit.event.body, 'anchor event');
    this.#ports.listener({ event: 'anchored', n, transaction: commit.txId, block: commit.block.number, marks, header, tokens });
    this.#outage.anchored();
    this.#show.state(n);
  }

  /** A batch got its receipt. */
  #changed(n: number): void {
    this.#ports.cache.left();
    this.#show.state(n);
  }

  #failed(error: unknown): void {
    if (!this.#isOver) this.#ports.failed(error);
  }
}

function blockReference({ number, hash }: BlockInfo): { number: number; hash: string } {
  return { number, hash };
}
