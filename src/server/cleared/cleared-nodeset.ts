import {
  AddressSpace,
  type BaseNode,
  DataType,
  EnumValueType,
  generateAddressSpace,
  LocalizedText,
  NodeClass,
  StatusCodes,
  type UAAlarmConditionEx,
  type UAObject,
  type UAVariable,
} from 'node-opcua';
import { nodesetFiles, silenceStackLog } from '../../nodeset/index.ts';
import { finishFixedInstances } from '../instance-texts.ts';
import { type LayoutConfig, layoutOf } from './channel-layout.ts';
import { ChannelNodes } from './channel-nodes.ts';
import { historizedNodes } from './history-nodes.ts';
import { inLanguage, type Locale } from './locales.ts';

/** Which edition of the nodes it is. */
export interface NodesetEdition {
  readonly version: string;
  /** ms since 1970 UTC */
  readonly publishedMs: number;
}

/** Index 1 is a server's own namespace: with it, the others have the indexes that they have on a server. */
const SERVER_URI = 'urn:dcmb:server';

const UNKNOWN = [{ dataType: DataType.Null }, StatusCodes.BadWaitingForInitialData] as const;

/**
 * The nodes of a cleared server as NodeSet2 (OPC UA Part 6, Annex F), made by the same code as the server's: for engineering
 * before there is a connection. It holds what the agreement and the machine's identification fix, and no other value. Roles
 * and NamespaceMetadata are a server's own and not in it.
 */
export async function clearedNodeset(config: LayoutConfig, { version, publishedMs }: NodesetEdition): Promise<string> {
  silenceStackLog();
  const layout = layoutOf(config);
  const space = AddressSpace.create();
  try {
    space.registerNamespace(SERVER_URI);
    await generateAddressSpace(space, nodesetFiles());
    space.installAlarmsAndConditionsService();
    const namespace = space.registerNamespace(layout.instanceUri);
    const nodes = new ChannelNodes(space, namespace, layout, () => undefined);
    historizedNodes(space, namespace, layout);
    finishFixedInstances(namespace, new Date(publishedMs));
    for (const alarm of nodes.alarms) forgetState(alarm);
    for (const node of namespace.nodeIterator()) speakOne(node, layout.locale);
    namespace.version = version;
    namespace.publicationDate = new Date(publishedMs);
    return plain(namespace.toNodeset2XML());
  } finally {
    space.dispose();
  }
}

/** The state of an alarm is none of engineering's. */
function forgetState(alarm: UAAlarmConditionEx): void {
  forgetValues(alarm);
  // node-opcua has set it to the time at which the values before it went.
  alarm.enabledState.effectiveTransitionTime?.setValueFromSource(...UNKNOWN);
}

function forgetValues(node: UAObject | UAVariable): void {
  for (const child of node.getAggregates()) {
    if (child.nodeClass !== NodeClass.Variable) continue;
    const variable = child as UAVariable;
    variable.setValueFromSource(...UNKNOWN);
    forgetValues(variable);
  }
}

/** A file has no session: its texts are in one language. */
function speakOne(node: BaseNode, locale: Locale): void {
  node.setDisplayName(inLanguage(node.displayName[0] ?? new LocalizedText({}), locale));
  if (node.nodeClass !== NodeClass.Variable) return;
  const variable = node as UAVariable;
  const { value } = variable.readValue();
  const list: unknown = value.value;
  if (!Array.isArray(list) || !(list[0] instanceof EnumValueType)) return;
  const translated = (list as EnumValueType[]).map(
    ({ value: code, displayName, description }) =>
      new EnumValueType({ value: code, displayName: inLanguage(displayName, locale), description: inLanguage(description, locale) }),
  );
  variable.setValueFromSource({ dataType: DataType.ExtensionObject, arrayType: value.arrayType, value: translated });
}

/** Without node-opcua's own comments, data types by NodeId, dates without parts of a second: what all readers understand. */
function plain(xml: string): string {
  const aliases = new Map([...xml.matchAll(/<Alias Alias="([^"]+)">([^<]+)<\/Alias>/g)].map(([, name = '', id = '']) => [name, id]));
  return xml
    .replaceAll(/^\s*<!--.*-->\s*\n/gm, '')
    .replaceAll(/^\s*<Alias Alias="\d+:[^"]+">.*<\/Alias>\n/gm, '')
    .replaceAll(/(PublicationDate="[^"]*)\.\d{3}Z"/g, '$1Z"')
    .replaceAll(/DataType="(\d+:[^"]+)"/g, (text, name: string) => (aliases.has(name) ? `DataType="${aliases.get(name)}"` : text));
}
