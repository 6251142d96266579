import { PROTOCOL_VERSIONS } from '../../core/index.ts';
import { INSTANCE_URI } from '../../nodeset/index.ts';
import type { MachineIdentification } from '../machine-node.ts';
import type { ClearedServerConfig } from './cleared-config.ts';
import { type ChannelLayout, METHOD_NAMES, type StartConfig } from './contract.ts';

/** The least of the severities that OPC UA Part 9 calls medium. */
const ALARM_FROM = 401;

/** What a cleared server's nodes are made of. */
export type LayoutConfig = Pick<
  ClearedServerConfig,
  'machine' | 'alarmFrom' | 'channel' | 'streams' | 'methods' | 'locale' | 'instanceUri'
>;

/** The nodes of a server that has shown nothing yet; with what is absent filled in. */
export function layoutOf(config: LayoutConfig): ChannelLayout {
  return {
    machine: machineOf(config.machine),
    alarmFrom: config.alarmFrom ?? ALARM_FROM,
    channel: { ...config.channel, protocolVersions: [...(config.channel.protocolVersions ?? PROTOCOL_VERSIONS)] },
    streams: config.streams.map((stream) => ({ ...stream, conditions: [...stream.conditions] })),
    methods: [...(config.methods ?? METHOD_NAMES)],
    locale: config.locale ?? 'en',
    instanceUri: config.instanceUri ?? INSTANCE_URI,
    shown: [],
    states: [],
    alarms: [],
  };
}

function machineOf({ name, manufacturer, serialNumber, productInstanceUri, model }: MachineIdentification): StartConfig['machine'] {
  return {
    name,
    manufacturer,
    serialNumber,
    ...(productInstanceUri === undefined ? {} : { productInstanceUri }),
    ...(model === undefined ? {} : { model }),
  };
}
