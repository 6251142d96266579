import type { Agreement } from '../agreement/index.ts';
import type { Argon2, Clock, Envelope, Random, Signer } from '../core/index.ts';
import type { BlockInfo, Ledger } from '../ledger/index.ts';
import type { MappingPolicy } from '../policy/index.ts';
import type { SenderStore, StoredBatch } from '../store/index.ts';
import type { BatchJournal, ChannelTerms, EpochRecords, EpochSecrets, JournalEntry } from '../transfer/index.ts';
import type { ChannelDisplay } from './channel-show.ts';
import type { ModuleListener } from './events.ts';
import type { SeedCommitments } from './seed-commitments.ts';
import type { Trace } from './trace.ts';

/** What holds back a channel whose batches nobody takes. */
export interface ChannelCache {
  /** @throws UnavailableError where no reading may be taken now */
  requireRoom(): void;
  /** At the start, and whenever a batch was sealed. */
  review(): void;
  /** A batch was receipted. */
  left(): void;
}

export interface SenderChannelPorts {
  readonly agreement: Agreement;
  readonly terms: ChannelTerms;
  readonly policy: MappingPolicy;
  readonly tagDepth: number;
  readonly store: SenderStore;
  readonly journal: BatchJournal;
  /** What the journal holds at the start. */
  readonly entries: readonly JournalEntry[];
  /** The journal is new, though the store is not. */
  readonly isJournalLost: boolean;
  readonly cache: ChannelCache;
  readonly secrets: EpochSecrets;
  readonly epochRecords: EpochRecords;
  readonly seeds: SeedCommitments;
  readonly ledger: Ledger;
  readonly evidenceKey: Signer;
  readonly argon2: Argon2;
  readonly clock: Clock;
  readonly random: Random;
  readonly listener: ModuleListener;
  readonly trace: Trace;
  readonly display: ChannelDisplay;
  lastBlock(): BlockInfo;
  /** True once the ledger may be given anchors of this store. */
  mayAnchor(): boolean;
  /** True for a tag whose readings stand in memory alone until the seal. */
  isUnwritten(tag: string): boolean;
  /** The manufacturer signed a receipt for something else than it was given under that number. */
  readonly forged: (batch: StoredBatch, receipt: Envelope) => void;
  /** The ledger has another header of this owner's under the number of a batch, or its interval: nothing more may be signed. */
  readonly forked: (n: number) => void;
  /** The channel can't go on. Told once or several times. */
  failed(error: unknown): void;
}
