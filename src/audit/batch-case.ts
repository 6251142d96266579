import type { Agreement } from '../agreement/index.ts';
import { type Argon2, DcmbError } from '../core/index.ts';
import type { BatchStatement, BlockReference, Delivery, Opened } from '../evidence/index.ts';
import type { Anchored, ChannelLedger } from './channel-ledger.ts';
import type { BatchEvidence } from './export-format.ts';
import { type FindingCode, Findings, type Party } from './findings.ts';
import type { LedgerView } from './ledger-view.ts';
import { Judgement } from './verdict.ts';

/** What all batches of a channel are checked against. */
export interface ChannelContext {
  readonly view: LedgerView;
  readonly ledger: ChannelLedger;
  readonly agreement: Agreement;
  readonly argon2: Argon2;
}

/** What a verified delivery says. */
export interface VerifiedDelivery {
  readonly delivery: Opened<Delivery>;
  readonly statement: BatchStatement;
}

/** One batch on its way through the checks. */
export class BatchCase {
  readonly context: ChannelContext;
  readonly n: number;
  /** JSON pointer to the batch's entry in the export. */
  readonly pointer: string;
  readonly evidence: BatchEvidence | undefined;
  readonly judgement = new Judgement();
  readonly findings = new Findings();
  /** Hash of the delivery, as its own or the receiver's signature says. */
  deliveryHash: Uint8Array | undefined;
  verified: VerifiedDelivery | undefined;
  /** Part of the delivery that the export does not have. */
  lacking: 'delivery' | 'condition opening' | undefined;
  /** Blocks that the manufacturer's receipts name as seen, and where. */
  readonly receiptBlocks: (BlockReference & { readonly place: string })[] = [];

  constructor(context: ChannelContext, n: number, pointer: string, evidence: BatchEvidence | undefined) {
    this.context = context;
    this.n = n;
    this.pointer = pointer;
    this.evidence = evidence;
  }

  get anchored(): Anchored | undefined {
    return this.context.ledger.anchors.get(this.n);
  }

  /**
   * Where the chain is broken: what is absent may stand in the part that does not count, so it is lacking and blames nobody.
   * @returns false where the chain is whole
   */
  lacksLedger(): boolean {
    const { brokenAt } = this.context.view;
    if (brokenAt !== undefined) this.judgement.lacks(`ledger from block ${brokenAt} on`);
    return brokenAt !== undefined;
  }

  /** @param part of the batch, in words: `receipt` */
  find(code: FindingCode, party: Party, part: string, place: string, message: string): void {
    this.findings.add({ code, object: `batch ${this.n}, ${part}`, place, message, party, n: this.n });
  }

  /** Notes a finding that contradicts what was signed. */
  dispute(code: FindingCode, party: Party, part: string, place: string, message: string): void {
    this.find(code, party, part, place, message);
    this.judgement.disputed(party);
  }
}

/** The message of the refusal that a check throws, or `undefined` where it passes. Anything else is a fault of ours and goes on. */
export function faultOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** @throws what is no refusal */
export function messageOf(error: unknown): string {
  if (error instanceof DcmbError) return error.message;
  throw error;
}
