import type { Clock } from '../core/index.ts';
import type { SenderStore } from '../store/index.ts';
import { CacheKeeper, cachePolicy, type CacheTerms, type DroppedRun } from '../transfer/index.ts';
import type { ModuleListener } from './events.ts';

/** Of a channel in the owner's configuration. */
export interface CacheConfig extends CacheTerms {
  /** False: deliveries without a receipt are not put on the ledger. */
  readonly deposit?: boolean;
}

export interface ChannelCacheParts {
  readonly config: CacheConfig | undefined;
  readonly store: SenderStore;
  readonly clock: Clock;
  readonly listener: ModuleListener;
  /** The state of a batch changed. */
  readonly changed: (n: number) => void;
}

/** The keeper of a channel's cache, which tells the module's operator what it does. */
export function channelCache({ config, store, clock, listener, changed }: ChannelCacheParts): CacheKeeper {
  const policy = cachePolicy(config);
  return new CacheKeeper({
    policy,
    store,
    clock,
    listener: {
      dropped: (run) => {
        listener({ event: 'dropped', ...run });
        for (const n of expired(run)) changed(n);
      },
      full: (because) => listener({ event: 'cache-full', because, atLimit: policy.atLimit }),
      free: () => listener({ event: 'cache-free' }),
    },
  });
}

/** Without its readings a batch is for the manufacturer what it was. */
function expired({ what, fromBatch, toBatch }: DroppedRun): number[] {
  return what === 'delivery' ? Array.from({ length: toBatch - fromBatch + 1 }, (_, index) => fromBatch + index) : [];
}
