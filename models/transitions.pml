/*
 * The transitions of a batch that a module logs. batch-protocol.pml includes this table and may take no other step;
 * scripts/models/transition-table.ts reads it for the trace check. So there is one table, and one line for each entry.
 *
 * TRACK(name, module, first state): a part of a batch's state that one module keeps, in its first state from the start.
 * TRANSITION(event, track, from, to, needs): the track goes from one of the states `from` to `to`. `needs` joins with &&:
 *   SAME(track, states)    another track of the same batch is in one of these states
 *   BEFORE(track, states)  the track of the batch before is in one of these states; true for batch 0
 *   ALWAYS                 nothing else
 * JOINED(event, next): one durable step does both, so that a crash between them is impossible.
 */

TRACK(number,   owner,    Free)
TRACK(display,  owner,    Hidden)
TRACK(ledger,   owner,    Sealed)
TRACK(delivery, owner,    Waiting)
TRACK(receipt,  receiver, Missing)
TRACK(action,   receiver, Idle)

/*         event          track     from               to             needs */
TRANSITION(sealed,        number,   Free,              Taken,         BEFORE(number, Taken))
TRANSITION(published,     display,  Hidden,            Shown,         SAME(number, Taken))
TRANSITION(submitted,     ledger,   Sealed|Refused,    Submitted,     SAME(number, Taken) && BEFORE(ledger, Anchored|Failed))
TRANSITION(refused,       ledger,   Submitted|Refused, Refused,       ALWAYS)
TRANSITION(anchored,      ledger,   Submitted|Refused, Anchored,      ALWAYS)
TRANSITION(failed,        ledger,   Submitted|Refused, Failed,        ALWAYS)
TRANSITION(delivered,     delivery, Waiting,           Delivered,     SAME(number, Taken) && BEFORE(receipt, Acknowledged))
TRANSITION(receipted,     delivery, Delivered,         Receipted,     SAME(receipt, Countersigned))
TRANSITION(stored,        receipt,  Missing,           Stored,        SAME(delivery, Delivered))
TRANSITION(countersigned, receipt,  Stored,            Countersigned, ALWAYS)
TRANSITION(acknowledged,  receipt,  Countersigned,     Acknowledged,  SAME(delivery, Receipted))
TRANSITION(action,        action,   Idle|Acting,       Acting,        SAME(receipt, Countersigned|Acknowledged))
TRANSITION(acted,         action,   Acting,            Done,          ALWAYS)

JOINED(stored, countersigned)
