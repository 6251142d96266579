import type { LocalizedText } from '../policy/index.ts';
import type { RefusedBecause } from '../server/index.ts';

/** One stream's condition as both sides may know it. */
export interface ConditionSeen {
  readonly stream: string;
  readonly code: number;
  readonly text: LocalizedText;
  /** 1 to 1000. */
  readonly importance: number;
}

/** Which certificate was refused though it is vouched for, by which of our applications, and why. */
export interface RefusedCertificate {
  readonly application: string;
  /** SHA-256, lower-case hexadecimal. */
  readonly thumbprint: string;
  readonly because: RefusedBecause;
}

/**
 * What a module tells its operator, one event at a time. No event carries a raw value, a key or a seed; those of the
 * owner's module count readings and so are for the owner alone.
 */
export type ModuleEvent = ChannelEvent & {
  /** Name of the channel that it is about, where the module has several. */
  readonly channelName?: string;
};

type ChannelEvent =
  | { readonly event: 'started'; readonly endpoints: Readonly<Record<string, string>> }
  | { readonly event: 'waiting'; readonly for: string }
  | { readonly event: 'running'; readonly channel: string; readonly interval: number; readonly nextGridMs: number }
  | {
      readonly event: 'sealed';
      readonly n: number;
      readonly interval: number;
      readonly row: number;
      readonly readings: number;
      readonly refused: number;
    }
  | { readonly event: 'cleared'; readonly n: number; readonly interval: number; readonly conditions: readonly ConditionSeen[] }
  | {
      readonly event: 'anchored';
      readonly n: number;
      readonly transaction: string;
      readonly block: number;
      readonly marks: readonly string[];
      readonly header: string;
      readonly tokens: readonly string[];
    }
  | { readonly event: 'delivered'; readonly n: number }
  | { readonly event: 'receipted'; readonly n: number }
  /** The delivery of a batch without a receipt is on the ledger: from that block on it counts as delivered. */
  | { readonly event: 'deposited'; readonly n: number }
  /** Readings and seeds of so many batches are gone for good: the agreed retention is over. */
  | { readonly event: 'erased'; readonly batches: number }
  /** Of these batches (both included) readings and seeds, or the deliveries too, were given up: the cache was over a limit. */
  | {
      readonly event: 'dropped';
      readonly what: 'readings' | 'delivery';
      readonly because: 'bytes' | 'batches' | 'age';
      readonly fromBatch: number;
      readonly toBatch: number;
    }
  /** With `stop` no value is taken from now on, until `cache-free`. */
  | {
      readonly event: 'cache-full';
      readonly because: 'bytes' | 'batches' | 'age';
      readonly atLimit: 'stop' | 'dropOldest' | 'dropNewest';
    }
  | { readonly event: 'cache-free' }
  | {
      readonly event: 'received';
      readonly n: number;
      readonly interval: number;
      readonly row: number;
      readonly via: 'delivery' | 'ledger';
      readonly conditions: readonly ConditionSeen[];
    }
  | { readonly event: 'acknowledged'; readonly n: number }
  | { readonly event: 'epoch-record'; readonly k: number; readonly step: 'proposed' | 'countersigned' | 'committed' }
  | { readonly event: 'action'; readonly key: string; readonly state: 'done' | 'failed' | 'retry'; readonly message: string }
  /** The ledger has what the module claimed there; `transaction` is empty where it had it already. */
  | { readonly event: 'claimed'; readonly claim: string; readonly transaction: string }
  | { readonly event: 'link'; readonly state: string; readonly message: string }
  /** An OPC UA application was refused because its certificate is not trusted; it waits in `rejected/`. */
  | { readonly event: 'stranger'; readonly application: string; readonly name: string; readonly thumbprint: string }
  /** A client of a cleared server wrote or called. The commitment hides what; empty where many were only counted, in `nodes`. */
  | {
      readonly event: 'audited';
      readonly server: 'cleared' | 'applications';
      readonly service: 'Write' | 'Call';
      /** `x509:` and thumbprint, or user name. */
      readonly user: string;
      /** Empty for a write. */
      readonly method: string;
      readonly status: string;
      readonly nodes: number;
      readonly commitment: string;
    }
  /** A server refused so many requests, or operations of requests, within about a second. */
  | {
      readonly event: 'refused';
      readonly server: 'ingest' | 'cleared' | 'applications';
      readonly service: string;
      readonly status: string;
      readonly count: number;
    }
  | { readonly event: 'finding'; readonly n: number; readonly code: string; readonly message: string }
  /** The module can't go on and takes no more values. */
  | { readonly event: 'failed'; readonly message: string; readonly code?: string }
  /** One of several channels can't go on; the module takes values for the others. */
  | { readonly event: 'channel-failed'; readonly message: string; readonly code?: string }
  | { readonly event: 'warning'; readonly code: string; readonly message: string; readonly certificate?: RefusedCertificate }
  | { readonly event: 'stopped'; readonly sealed: number; readonly anchored: number; readonly receipted: number };

export type ModuleListener = (event: ModuleEvent) => void;
