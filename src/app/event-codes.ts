import { plainWord, type PlainWord, sentence } from '../platform/index.ts';

/** What an operator should know of a finding or a warning. docs/operating.md lists the same words. */
export interface CodeWords {
  /** What it means. */
  readonly means: PlainWord;
  /** What to do; empty where nothing is. */
  readonly remedy: PlainWord;
}

function words(means: PlainWord, remedy: PlainWord = sentence``): CodeWords {
  return { means, remedy };
}

/** Findings: something does not fit. They are kept, and are part of an audit. */
export const FINDINGS = {
  ANCHOR_REFUSED: words(
    sentence`The ledger refused a batch for good.`,
    sentence`Compare the agreement, the keys and the clocks of both modules; the ledger's reason stands in the batch's AnchorFailed event.`,
  ),
  MISSED: words(sentence`Intervals passed while the module took no values. A batch says so.`, sentence`Find out why it was down.`),
  READINGS_LOST: words(
    sentence`The module ended without warning, and accepted readings of an interval may be missing. The batch's gap record says so.`,
    sentence`Use the durability "write" for tags that must not be lost.`,
  ),
  SUSPENDED: words(
    sentence`Too many batches have no receipt: clearing is suspended.`,
    sentence`Get the manufacturer's module to fetch and confirm.`,
  ),
  LATE_PUBLICATION: words(
    sentence`A batch was not ready at its publication time and waits for the next grid point.`,
    sentence`The machine is too slow or too busy for the agreed publication delay.`,
  ),
  SEEDS_NOT_COMMITTED: words(
    sentence`The ledger was away so long that an epoch's seeds can't be committed to ahead. Its batches are anchored without.`,
    sentence`Nothing can be made up for; keep the ledger reachable.`,
  ),
  NOT_DEPOSITED: words(
    sentence`The delivery of a batch without a receipt can't be deposited on the ledger.`,
    sentence`Get the manufacturer's module to fetch and confirm it.`,
  ),
  PROPOSAL_UNSIGNED: words(
    sentence`The manufacturer has not countersigned an epoch record in time. The proposal stands on the ledger.`,
    sentence`Ask the manufacturer; without token sets batches are anchored without tokens, and can't be deposited.`,
  ),
  BAD_RECEIPT: words(
    sentence`The manufacturer signed a receipt for something else than it was given.`,
    sentence`Keep the proof file beside the store, and ask the manufacturer.`,
  ),
  DISPUTED: words(
    sentence`A batch gets no receipt for good, because its delivery does not verify.`,
    sentence`Talk to the owner; the proof file says what is wrong.`,
  ),
  ANCHOR_MISMATCH: words(
    sentence`A batch was delivered with another header than the one on the ledger.`,
    sentence`The owner's module signed two headers for one number: keep the proof file.`,
  ),
  BLOCK_NOT_SEEN: words(sentence`A batch names a block that the ledger does not have.`, sentence`Compare the ledgers of both modules.`),
  TOO_FAR_AHEAD: words(sentence`A batch is of an interval that lies far ahead.`, sentence`Compare both modules' clocks.`),
  LATE_ANCHOR: words(
    sentence`A batch was anchored after the agreed time.`,
    sentence`The audit names the party; see why its ledger was behind.`,
  ),
  OVERDUE: words(
    sentence`A batch is not on the ledger although its time is over. That is claimed on the ledger.`,
    sentence`Ask the owner.`,
  ),
  MISSING_DELIVERY: words(sentence`A batch is on the ledger and is not delivered.`, sentence`Ask the owner.`),
  EXPIRED: words(sentence`The owner's module dropped a batch before it was fetched. Its gap record says so.`, sentence`Keep the link up.`),
  FORK: words(sentence`There are two signed headers for one batch number.`, sentence`Keep the proof file.`),
  CLEARED_VALUE_DIFFERS: words(
    sentence`The cleared server showed another condition than the evidence of the same time has.`,
    sentence`Ask the owner; act by the evidence.`,
  ),
  BAD_DEPOSIT: words(sentence`A deposit on the ledger can't be opened or does not verify.`, sentence`Ask the owner.`),
  CLAIM_REFUSED: words(sentence`The ledger refused a claim of this module.`, sentence`Compare both modules' clocks and the agreement.`),
  BAD_EPOCH_RECORD: words(
    sentence`An epoch record does not fit what this module knows, and is not signed.`,
    sentence`Compare both modules' stores.`,
  ),
} as const satisfies Readonly<Record<string, CodeWords>>;

/** Warnings: something lacks at present, and the module goes on. */
export const WARNINGS = {
  LEDGER_UNAVAILABLE: words(sentence`The ledger does not answer. Batches wait for it.`, sentence`Mend the way to the ledger.`),
  NOT_ENDORSED: words(
    sentence`Too few organisations' peers endorse what is sent to the ledger. Batches wait.`,
    sentence`dcmb doctor says whose peers or services are away.`,
  ),
  CERTIFICATION_UNAVAILABLE: words(
    sentence`The certification service gives an endorsing peer no answer. Batches wait.`,
    sentence`See that the certification service runs.`,
  ),
  NOT_ORDERED: words(sentence`No orderer takes what is sent to the ledger. Batches wait.`, sentence`Ask whoever runs the orderers.`),
  OUTCOME_UNKNOWN: words(
    sentence`The ledger's answer was lost. The same transaction is sent again; it counts once.`,
    sentence`See the way to the ledger if it comes often.`,
  ),
  LEDGER_BEHIND: words(
    sentence`Batches wait for the ledger for a minute or longer. Told once a minute while it lasts.`,
    sentence`See the warning before it, and dcmb doctor.`,
  ),
  LEDGER_BACK: words(sentence`The ledger takes batches again.`, sentence`Nothing; batches that wait are anchored one after the other.`),
  LEDGER_FAULT: words(
    sentence`Something that the ledger is asked for fails. It is tried again.`,
    sentence`See whether the ledger answers and knows both parties.`,
  ),
  EPOCH_RECORD_FAILED: words(sentence`The next epoch record could not be made. It is tried again.`, sentence`See the disk and the ledger.`),
  CLOCK_JUMPED: words(
    sentence`The machine's clock was set. No grid point is repeated or skipped.`,
    sentence`Use a clock that is disciplined, not set.`,
  ),
  CLEARED_SERVER_LOST: words(
    sentence`The cleared server's process ended and is started again.`,
    sentence`Watch memory and limits of the machine.`,
  ),
  CERTIFICATE_EXPIRES: words(
    sentence`A certificate of this module's OPC UA applications expires within 30 days, or can't be used any more.`,
    sentence`Renew it with dcmb trust renew, and have its peers trust the new one before.`,
  ),
  CERTIFICATE_RENEWED: words(
    sentence`A renewed certificate of this module is in use for new connections.`,
    sentence`See that its peers trust it.`,
  ),
  CERTIFICATE_UNFIT: words(
    sentence`A renewed certificate of this module can't be used. The one before it stays in use.`,
    sentence`The warning says what is wrong with it.`,
  ),
  CERTIFICATE_REFUSED: words(
    sentence`A client or server whose certificate is trusted, or vouched for by an authority, was refused all the same. Told once an hour.`,
    sentence`The warning says which and why: expired, revoked, or without a revocation list in force.`,
  ),
  TRUST_FILE_UNFIT: words(
    sentence`A revocation list, an authority or the record of renewals in a PKI folder can't be used. What depends on it is refused.`,
    sentence`Mend or remove the file that is named.`,
  ),
  PLC_GAP: words(
    sentence`Values of the PLC may be missing: its server or the link was away. The batch says so.`,
    sentence`Mend the link to the PLC.`,
  ),
  RECEIVER_FAULT: words(
    sentence`Fetching or confirming a batch failed. It is tried again.`,
    sentence`See the findings and the owner's module.`,
  ),
  ACTIONS_FAILED: words(sentence`The list of actions could not be worked on. It is tried again.`, sentence`See the disk.`),
  CHANNEL_WAITS: words(
    sentence`One of several channels can't start: a port, its store or its ledger is not there. It is tried again; the others go on.`,
    sentence`The warning says what it needs.`,
  ),
  STORE_FAULT: words(
    sentence`The store could not be written, or failed. No values are taken; the module goes on by itself.`,
    sentence`See room, rights and health of the disk.`,
  ),
  STORE_FULL: words(
    sentence`The disk of the store is full. No values are taken; the module goes on by itself.`,
    sentence`Make room on the disk.`,
  ),
  STORE_READ_ONLY: words(
    sentence`The store can't be written. No values are taken; the module goes on by itself.`,
    sentence`Mount the disk for writing, mend the rights.`,
  ),
  STORE_FAILED: words(
    sentence`The disk of the store gives errors. No values are taken; the module goes on by itself.`,
    sentence`Check the disk and its cable, and copy the store while you can.`,
  ),
  STORE_BUSY: words(sentence`Something else holds the store. The module goes on by itself.`, sentence`End the other program.`),
} as const satisfies Readonly<Record<string, CodeWords>>;

/** What evidence and contract call a refusal: each stands in the store's finding in full. */
const OTHER: CodeWords = words(
  sentence`Evidence does not verify, or something else is wrong.`,
  sentence`See the finding in the store and the audit.`,
);

export function wordsOf(code: string): CodeWords {
  const all: Readonly<Record<string, CodeWords>> = { ...FINDINGS, ...WARNINGS };
  return Object.hasOwn(all, code) ? (all[code] ?? OTHER) : OTHER;
}

const CODE = /^[A-Z][A-Z0-9_]{1,40}$/;

/** A code as logs and metrics carry it: `OTHER` for what is none. */
export function codeWord(code: string): PlainWord {
  return (CODE.test(code) ? plainWord(code) : undefined) ?? sentence`OTHER`;
}
