import { PlcSubscription } from '../client/index.ts';
import type { OfferedReading } from '../server/index.ts';
import type { OwnerConfig } from './config.ts';
import type { ModuleListener } from './events.ts';
import { linkOptions, linkTeller, trustListOf } from './link-access.ts';
import { loadIdentity } from './plant-identities.ts';

export interface PlcFeed {
  /** Offers a reading to the same checks that a write passes. */
  readonly feed: (tag: string, offered: OfferedReading) => void;
  readonly refuse: (tag: string) => void;
  /** Readings may be missing. */
  readonly gap: () => void;
  readonly listener: ModuleListener;
}

/** Subscribes to a PLC's own server where one is configured: the alternative to a PLC that writes. */
export function followPlc({ ingest: { plc }, pki }: OwnerConfig, { feed, refuse, gap, listener }: PlcFeed): PlcSubscription | undefined {
  if (plc === undefined) return undefined;
  const link = linkOptions(plc.endpointUrl, loadIdentity(pki, 'ingest'), trustListOf(pki, 'ingest', listener), plc.user);
  const sampling = plc.samplingMs === undefined ? {} : { samplingMs: plc.samplingMs };
  const tags = Object.entries(plc.nodes).map(([tag, nodeId]) => ({ tag, nodeId, ...sampling }));
  const subscription = new PlcSubscription(
    { ...link, tags },
    {
      reading: ({ tag, ...offered }) => feed(tag, offered),
      gap: ({ fromMs, toMs }) => {
        gap();
        listener({
          event: 'warning',
          code: 'PLC_GAP',
          message: `Readings of the PLC may be missing for ${toMs - fromMs} ms. The batch's gap record says so.`,
        });
      },
      refused: (tag) => refuse(tag),
      state: linkTeller('the PLC', listener),
    },
  );
  void subscription.startPatiently();
  return subscription;
}
