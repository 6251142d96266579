import assert from 'node:assert/strict';
import { loadAgreement } from '../../src/app/agreement-file.ts';
import type { AuditReport, OwnerConfig } from '../../src/app/index.ts';
import { fromBase64Url, toBase64Url } from '../../src/core/index.ts';
import { type BatchHeader, type DeliveryPackage, type Opened, openHeader, verifyConditionOpening } from '../../src/evidence/index.ts';
import { loadStoreKey } from '../../src/platform/index.ts';
import { type Drop, SenderStore, type StoredBatch } from '../../src/store/index.ts';
import type { ChannelTerms } from '../../src/transfer/index.ts';

/** A gap record that says something. */
export interface Gap {
  readonly n: number;
  readonly reason: string;
  readonly fromBatch: number;
  readonly toBatch: number;
}

/** Readings of the first tag that a batch still has. */
interface Kept {
  readonly firstSeq: number;
  readonly count: number;
}

/** What the store of a stopped owner's module holds, compared with itself. */
export class OwnerEvidence {
  readonly batches: readonly StoredBatch[];
  readonly drops: readonly Drop[];
  /** Batches that can still be opened, with their readings of the first tag. */
  readonly openable: ReadonlyMap<number, Kept>;
  /** In order of the batches that hold them. Expired batches took theirs along. */
  readonly gaps: readonly Gap[];
  /** Next sequence number of the first tag: so many readings were taken. */
  readonly taken: number;
  readonly #headers: readonly Opened<BatchHeader>[];

  private constructor(store: SenderStore, terms: ChannelTerms) {
    this.batches = store.batches(0, Number.MAX_SAFE_INTEGER);
    this.drops = store.drops();
    this.taken = store.progress()?.sequences[0] ?? 0;
    this.#headers = this.batches.map(({ header }) => openHeader(header, terms.ownerKey));
    this.openable = new Map(
      this.batches.flatMap(({ n }) => {
        const opening = store.opening(n);
        return opening === undefined ? [] : [[n, keptIn(opening.payload)]];
      }),
    );
    this.gaps = this.batches.flatMap((batch, index) => gapOf(terms, batch, this.#headers[index]!.value));
  }

  static async read(config: OwnerConfig, channelId: string): Promise<OwnerEvidence> {
    const [own] = config.channels;
    const store = new SenderStore(own.store, channelId, await loadStoreKey(config.keys.store));
    try {
      return new OwnerEvidence(store, loadAgreement(own.agreement).terms);
    } finally {
      store.close();
    }
  }

  /** Numbers, intervals and previous hashes of all headers follow each other, and all are anchored. */
  requireChain(): void {
    this.#headers.forEach(({ value }, index) => {
      assert.equal(value.n, index);
      const before = this.#headers[index - 1];
      if (before === undefined) return;
      assert.equal(value.prev, toBase64Url(before.hash), `header ${index} names the one before`);
      assert.equal(value.interval, before.value.through + 1, `interval of batch ${index}`);
    });
    assert.deepEqual([...new Set(this.batches.map(({ ledgerState }) => ledgerState))], ['Anchored']);
  }

  /** Sequence numbers go on without a gap: whatever was dropped, the numbers of its readings are not used again. */
  requireSequences(): void {
    let next: number | undefined = 0;
    for (const { n } of this.batches) {
      const kept = this.openable.get(n);
      if (kept !== undefined && next !== undefined) assert.equal(kept.firstSeq, next, `first reading of batch ${n}`);
      if (kept !== undefined) next = kept.firstSeq + kept.count;
      else next = undefined;
    }
    if (next !== undefined) assert.equal(this.taken, next);
  }

  /** Numbers of the batches of which this was dropped, ascending. */
  dropped(what: Drop['what']): number[] {
    return this.drops.filter((drop) => drop.what === what).map(({ n }) => n);
  }

  /** The gap records name what was dropped, each batch, and nothing else; so do both audits. */
  requireGapsAreDrops(...reports: readonly AuditReport[]): void {
    const lost = [...new Set(this.drops.map(({ n }) => n))];
    const dropped = this.gaps.filter(({ reason }) => reason === 'dropped');
    assert.deepEqual(numbersIn(dropped), lost);
    // A slow machine may begin within its first interval.
    const others = this.gaps.filter(({ reason }) => reason !== 'dropped');
    assert.ok(
      others.every(({ n, reason }) => n === 0 && reason === 'missed'),
      JSON.stringify(others),
    );
    for (const { n, what, saidIn } of this.drops) {
      const gap = this.gaps.find((each) => each.n === saidIn);
      if (this.batches[saidIn ?? -1]?.deliveryState === 'Expired') continue;
      assert.ok(gap !== undefined && gap.fromBatch <= n && n <= gap.toBatch, `the ${what} of batch ${n}, said in ${String(saidIn)}`);
      assert.ok(gap.n > n);
    }
    for (const report of reports) {
      const said = report.channels[0]?.gaps.map(({ n, reason, lost }) => ({ n, reason, fromBatch: 0, toBatch: 0, ...lost }));
      assert.deepEqual(said, this.gaps);
    }
  }

  statesOf(from: number, to: number): string[] {
    return this.batches.slice(from, to + 1).map(({ deliveryState }) => deliveryState);
  }
}

function keptIn(payload: string): Kept {
  const { firstSequences, kept } = JSON.parse(payload) as { firstSequences: number[]; kept: string };
  const { readings } = JSON.parse(kept) as { readings: [number, ...unknown[]][] };
  return { firstSeq: firstSequences[0]!, count: readings.filter(([tag]) => tag === 0).length };
}

function gapOf(terms: ChannelTerms, { n, deliveryPackage, deliveryState }: StoredBatch, header: BatchHeader): Gap[] {
  if (deliveryState === 'Expired') return [];
  const { conditions } = deliveryPackage as unknown as DeliveryPackage;
  const { gap } = verifyConditionOpening(terms.params, n, fromBase64Url(header.root), conditions);
  return gap.reason === 'none' ? [] : [{ n, reason: gap.reason, fromBatch: gap.fromBatch, toBatch: gap.toBatch }];
}

/** All numbers that the records name, ascending. */
function numbersIn(gaps: readonly Gap[]): number[] {
  const numbers = gaps.flatMap(({ fromBatch, toBatch }) =>
    Array.from({ length: toBatch - fromBatch + 1 }, (_, index) => fromBatch + index),
  );
  return [...new Set(numbers)].sort((a, b) => a - b);
}
