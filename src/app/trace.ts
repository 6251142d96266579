/** What a module does to a batch, as models/transitions.pml names it. */
export type BatchTransition =
  | 'sealed'
  | 'published'
  | 'submitted'
  | 'refused'
  | 'anchored'
  | 'failed'
  | 'delivered'
  | 'receipted'
  | 'stored'
  | 'countersigned'
  | 'acknowledged';

/**
 * One line of a module's trace (models/README.md): each durable step of a batch. It says nothing of values and conditions,
 * but when a batch was sealed, which only the module's own operator may know.
 */
export type TraceEvent =
  | { readonly kind: 'started'; readonly module: 'owner' | 'receiver' }
  | { readonly kind: BatchTransition; readonly n: number }
  /** `key` tells several actions of one batch apart. */
  | { readonly kind: 'action' | 'acted'; readonly n: number; readonly key: string };

/**
 * Told synchronously, right after the step is durable and before anything of it can be seen. What it throws is the
 * module's: a trace is for those who test the module, not for its operator.
 */
export type Trace = (event: TraceEvent) => void;
