/** Says what to do about a finding of the receiver's, after what happened and where. */
export function withAdvice(code: string, message: string): string {
  const advice = ADVICE[code] ?? DEFAULT_ADVICE;
  return message.includes(advice) ? message : `${message} ${advice}`;
}

const DEFAULT_ADVICE = 'It gets no receipt as it is: ask the owner, and keep this store.';
const CONTRADICTION = "The owner's signatures contradict each other: keep this store and the proof file beside it, and speak to the owner.";
const AGREEMENT = "Compare the agreement's file on both sides; where it has changed, make a new agreement.";
const CLOCKS = "Compare both machines' clocks.";

const ADVICE: Readonly<Record<string, string>> = {
  WRONG_POLICY: AGREEMENT,
  WRONG_AGREEMENT: AGREEMENT,
  WRONG_MODULE: 'The owner runs another version of the module than agreed: ask for the agreed one, or make a new agreement.',
  WRONG_RECIPIENT: AGREEMENT,
  WRONG_CHANNEL: AGREEMENT,
  UNKNOWN_CODE: AGREEMENT,
  WRONG_H: CONTRADICTION,
  TOKEN_MISMATCH: CONTRADICTION,
  WRONG_ROOT: CONTRADICTION,
  BROKEN_CHAIN: CONTRADICTION,
  WRONG_BOUNDS: CONTRADICTION,
  ANCHOR_MISMATCH: CONTRADICTION,
  FORK: CONTRADICTION,
  BAD_DEPOSIT: CONTRADICTION,
  TOO_FAR_AHEAD: CLOCKS,
  LATE_ANCHOR: 'Ask the owner what held it up; the audit counts it as LATE.',
  OVERDUE: 'Ask the owner whether its module and its way to the ledger work; a later anchor counts as LATE.',
  MISSING_DELIVERY: 'Ask the owner to let its module give the delivery, or to deposit it on the ledger.',
  EXPIRED: "The owner's cache has dropped it; header and anchor stay. Agree on a larger cache if that happens often.",
  DISPUTED: 'The proof, where there is one, lies beside this store.',
  BLOCK_NOT_SEEN: 'Compare the ledgers of both modules: one of them follows another chain.',
  CLEARED_VALUE_DIFFERS:
    'Whoever followed the cleared server then saw something else than the evidence says: trust the record, and ask the owner.',
  BAD_EPOCH_RECORD: 'Token sets run out unless the owner proposes one that fits; ask the owner.',
  CLAIM_REFUSED: 'Keep this store for an inquiry.',
};
