import type { Envelope, Json } from '../core/index.ts';
import type { AnchorTokens, BlockReference } from '../evidence/index.ts';

/** What the anchor of a batch carries on the ledger. */
export interface AnchoredBatch {
  readonly header: Envelope;
  /** Empty where no token set was on the ledger. */
  readonly tokens: AnchorTokens;
}

/** A delivery that the owner put on the ledger. */
export interface DepositedBox {
  /** Encrypted to the receiver, base64url. */
  readonly box: string;
  /** For a proof that needs no ledger. May be UnavailableError: the ledger is away. */
  support(): Promise<DepositSupport>;
}

/** What shows that the owner deposited a box: its signed transaction and the genesis, or else the chain up to it. */
export interface DepositSupport {
  readonly transactions: readonly Envelope[];
  readonly genesis: readonly Json[];
  readonly blocks: readonly Json[];
}

/** What the ledger says of a channel. Each answer may be UnavailableError: the ledger is away. */
export interface AnchorView {
  /** Hash of the anchored header, or undefined where the batch is not anchored (yet). */
  anchoredHeader(n: number): Promise<string | undefined>;
  /** The anchor itself, or undefined where none was seen (yet). */
  anchored(n: number): Promise<AnchoredBatch | undefined>;
  /** What was deposited of a batch, or undefined where nothing was seen (yet). */
  deposited(n: number): Promise<DepositedBox | undefined>;
  /** The last block that was seen; known without the ledger. */
  lastBlock(): BlockReference;
  /** Hash of a block, or undefined where the ledger has none of this number (yet). */
  blockHash(number: number): Promise<string | undefined>;
}
