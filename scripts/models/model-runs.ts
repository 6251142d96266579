import type { Search } from './spin.ts';

/** A configuration of models/batch-protocol.pml in which everything must hold. */
export interface SoundRun {
  readonly name: string;
  readonly search: Search;
  readonly defines: readonly string[];
  /** Every statement of the model must be reached: what is never done holds for no reason. */
  readonly reachesAll?: true;
}

/** An error that the model can be built with, and what must be found in it. */
export interface PlantedError {
  readonly name: string;
  readonly search: Search;
  readonly defines: readonly string[];
  /** Name of the invariant that Spin must report as violated, or the words of its report. */
  readonly violates: string;
}

const COLLECTING = ['WITHOUT_LEDGER', 'WITHOUT_RECEIVER'];
const ANCHORING = ['WITHOUT_WRITES', 'WITHOUT_DISPLAY', 'WITHOUT_RECEIVER'];
const DELIVERING = ['WITHOUT_WRITES', 'WITHOUT_DISPLAY', 'WITHOUT_LEDGER'];
const BOTH_WAYS = ['WITHOUT_WRITES', 'WITHOUT_DISPLAY'];

const ENDLESS = 'non-progress cycle';

/** The long ones first: they are started in this order. */
export const SOUND_RUNS: readonly SoundRun[] = [
  {
    name: 'anchoring, three batches',
    search: 'assertions',
    defines: [...ANCHORING, 'BATCHES=3', 'OWNER_CRASHES=2', 'LEDGER_FAULTS=2'],
  },
  { name: 'every run ends', search: 'endless runs', defines: [...BOTH_WAYS, 'TOKEN_CHANGES=0'] },
  {
    name: 'everything, one batch',
    search: 'assertions',
    defines: ['BATCHES=1', 'READINGS=1', 'OWNER_CRASHES=2', 'KEY_MAY_BE_REVOKED'],
    reachesAll: true,
  },
  { name: 'delivering, three batches', search: 'assertions', defines: [...DELIVERING, 'BATCHES=3', 'RECEIVER_CRASHES=2', 'LINK_FAULTS=2'] },
  { name: 'anchoring and delivering', search: 'assertions', defines: BOTH_WAYS },
  { name: 'writes, two crashes', search: 'assertions', defines: [...COLLECTING, 'OWNER_CRASHES=2'] },
  { name: 'writes, three batches', search: 'assertions', defines: [...COLLECTING, 'WITHOUT_DISPLAY', 'BATCHES=3'] },
  { name: 'the ledger dies', search: 'assertions', defines: [...BOTH_WAYS, 'TOKEN_CHANGES=0', 'LEDGER_MAY_DIE'] },
  { name: 'the link dies', search: 'assertions', defines: [...BOTH_WAYS, 'TOKEN_CHANGES=0', 'LINK_MAY_DIE'] },
  {
    name: 'the contract refuses for good',
    search: 'assertions',
    defines: [...ANCHORING, 'LEDGER_FAULTS=2', 'TOKEN_CHANGES=2', 'KEY_MAY_BE_REVOKED'],
  },
  {
    name: 'late copies of a transaction',
    search: 'assertions',
    defines: [...ANCHORING, 'LEDGER_FAULTS=2', 'TOKEN_CHANGES=2', 'LATE_COPIES', 'ASKS_WHEN_TAKEN'],
  },
];

/** Configurations that together take every step of the table of transitions, for two batches. */
export const STEP_RUNS: readonly (readonly string[])[] = [
  ['OWNER_CRASHES=1', 'RECEIVER_CRASHES=0'],
  ['OWNER_CRASHES=0', 'RECEIVER_CRASHES=1'],
].map((crashes) => ['STEPS', 'WITHOUT_WRITES', 'LINK_FAULTS=0', 'LEDGER_FAULTS=0', 'TOKEN_CHANGES=2', 'KEY_MAY_BE_REVOKED', ...crashes]);

/** Without the table of transitions but for one: what is refuted is refuted by what somebody would suffer from it. */
export const PLANTED_ERRORS: readonly PlantedError[] = [
  planted('Good before the reading is durable', 'WITHOUT_JOURNAL', COLLECTING, 'every_acknowledged_reading_is_in_a_batch'),
  planted('journal erased at the cut', 'JOURNAL_ERASED_AT_CUT', COLLECTING, 'every_acknowledged_reading_is_in_a_batch'),
  planted('journal replayed without its batch numbers', 'JOURNAL_REPLAYED_BLINDLY', COLLECTING, 'no_reading_is_in_two_batches'),
  planted('published before the seal', 'PUBLISHED_BEFORE_SEAL', COLLECTING, 'nothing_leaves_before_its_seal_is_durable'),
  planted('number saved after the seal', 'NUMBER_USED_AGAIN', ['WITHOUT_WRITES'], 'every_number_has_one_header_for_ever'),
  planted('previous header saved after the seal', 'PREVIOUS_SAVED_LATER', COLLECTING, 'the_header_chain_has_no_gap'),
  planted('interval saved after the seal', 'INTERVAL_USED_AGAIN', ANCHORING, 'every_sealed_batch_is_anchored_once'),
  planted(
    'interval saved after the seal, contract without check of the interval',
    'INTERVAL_USED_AGAIN',
    [...ANCHORING, 'WITHOUT_INTERVAL_CHECK'],
    'every_interval_has_one_number',
  ),
  planted('submitted before it is persisted', 'SUBMITTED_BEFORE_PERSISTED', ANCHORING, 'every_sealed_batch_is_anchored_once'),
  planted(
    'submitted before it is persisted, contract without absence checks',
    'SUBMITTED_BEFORE_PERSISTED',
    [...ANCHORING, 'WITHOUT_NUMBER_CHECK', 'WITHOUT_INTERVAL_CHECK'],
    'every_sealed_batch_is_anchored_once',
  ),
  planted('new transaction after a crash', 'NEW_TRANSACTION_AFTER_CRASH', ANCHORING, 'every_sealed_batch_is_anchored_once'),
  planted('new transaction after silence', 'NEW_TRANSACTION_AFTER_SILENCE', ANCHORING, 'every_sealed_batch_is_anchored_once'),
  planted(
    'second refusal of tokens taken as final',
    'SECOND_REFUSAL_IS_FINAL',
    [...ANCHORING, 'TOKEN_CHANGES=2'],
    'every_sealed_batch_is_anchored_once',
  ),
  planted(
    'late copies, and a taken number taken as failure',
    'LATE_COPIES',
    [...ANCHORING, 'TOKEN_CHANGES=2'],
    'every_sealed_batch_is_anchored_once',
  ),
  planted(
    'a taken number is anchored, but under the own transaction',
    'OWN_TRANSACTION_KEPT',
    [...ANCHORING, 'TOKEN_CHANGES=2', 'LATE_COPIES', 'ASKS_WHEN_TAKEN'],
    'store_and_ledger_name_the_same_anchor',
  ),
  planted(
    'anchor waits for the receipt',
    'ANCHOR_WAITS_FOR_RECEIPT',
    [...BOTH_WAYS, 'LINK_MAY_DIE'],
    'every_sealed_batch_is_anchored_once',
  ),
  planted(
    'delivery waits for the anchor',
    'DELIVERY_WAITS_FOR_ANCHOR',
    [...BOTH_WAYS, 'LEDGER_MAY_DIE'],
    'every_sealed_batch_is_receipted_once',
  ),
  planted(
    'verification waits for the ledger',
    'VERIFICATION_WAITS_FOR_LEDGER',
    [...BOTH_WAYS, 'LEDGER_MAY_DIE'],
    'every_sealed_batch_is_receipted_once',
  ),
  planted('restart waits for the ledger', 'START_WAITS_FOR_LEDGER', [...BOTH_WAYS, 'LEDGER_MAY_DIE'], 'every_batch_is_sealed'),
  planted('a receipt counts each time it comes', 'RECEIPT_TAKEN_TWICE', DELIVERING, 'every_sealed_batch_is_receipted_once'),
  planted('countersigned before it is stored', 'COUNTERSIGNED_BEFORE_STORED', DELIVERING, 'a_receipt_is_for_a_stored_delivery'),
  planted(
    'receipt taken as handed over without an answer',
    'ACKNOWLEDGED_WITHOUT_ANSWER',
    DELIVERING,
    'every_sealed_batch_is_receipted_once',
  ),
  planted('acted before it is stored', 'ACTED_BEFORE_STORED', DELIVERING, 'no_action_before_the_countersignature'),
  planted('action kept after the delivery', 'ACTION_KEPT_LATER', DELIVERING, 'every_action_runs_at_least_once'),
  planted('action recorded before it ran', 'ACTION_RECORDED_BEFORE_RUN', DELIVERING, 'every_action_runs_at_least_once'),
  {
    name: 'number saved after the seal, as the table tells it',
    search: 'assertions',
    defines: ['WITHOUT_WRITES', 'NUMBER_USED_AGAIN'],
    violates: 'every_step_is_in_the_table',
  },
  {
    name: 'retries without end',
    search: 'endless runs',
    defines: ['WITHOUT_TABLE', ...ANCHORING, 'SILENCE_WITHOUT_END'],
    violates: ENDLESS,
  },
];

function planted(name: string, error: string, scope: readonly string[], violates: string): PlantedError {
  return { name, search: 'assertions', defines: ['WITHOUT_TABLE', error, ...scope], violates };
}
