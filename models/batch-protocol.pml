/*
 * The life of a batch from the PLC's write to the action of the receiver: owner's module, ledger, receiver's module and the
 * link between them, with crashes and lost answers. README.md says what is modelled, what is not, and how to run it.
 *
 * Every step is one atomic guarded command over global variables, so a crash can come between any two of them and takes
 * all that is volatile at once. One step has at most one durable effect: crashes just before and just after it are two
 * different runs. All crashes and faults are counted down, so that every run ends; what must happen in the end is asserted
 * where nothing can happen any more (process End).
 */

#ifndef BATCHES
#define BATCHES 2
#endif
#ifndef READINGS
#define READINGS 2
#endif
#ifndef OWNER_CRASHES
#define OWNER_CRASHES 1
#endif
#ifndef RECEIVER_CRASHES
#define RECEIVER_CRASHES 1
#endif
#ifndef LINK_FAULTS
#define LINK_FAULTS 1
#endif
#ifndef LEDGER_FAULTS
#define LEDGER_FAULTS 1
#endif
#ifndef TOKEN_CHANGES
#define TOKEN_CHANGES 1
#endif

/* ---- invariants: each has a name, so that a violation says which one it is ------------------------------------------ */

#define INVARIANT(name, condition) assert((condition) || !name)

hidden byte every_acknowledged_reading_is_in_a_batch = true;
hidden byte no_reading_is_in_two_batches = true;
hidden byte every_number_has_one_header_for_ever = true;
hidden byte nothing_leaves_before_its_seal_is_durable = true;
hidden byte the_header_chain_has_no_gap = true;
hidden byte every_batch_is_sealed = true;
hidden byte every_sealed_batch_is_anchored_once = true;
hidden byte every_interval_has_one_number = true;
hidden byte store_and_ledger_name_the_same_anchor = true;
hidden byte every_sealed_batch_is_receipted_once = true;
hidden byte a_receipt_is_for_a_stored_delivery = true;
hidden byte no_action_before_the_countersignature = true;
hidden byte every_action_runs_at_least_once = true;
hidden byte every_step_is_in_the_table = true;

/* ---- the table of transitions: a second record of what happened, which no step of the model reads ------------------- */

#define Free 1
#define Taken 2

#define Hidden 1
#define Shown 2

#define Sealed 1
#define Submitted 2
#define Refused 4
#define Anchored 8
#define Failed 16

#define Waiting 1
#define Delivered 2
#define Receipted 4

#define Missing 1
#define Stored 2
#define Countersigned 4
#define Acknowledged 8

#define Idle 1
#define Acting 2
#define Done 4

#define SAME(track, states) ((track[n] & (states)) != 0)
#define BEFORE(track, states) (n == 0 || (track[n - 1] & (states)) != 0)
#define ALWAYS true

#ifdef STEPS
#define NOTE(event) printf(#event); printf(" %d", n); print_tracks(0); print_tracks(1); printf("\n");
#else
#define NOTE(event)
#endif

#define JOINED(event, next)
#ifdef WITHOUT_TABLE
#define TRACK(name, module, first)
#define TRANSITION(event, track, from, to, needs) inline took_##event(n) { skip }
#else
#define TRACK(name, module, first) byte name[BATCHES] = first;
#define TRANSITION(event, track, from, to, needs) \
  inline took_##event(n) { \
    INVARIANT(every_step_is_in_the_table, (track[n] & (from)) != 0 && needs); \
    NOTE(event) \
    track[n] = to \
  }
#endif

inline print_tracks(b) {
  printf(" %d %d %d %d %d %d", number[b], display[b], ledger[b], delivery[b], receipt[b], action[b])
}

#include "transitions.pml"

/* ---- what may still go wrong ---------------------------------------------------------------------------------------- */

byte owner_crashes = OWNER_CRASHES;
byte receiver_crashes = RECEIVER_CRASHES;
byte link_faults = LINK_FAULTS;
byte ledger_faults = LEDGER_FAULTS;
byte token_changes = TOKEN_CHANGES;
#ifdef WITHOUT_LEDGER
bool ledger_lives = false;
#else
bool ledger_lives = true;
#endif
#ifdef WITHOUT_RECEIVER
bool link_lives = false;
#else
bool link_lives = true;
#endif

/* ---- owner's module: what its store holds --------------------------------------------------------------------------- */

/* Progress: what the next seal starts from. */
byte kept_number;
byte kept_interval;
byte kept_previous;

/* Batches. A header is the number of the attempt that signed it: two attempts never sign the same bytes. 0: not sealed. */
byte header[BATCHES];
byte previous_in[BATCHES];
byte interval_in[BATCHES];
byte transaction[BATCHES];
byte ledger_state[BATCHES] = Sealed;
byte delivery_state[BATCHES] = Waiting;

/* For each acknowledged reading that is not sealed yet: 1 + number of its batch. */
byte journal[READINGS];

/* ---- owner's module: what a crash takes ----------------------------------------------------------------------------- */

bool owner_runs = true;
byte at_number;
byte at_interval;
byte at_previous;
/* Batch that accepts readings; those from at_number on are cut and wait for their seal. */
byte open;
/* 1 + number of the batch that a reading is in. */
byte collected[READINGS];
bool flushed[READINGS];
/* Header of batch at_number, signed and not stored yet. */
byte signed_header;
bool progress_pending; /* where a planted error saves it after the seal */
/* Headers on their way to the cleared server. */
byte to_show[BATCHES];

mtype = { resting, prepared, ready, sent };
mtype = { silence, committed, wrong_tokens, taken, key_revoked };
mtype sending = resting;
byte sending_number;
byte sending_transaction;
#ifdef SECOND_REFUSAL_IS_FINAL
bool sending_again;
#endif
mtype answer = silence;

/* ---- ledger: everything is durable ---------------------------------------------------------------------------------- */

/* A transaction is 2 * its count among the batch's + 1 where it carries tokens. */
byte under_way[BATCHES];
byte anchor[BATCHES];
byte anchored_header[BATCHES];
byte batch_of_interval[BATCHES + 1];
bool tokens_wanted;

/* ---- receiver's module ---------------------------------------------------------------------------------------------- */

byte received[BATCHES];
bool countersigned_kept[BATCHES];
bool acknowledged_kept[BATCHES];
mtype = { no_action, due_action, done_action };
mtype action_state[BATCHES] = no_action;

bool receiver_runs = true;
mtype = { looking, fetched, verified, confirmed };
mtype receiving = looking;
byte receiving_header;
bool acting[BATCHES];
#ifdef ACTION_KEPT_LATER
bool action_key_pending;
#endif

/* ---- what a watcher from outside remembers -------------------------------------------------------------------------- */

mtype = { unwritten, unanswered, good, broken };
mtype write[READINGS] = unwritten;
byte sealed_in[READINGS];
byte attempts[BATCHES];
byte transactions_made[BATCHES];
byte seen_header[BATCHES];
byte anchors[BATCHES];
byte receipts[BATCHES];
bool ran[BATCHES];

/* A header comes to somebody's eyes outside the module. */
inline leaves(n, seen) {
  INVARIANT(nothing_leaves_before_its_seal_is_durable, header[n] == seen);
  INVARIANT(every_number_has_one_header_for_ever, seen_header[n] == 0 || seen_header[n] == seen);
  seen_header[n] = seen
}

/* ---- owner's module: from the write to the seal --------------------------------------------------------------------- */

/* A write of a PLC: into the open batch, into the journal, Good. The flush may come later than the cut or even the seal. */
proctype Write(byte r) {
end:
  do
  :: atomic {
      owner_runs && write[r] == unwritten && open < BATCHES ->
      collected[r] = open + 1;
      write[r] = unanswered
    }
  :: atomic {
      owner_runs && write[r] == unanswered && !flushed[r] ->
#ifndef WITHOUT_JOURNAL
      journal[r] = collected[r];
#endif
      flushed[r] = true
    }
  :: atomic { owner_runs && write[r] == unanswered && flushed[r] -> write[r] = good }
  od
}

/* The grid: closes the open batch and opens the next in one instant. */
active proctype Cut() {
  byte r;
end:
  do
  :: atomic {
      owner_runs && open < BATCHES ->
#ifdef JOURNAL_ERASED_AT_CUT
      for (r : 0 .. READINGS - 1) { if :: journal[r] == open + 1 -> journal[r] = 0 :: else fi }
#endif
      open++
    }
  od
}

#if defined(NUMBER_USED_AGAIN) || defined(INTERVAL_USED_AGAIN) || defined(PREVIOUS_SAVED_LATER)
#define PROGRESS_SAVED_LATER
#endif

inline save_progress() {
  kept_number = at_number;
  kept_interval = at_interval;
  kept_previous = at_previous
}

/* What the seal's own transaction saves of the progress. */
inline save_with_seal() {
#ifdef PROGRESS_SAVED_LATER
  progress_pending = true;
#endif
#ifndef NUMBER_USED_AGAIN
  kept_number = at_number;
#endif
#if !defined(NUMBER_USED_AGAIN) && !defined(INTERVAL_USED_AGAIN)
  kept_interval = at_interval;
#endif
#if !defined(NUMBER_USED_AGAIN) && !defined(PREVIOUS_SAVED_LATER)
  kept_previous = at_previous;
#endif
  skip
}

/* One batch after the other: sign, then one transaction with batch, progress and the end of its journal. */
active proctype Seal() {
  byte r;
end:
  do
  :: atomic {
      owner_runs && signed_header == 0 && at_number < open && !progress_pending ->
      attempts[at_number]++;
      signed_header = attempts[at_number]
#ifdef PUBLISHED_BEFORE_SEAL
      ; to_show[at_number] = signed_header
#endif
    }
  :: atomic {
      owner_runs && signed_header != 0 ->
      header[at_number] = signed_header;
      previous_in[at_number] = at_previous;
      interval_in[at_number] = at_interval;
#ifdef NUMBER_USED_AGAIN
      transaction[at_number] = 0;
      ledger_state[at_number] = Sealed;
      delivery_state[at_number] = Waiting;
#endif
      took_sealed(at_number);
      INVARIANT(the_header_chain_has_no_gap, at_number == 0 || previous_in[at_number] == header[at_number - 1]);
      for (r : 0 .. READINGS - 1) {
        if
        :: collected[r] == at_number + 1 ->
            INVARIANT(no_reading_is_in_two_batches, sealed_in[r] == 0);
            sealed_in[r] = at_number + 1
        :: else
        fi;
        if
        :: journal[r] == at_number + 1 -> journal[r] = 0
        :: else
        fi
      }
#ifndef WITHOUT_DISPLAY
      to_show[at_number] = signed_header;
#endif
      at_previous = signed_header;
      at_number++;
      at_interval++;
      signed_header = 0;
      save_with_seal()
    }
#ifdef PROGRESS_SAVED_LATER
  :: atomic { owner_runs && progress_pending -> save_progress(); progress_pending = false }
#endif
  od
}

/* The cleared server shows what it is given. A crash of the module may come before. */
proctype Show(byte n) {
end:
  do
  :: atomic {
      owner_runs && to_show[n] != 0 ->
      leaves(n, to_show[n]);
      took_published(n);
      to_show[n] = 0
    }
  od
}

/* ---- owner's module: onto the ledger -------------------------------------------------------------------------------- */

#define SETTLED(n) (ledger_state[n] == Anchored || ledger_state[n] == Failed)

inline prepare(with_tokens) {
  transactions_made[sending_number]++;
  sending_transaction = 2 * transactions_made[sending_number] + with_tokens;
#ifdef SUBMITTED_BEFORE_PERSISTED
  sending = ready
#else
  sending = prepared
#endif
}

inline persist() {
  transaction[sending_number] = sending_transaction;
  ledger_state[sending_number] = Submitted;
  took_submitted(sending_number)
}

inline rest() {
  sending = resting;
  sending_transaction = 0;
#ifdef SECOND_REFUSAL_IS_FINAL
  sending_again = false;
#endif
  answer = silence
}

inline settle(state) {
#ifdef SUBMITTED_BEFORE_PERSISTED
  persist();
#endif
  ledger_state[sending_number] = state;
  rest();
  sending_number++
}

#ifdef NEW_TRANSACTION_AFTER_CRASH
#define HAS_TRANSACTION(n) false
#else
#define HAS_TRANSACTION(n) (transaction[n] != 0)
#endif

#ifdef ANCHOR_WAITS_FOR_RECEIPT
#define MAY_ANCHOR(n) (delivery_state[n] == Receipted)
#else
#define MAY_ANCHOR(n) true
#endif

/* Brings sealed batches onto the ledger in order: prepare, persist, submit, and the same bytes until there is an answer. */
active proctype Outbox() {
end:
  do
  :: atomic {
      owner_runs && sending == resting && sending_number < BATCHES && header[sending_number] != 0 && MAY_ANCHOR(sending_number) ->
      if
      :: SETTLED(sending_number) -> sending_number++
      :: else ->
          if
          :: HAS_TRANSACTION(sending_number) ->
              sending_transaction = transaction[sending_number];
              sending = ready
          :: else -> /* what the module knows of token sets may be old */
              if
              :: prepare(tokens_wanted)
              :: token_changes < TOKEN_CHANGES -> prepare(1 - tokens_wanted)
              fi
          fi
      fi
    }
  :: atomic { owner_runs && sending == prepared -> persist(); sending = ready }
  :: atomic {
      owner_runs && sending == ready && ledger_lives ->
      leaves(sending_number, header[sending_number]);
      under_way[sending_number] = sending_transaction;
      sending = sent
    }
  :: atomic { /* no answer: it never arrived, or it is still under way, or the answer was lost */
      owner_runs && sending == sent && ledger_faults > 0 ->
#ifndef SILENCE_WITHOUT_END
      ledger_faults--;
#endif
      if
      :: under_way[sending_number] = 0
      :: under_way[sending_number] != 0
      fi;
      answer = silence;
#ifdef NEW_TRANSACTION_AFTER_SILENCE
      prepare(tokens_wanted)
#else
      sending = ready
#endif
    }
  :: atomic {
      owner_runs && sending == sent && answer == committed ->
      took_anchored(sending_number);
      settle(Anchored)
    }
  :: atomic {
      owner_runs && sending == sent && answer == wrong_tokens ->
      took_refused(sending_number);
      answer = silence;
#ifdef SECOND_REFUSAL_IS_FINAL
      if
      :: sending_again -> settle(Failed)
      :: else -> sending_again = true; prepare(1 - sending_transaction % 2)
      fi
#else
      prepare(1 - sending_transaction % 2)
#endif
    }
  :: atomic {
      owner_runs && sending == sent && (answer == taken || answer == key_revoked) ->
      if
#ifdef ASKS_WHEN_TAKEN
      :: answer == taken && anchored_header[sending_number] == header[sending_number] ->
#ifndef OWN_TRANSACTION_KEPT
          transaction[sending_number] = anchor[sending_number];
#endif
          took_anchored(sending_number);
          settle(Anchored)
#endif
      :: else ->
          took_failed(sending_number);
          settle(Failed)
      fi
    }
  od
}

/* ---- ledger --------------------------------------------------------------------------------------------------------- */

#ifdef WITHOUT_NUMBER_CHECK
#define NUMBER_TAKEN(n) false
#else
#define NUMBER_TAKEN(n) (anchor[n] != 0)
#endif

#ifdef WITHOUT_INTERVAL_CHECK
#define INTERVAL_TAKEN(n) false
#else
#define INTERVAL_TAKEN(n) (batch_of_interval[interval_in[n]] != 0)
#endif

inline commit(n) {
  anchors[n]++;
  INVARIANT(every_sealed_batch_is_anchored_once, anchors[n] == 1);
  INVARIANT(every_interval_has_one_number, batch_of_interval[interval_in[n]] == 0);
  anchor[n] = under_way[n];
  anchored_header[n] = header[n];
  batch_of_interval[interval_in[n]] = n + 1
}

inline reply(n, what) {
  if
  :: owner_runs && sending == sent && sending_number == n && sending_transaction == under_way[n] -> answer = what
  :: else /* nobody waits for it any more */
  fi
}

/* The contract. The same bytes again give the first commit; two copies of a transaction are one. */
proctype Ledger(byte n) {
end:
  do
  :: atomic {
      under_way[n] != 0 && ledger_lives ->
      if
      :: anchor[n] == under_way[n] -> reply(n, committed)
      :: else ->
          if
#ifdef KEY_MAY_BE_REVOKED
          :: reply(n, key_revoked)
#endif
          :: NUMBER_TAKEN(n) || INTERVAL_TAKEN(n) -> reply(n, taken)
          :: !NUMBER_TAKEN(n) && !INTERVAL_TAKEN(n) && under_way[n] % 2 != tokens_wanted -> reply(n, wrong_tokens)
          :: !NUMBER_TAKEN(n) && !INTERVAL_TAKEN(n) && under_way[n] % 2 == tokens_wanted -> commit(n); reply(n, committed)
          fi
      fi;
#ifdef LATE_COPIES
      if
      :: under_way[n] = 0
      :: answer == wrong_tokens && ledger_faults > 0 -> ledger_faults-- /* a copy comes again later */
      fi
#else
      under_way[n] = 0
#endif
    }
  od
}

/* ---- the link: the receiver calls methods of the owner's server ----------------------------------------------------- */

/* A call needs both ends. Its request can be lost, or its answer: after the effect, which is one durable step. */
#define REACHABLE (owner_runs && link_lives)

#ifdef DELIVERY_WAITS_FOR_ANCHOR
#define MAY_DELIVER(n) (ledger_state[n] == Anchored)
#else
#define MAY_DELIVER(n) true
#endif

inline lose() {
  link_faults > 0 -> link_faults--
}

inline hand_out(n) {
  leaves(n, header[n]);
  if
  :: delivery_state[n] == Waiting ->
      delivery_state[n] = Delivered;
      took_delivered(n)
  :: else
  fi
}

inline take_receipt(n) {
  INVARIANT(a_receipt_is_for_a_stored_delivery, received[n] == header[n] && countersigned_kept[n]);
  if
#ifndef RECEIPT_TAKEN_TWICE
  :: delivery_state[n] == Receipted
#endif
  :: else ->
      delivery_state[n] = Receipted;
      receipts[n]++;
      INVARIANT(every_sealed_batch_is_receipted_once, receipts[n] == 1);
      took_receipted(n)
  fi
}

/* ---- receiver's module ---------------------------------------------------------------------------------------------- */

/* The last batch received, and the next one. */
#define FIRST_MISSING(n) (received[n] == 0 && (n == 0 || received[n - 1] != 0))
#define ACKNOWLEDGED_BEFORE(n) (n == 0 || acknowledged_kept[n - 1])

#ifdef VERIFICATION_WAITS_FOR_LEDGER
#define MAY_VERIFY ledger_lives
#else
#define MAY_VERIFY true
#endif

#ifdef ACTED_BEFORE_STORED
#define MAY_ACT(n) (action_state[n] == due_action || receiving == verified && FIRST_MISSING(n))
#else
#define MAY_ACT(n) (action_state[n] == due_action)
#endif

inline store(n) {
  received[n] = receiving_header;
  countersigned_kept[n] = true;
#ifdef ACTION_KEPT_LATER
  action_key_pending = true;
#else
  action_state[n] = due_action;
#endif
  receiving = looking;
  receiving_header = 0;
  took_stored(n);
  took_countersigned(n)
}

/* Takes batches in order: fetch, verify, one transaction with delivery, countersignature and action, hand over. */
proctype Receive(byte n) {
end:
  do
  :: atomic {
      receiver_runs && receiving == looking && REACHABLE && FIRST_MISSING(n) && ACKNOWLEDGED_BEFORE(n) && header[n] != 0 && MAY_DELIVER(n) ->
      if
      :: lose()
      :: hand_out(n);
          if
          :: receiving = fetched; receiving_header = header[n]
          :: lose()
          fi
      fi
    }
  :: atomic {
      receiver_runs && receiving == fetched && FIRST_MISSING(n) && MAY_VERIFY ->
      INVARIANT(the_header_chain_has_no_gap, n == 0 || previous_in[n] == received[n - 1]);
      INVARIANT(every_number_has_one_header_for_ever, anchored_header[n] == 0 || anchored_header[n] == receiving_header);
      receiving = verified
    }
#ifdef COUNTERSIGNED_BEFORE_STORED
  :: atomic { receiver_runs && receiving == verified && REACHABLE && FIRST_MISSING(n) -> take_receipt(n); receiving = confirmed }
  :: atomic { receiver_runs && receiving == confirmed && FIRST_MISSING(n) -> store(n); acknowledged_kept[n] = true }
#else
  :: atomic { receiver_runs && receiving == verified && FIRST_MISSING(n) -> store(n) }
  :: atomic {
      receiver_runs && receiving == looking && REACHABLE && received[n] != 0 && !acknowledged_kept[n] ->
#ifdef ACKNOWLEDGED_WITHOUT_ANSWER
      acknowledged_kept[n] = true;
#endif
      if
      :: lose()
      :: take_receipt(n);
          if
          :: receiving = confirmed
          :: lose()
          fi
      fi
    }
  :: atomic {
      receiver_runs && receiving == confirmed && received[n] != 0 && !acknowledged_kept[n] ->
      acknowledged_kept[n] = true;
      receiving = looking;
      took_acknowledged(n)
    }
#endif
#ifdef ACTION_KEPT_LATER
  :: atomic {
      receiver_runs && action_key_pending && received[n] != 0 && action_state[n] == no_action ->
      action_state[n] = due_action;
      action_key_pending = false
    }
#endif
  od
}

/* Runs what is due; a crash between the run and its record makes it run again. */
proctype Act(byte n) {
end:
  do
  :: atomic {
      receiver_runs && MAY_ACT(n) && !acting[n] ->
      INVARIANT(no_action_before_the_countersignature, received[n] != 0 && countersigned_kept[n]);
#ifdef ACTION_RECORDED_BEFORE_RUN
      action_state[n] = done_action;
#else
      ran[n] = true;
#endif
      acting[n] = true;
      took_action(n)
    }
  :: atomic {
      receiver_runs && acting[n] ->
#ifdef ACTION_RECORDED_BEFORE_RUN
      ran[n] = true;
#else
      action_state[n] = done_action;
#endif
      acting[n] = false;
      took_acted(n)
    }
  od
}

/* ---- crashes, restarts, and what the world does --------------------------------------------------------------------- */

#ifdef START_WAITS_FOR_LEDGER
#define MAY_START ledger_lives
#else
#define MAY_START true
#endif

inline owner_loses_memory() {
  owner_runs = false;
  at_number = 0;
  at_interval = 0;
  at_previous = 0;
  open = 0;
  signed_header = 0;
  progress_pending = false;
  rest();
  sending_number = 0;
  for (i : 0 .. BATCHES - 1) { to_show[i] = 0 }
  for (i : 0 .. READINGS - 1) {
    collected[i] = 0;
    flushed[i] = false;
    if
    :: write[i] == unanswered -> write[i] = broken
    :: else
    fi
  }
}

/* A journal entry belongs to the batch that it names. What is sealed needs it no more; a late flush may have left it there. */
inline owner_reads_store() {
  owner_runs = true;
  at_number = kept_number;
  at_interval = kept_interval;
  at_previous = kept_previous;
  open = kept_number;
  for (i : 0 .. READINGS - 1) {
#ifdef JOURNAL_REPLAYED_BLINDLY
    if
    :: journal[i] != 0 && open < BATCHES -> collected[i] = open + 1
    :: else
    fi
#else
    if
    :: journal[i] > kept_number ->
        collected[i] = journal[i];
        if
        :: journal[i] - 1 > open -> open = journal[i] - 1
        :: else
        fi
    :: else -> journal[i] = 0
    fi
#endif
  }
}

active proctype OwnerFaults() {
  byte i;
end:
  do
  :: atomic { owner_runs && owner_crashes > 0 -> owner_crashes--; owner_loses_memory(); i = 0 }
  :: atomic { !owner_runs && MAY_START -> owner_reads_store(); i = 0 }
  od
}

active proctype ReceiverFaults() {
  byte i;
end:
  do
  :: atomic {
      receiver_runs && receiver_crashes > 0 ->
      receiver_crashes--;
      receiver_runs = false;
      receiving = looking;
      receiving_header = 0;
#ifdef ACTION_KEPT_LATER
      action_key_pending = false;
#endif
      for (i : 0 .. BATCHES - 1) { acting[i] = false }
      i = 0
    }
  :: atomic { !receiver_runs -> receiver_runs = true }
  od
}

active proctype World() {
end:
  do
  :: atomic { token_changes > 0 -> token_changes--; tokens_wanted = 1 - tokens_wanted }
#ifdef LEDGER_MAY_DIE
  :: atomic { ledger_lives -> ledger_lives = false }
#endif
#ifdef LINK_MAY_DIE
  :: atomic { link_lives -> link_lives = false }
#endif
  od
}

/* ---- what must have happened when nothing can happen any more ------------------------------------------------------- */

#ifdef KEY_MAY_BE_REVOKED
#define REFUSED_FOR_GOOD(n) (anchors[n] == 0 && ledger_state[n] == Failed)
#else
#define REFUSED_FOR_GOOD(n) false
#endif

inline check_batch(n) {
  INVARIANT(every_batch_is_sealed, header[n] != 0);
  if
  :: ledger_lives ->
      INVARIANT(every_sealed_batch_is_anchored_once, anchors[n] == 1 && ledger_state[n] == Anchored || REFUSED_FOR_GOOD(n));
      INVARIANT(store_and_ledger_name_the_same_anchor, anchors[n] == 0 || anchored_header[n] == header[n] && anchor[n] == transaction[n])
  :: else
  fi;
  if
  :: link_lives -> INVARIANT(every_sealed_batch_is_receipted_once, receipts[n] == 1 && delivery_state[n] == Receipted && acknowledged_kept[n])
  :: else
  fi;
  INVARIANT(every_action_runs_at_least_once, received[n] == 0 || ran[n] && action_state[n] == done_action)
}

active proctype End() {
  byte i;
  atomic {
    timeout ->
    for (i : 0 .. BATCHES - 1) { check_batch(i) }
    for (i : 0 .. READINGS - 1) { INVARIANT(every_acknowledged_reading_is_in_a_batch, write[i] != good || sealed_in[i] != 0) }
  }
}

init {
  byte i;
  atomic {
#ifndef WITHOUT_WRITES
    for (i : 0 .. READINGS - 1) { run Write(i) }
#endif
    for (i : 0 .. BATCHES - 1) {
      run Show(i);
      run Ledger(i);
      run Receive(i);
      run Act(i)
    }
  }
}
