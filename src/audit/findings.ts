/**
 * Who is answerable for what a finding shows. `owner` and `manufacturer` only where something signed by that party's key
 * convicts it; `exporter` where the file itself is wrong, for nothing in it is signed by whoever wrote it; `ledger` where
 * what an orderer has signed, or a block that somebody has signed to have seen, is contradicted; `undecided` where two signatures contradict and the export does not say
 * which of the two was wrong.
 */
export type Party = 'owner' | 'manufacturer' | 'exporter' | 'ledger' | 'undecided';

export type FindingCode =
  /** The digest over the file does not fit: changed after it was written. */
  | 'DIGEST_MISMATCH'
  /** The file's list of contents does not fit. */
  | 'CONTENTS_MISMATCH'
  /** The blocks do not form a ledger, or not the expected one. */
  | 'BAD_LEDGER'
  | 'FOREIGN_LEDGER'
  /** A member's certificate authorities changed after the first block, so its id on the ledger no longer fixes who acts for it. */
  | 'MEMBER_CHANGED'
  /** The chain does not contain a block that somebody has signed to have seen, or that the auditor knows. */
  | 'BLOCK_NOT_SEEN'
  | 'BLOCK_CONTRADICTED'
  /** A block is older than what is anchored in it. */
  | 'BLOCK_TIME'
  /** The agreement does not hold, or is not the one that the channel was opened with. */
  | 'BAD_AGREEMENT'
  | 'AGREEMENT_NOT_COMMITTED'
  | 'AGREEMENT_MISMATCH'
  | 'OUTSIDE_AGREEMENT'
  /** The export has no channel, or a channel twice. */
  | 'NO_CHANNEL'
  | 'CHANNEL_TWICE'
  | 'NO_BATCH'
  /** An object in the export that belongs to nothing on the ledger. */
  | 'ORPHAN'
  | 'ENTRY_OUT_OF_ORDER'
  /** A number or an interval without a batch. */
  | 'NUMBER_MISSING'
  | 'INTERVAL_MISSING'
  /** An interval was called overdue before it was, or although it was not owed. */
  | 'FALSE_OVERDUE'
  | 'BROKEN_CHAIN'
  | 'BAD_HEADER'
  | 'LATE'
  | 'NO_TOKENS'
  | 'UNCERTIFIED'
  | 'DELIVERY_MISSING'
  | 'BAD_DELIVERY'
  | 'BAD_OPENING'
  | 'BAD_RECORDS'
  | 'WRONG_TOKEN'
  | 'WRONG_H'
  | 'WRONG_BATCH_KEY'
  | 'BATCH_KEY_UNPROVEN'
  | 'BAD_RECEIPT'
  | 'RECEIPT_MISSING'
  | 'BAD_DEPOSIT'
  | 'DISPUTED'
  | 'BAD_EPOCH_RECORD'
  /** A proposed epoch record that the manufacturer does not sign, and says so. */
  | 'PROPOSAL_OBJECTED'
  | 'SEEDS_NOT_COMMITTED';

/** One thing that is not as it has to be. */
export interface Finding {
  readonly code: FindingCode;
  /** The object in words: `batch 7, receipt`. */
  readonly object: string;
  /** JSON pointer (RFC 6901) into the export. */
  readonly place: string;
  readonly message: string;
  readonly party: Party;
  /** Batch number, where it is about one. */
  readonly n?: number;
}

/** Collects findings and tallies the checks that were made, so that a report says what it rests on. */
export class Findings {
  readonly #list: Finding[] = [];
  readonly #checks = new Map<Check, number>();

  add(finding: Finding): void {
    this.#list.push(finding);
  }

  /** Takes over what another collection found and checked. */
  append(other: Findings): void {
    this.#list.push(...other.#list);
    for (const [check, times] of other.#checks) this.checked(check, times);
  }

  /** Notes that a check was made, whatever came out. */
  checked(check: Check, times = 1): void {
    this.#checks.set(check, (this.#checks.get(check) ?? 0) + times);
  }

  get list(): readonly Finding[] {
    return this.#list;
  }

  get checks(): Readonly<Partial<Record<Check, number>>> {
    return Object.fromEntries(this.#checks);
  }
}

/** What is checked, with the words in which a report counts it. */
export const CHECKS = {
  blocks: 'blocks chained by hash',
  transactions: 'transactions replayed through the contract, signatures included',
  orderers: 'blocks signed by an orderer of the Fabric channel, by certificates that lead to block 0',
  endorsements: 'transactions valid in their blocks and endorsed by at least 2 members, by certificates that lead to block 0',
  passedOver: 'transactions of other kinds passed over: configurations, other chaincodes, invalid ones',
  blockReferences: 'references to blocks compared with the chain',
  agreements: 'agreements opened against the commitment on the ledger',
  headers: 'headers followed: number, predecessor, interval, bounds',
  deadlines: 'anchors and receipts compared with their deadline, by block time',
  deliveries: 'deliveries verified',
  openings: 'openings of condition records recomputed to the anchored root',
  tokens: 'tokens compared with the condition records, by their slot keys',
  fillers: 'filler tokens of call batches recomputed',
  hashes: 'values of H recomputed with Argon2id',
  batchKeys: 'batch keys proven to be in the co-signed token set (possible while their epoch keys are kept)',
  receipts: 'receipts verified',
  deposits: 'deposits opened',
  epochRecords: 'epoch records compared with headers and deliveries',
  proposals: 'proposals of epoch records on the ledger, compared with what answers them',
  overdue: 'intervals called overdue on the ledger, compared with their deadline and the time of the agreement',
  seeds: 'epochs with batches, for whose seeds there must be an earlier commitment',
} as const;
export type Check = keyof typeof CHECKS;
