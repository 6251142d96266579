import { type Deadband, PlcSubscription, type PlcTag } from '../client/index.ts';
import { RejectedError } from '../core/index.ts';
import type { ApplicationIdentity, OfferedReading } from '../server/index.ts';
import type { ConfigErrorCode, OwnerConfig, PlcConfig, PlcNodeConfig } from './config.ts';
import { dialledNames } from './dialled-names.ts';
import type { ModuleListener } from './events.ts';
import { linkOptions, linkTeller, trustListOf, type TrustPlace } from './link-access.ts';
import { renewingIdentity } from './own-identity.ts';

export interface PlcFeed {
  /** Offers a reading to the same checks that a write passes. */
  readonly feed: (tag: string, offered: OfferedReading) => void;
  readonly refuse: (tag: string) => void;
  /** Readings may be missing. */
  readonly gap: () => void;
  readonly listener: ModuleListener;
}

/** The configured PLCs, none to 16. */
export function plcsOf({ plc }: OwnerConfig['ingest']): readonly PlcConfig[] {
  if (plc === undefined) return [];
  return isList(plc) ? plc : [plc];
}

function isList(plc: PlcConfig | readonly PlcConfig[]): plc is readonly PlcConfig[] {
  return Array.isArray(plc);
}

/** A tag has one source, and a node one deadband. @throws RejectedError `BAD_CONFIG` */
export function requireSoundPlcs(plcs: readonly PlcConfig[]): void {
  const source = new Map<string, string>();
  for (const { endpointUrl, nodes } of plcs) {
    for (const [tag, node] of Object.entries(nodes)) {
      const other = source.get(tag);
      if (other !== undefined)
        throw badPlc(`the tag "${tag}" comes from ${other} and from ${endpointUrl}`, 'Take it from one: a reading tells no source.');
      source.set(tag, endpointUrl);
      if (typeof node !== 'string' && node.deadband !== undefined && node.deadbandPercent !== undefined)
        throw badPlc(`the node of "${tag}" has both deadband and deadbandPercent`, 'Keep one.');
    }
  }
}

function badPlc(what: string, remedy: string): RejectedError<ConfigErrorCode> {
  return new RejectedError('BAD_CONFIG', `"ingest.plc" of the configuration: ${what}. ${remedy}`);
}

/** Subscribes to every configured PLC's own server: the alternative to PLCs that write. */
export function followPlcs({ ingest, ...place }: Pick<OwnerConfig, 'ingest' | 'pki' | 'crl'>, feed: PlcFeed): { stop(): Promise<void> } {
  const plcs = plcsOf(ingest);
  const identity = renewingIdentity(place.pki, 'ingest', dialledNames(ingest));
  const subscriptions = plcs.map((plc) =>
    follow(plc, { ...place, identity }, plcs.length === 1 ? 'the PLC' : `the PLC at ${plc.endpointUrl}`, feed),
  );
  return { stop: async () => void (await Promise.all(subscriptions.map((subscription) => subscription.stop()))) };
}

interface PlcClient extends TrustPlace {
  readonly identity: () => ApplicationIdentity;
}

function follow(plc: PlcConfig, place: PlcClient, name: string, { feed, refuse, gap, listener }: PlcFeed): PlcSubscription {
  const link = linkOptions(plc.endpointUrl, place.identity, trustListOf(place, 'ingest', listener), plc.user);
  const tags = Object.entries(plc.nodes).map(([tag, node]) => plcTag(tag, node, plc.samplingMs));
  const publishing = plc.publishingMs === undefined ? {} : { publishingMs: plc.publishingMs };
  const subscription = new PlcSubscription(
    { ...link, ...publishing, tags },
    {
      reading: ({ tag, ...offered }) => feed(tag, offered),
      gap: ({ fromMs, toMs }) => {
        gap();
        const message = `Readings of ${name} may be missing for ${toMs - fromMs} ms. The batch's gap record says so.`;
        listener({ event: 'warning', code: 'PLC_GAP', message });
      },
      refused: (tag) => refuse(tag),
      state: linkTeller(name, listener),
    },
  );
  void subscription.startPatiently();
  return subscription;
}

function plcTag(tag: string, node: PlcNodeConfig, samplingMs: number | undefined): PlcTag {
  const { deadband, deadbandPercent, ...given } = typeof node === 'string' ? { nodeId: node } : node;
  return { tag, ...(samplingMs === undefined ? {} : { samplingMs }), ...given, ...deadbandOf(deadband, deadbandPercent) };
}

function deadbandOf(absolute: number | undefined, percent: number | undefined): { readonly deadband?: Deadband } {
  if (absolute !== undefined) return { deadband: { kind: 'absolute', value: absolute } };
  return percent === undefined ? {} : { deadband: { kind: 'percent', value: percent } };
}
