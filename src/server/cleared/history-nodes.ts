import {
  AccessLevelFlag,
  DataType,
  type IAddressSpace,
  type INamespace,
  LocalizedText,
  makeAccessLevelFlag,
  type UAObject,
  type UAObjectType,
  type UAVariable,
} from 'node-opcua';
import { channelNodeId, streamChildId } from '../../nodeset/index.ts';
import { type Condition, conditionsOf } from './conditions.ts';
import type { ChannelLayout } from './contract.ts';
import { HISTORIZED, type Historized } from './history-values.ts';
import { setProperty } from './variables.ts';

/** A variable whose history can be read. */
export interface HistorizedNode {
  readonly variable: UAVariable;
  readonly name: Historized;
  /** Place of its stream in the agreement. */
  readonly stream: number;
  readonly conditions: ReadonlyMap<number, Condition>;
}

const READABLE = makeAccessLevelFlag(AccessLevelFlag.CurrentRead | AccessLevelFlag.HistoryRead);

/** Declares that the streams' variables have a history, and of which kind. Gives them by NodeId. */
export function historizedNodes(
  addressSpace: IAddressSpace,
  namespace: INamespace,
  config: Pick<ChannelLayout, 'channel' | 'streams'>,
): ReadonlyMap<string, HistorizedNode> {
  const configuration = historyConfiguration(addressSpace, namespace, config.channel.name);
  const nodes = new Map<string, HistorizedNode>();
  for (const [place, stream] of config.streams.entries()) {
    const conditions = conditionsOf(stream);
    for (const name of HISTORIZED) {
      const variable = addressSpace.findNode(
        `ns=${namespace.index};${streamChildId(config.channel.name, stream.name, name)}`,
      ) as UAVariable;
      variable.accessLevel = READABLE;
      variable.userAccessLevel = READABLE;
      variable.historizing = true;
      variable.addReference({ referenceType: 'HasHistoricalConfiguration', nodeId: configuration, isForward: true });
      nodes.set(variable.nodeId.toString(), { variable, name, stream: place, conditions });
    }
  }
  return nodes;
}

/** One object serves all streams: they are shown together (OPC UA Part 11, clause 5.2.3). */
function historyConfiguration(addressSpace: IAddressSpace, namespace: INamespace, channel: string): UAObject {
  const type = addressSpace.findObjectType('HistoricalDataConfigurationType') as UAObjectType;
  const object = type.instantiate({
    browseName: { name: 'HA Configuration', namespaceIndex: 0 },
    displayName: new LocalizedText({ locale: 'en', text: 'HA Configuration' }),
    description: new LocalizedText({ locale: 'en', text: 'What kind of history the variables of the streams have.' }),
    nodeId: `${channelNodeId(channel)}-HistoryConfiguration`,
    namespace,
    componentOf: addressSpace.findNode(`ns=${namespace.index};${channelNodeId(channel)}`) as UAObject,
  });
  // A condition holds until the next grid point says otherwise.
  setProperty(object, 'Stepped', { dataType: DataType.Boolean, value: true });
  return object;
}
