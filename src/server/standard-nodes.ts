import {
  DataType,
  type IAddressSpace,
  type INamespace,
  LocalizedText,
  makePermissionFlag,
  ObjectIds,
  resolveNodeId,
  type UAObjectType,
  type UAVariable,
  VariableIds,
  type VariantOptions,
  WellKnownRoles,
} from 'node-opcua';
import { DCMB_NODESET_DATE, DCMB_NODESET_VERSION, DCMB_URI, METHOD_DESCRIPTIONS, METHODS } from '../nodeset/index.ts';

/*
 * What every session may see of the nodes that come with nodesets. Servers deny what nothing is declared for, and the
 * standard nodesets declare little.
 */

/** Node-opcua's own namespace: it holds the diagnostics objects of sessions. */
const SERVER_NAMESPACE = 1;

/** Who connects, from where and how much it reads or writes is nobody else's business (OPC UA Part 5, clause 6.3.3). */
const PRIVATE_NODES: readonly number[] = [
  ObjectIds.Server_ServerDiagnostics_SessionsDiagnosticsSummary,
  VariableIds.Server_ServerDiagnostics_SessionsDiagnosticsSummary_SessionDiagnosticsArray,
  VariableIds.Server_ServerDiagnostics_SessionsDiagnosticsSummary_SessionSecurityDiagnosticsArray,
  VariableIds.Server_ServerDiagnostics_SubscriptionDiagnosticsArray,
  VariableIds.Server_ServerDiagnostics_SamplingIntervalDiagnosticsArray,
];

/** Every session stands on the role Anonymous, whoever its user is (OPC UA Part 18, clause 4.2). */
const EVERYBODY = { roleId: resolveNodeId(WellKnownRoles.Anonymous), permissions: makePermissionFlag('Browse | Read | ReceiveEvents') };
const NOBODY = { roleId: resolveNodeId(WellKnownRoles.Anonymous), permissions: 0 };

/** Opens types and standard objects to every session; diagnostics of sessions are for nobody. Call it before instances are made. */
export function openStandardNodes(addressSpace: IAddressSpace): void {
  for (const namespace of addressSpace.getNamespaceArray()) {
    namespace.setDefaultRolePermissions([namespace.index === SERVER_NAMESPACE ? NOBODY : EVERYBODY]);
  }
  for (const id of PRIVATE_NODES) addressSpace.findNode(resolveNodeId(id))?.setRolePermissions([NOBODY]);
}

/**
 * Gives our methods the descriptions that node-opcua leaves out when it loads a nodeset. Instances copy them from their
 * type: call it before they are made.
 */
export function describeMethods(addressSpace: IAddressSpace): void {
  const index = addressSpace.getNamespaceIndex(DCMB_URI);
  for (const [name, text] of Object.entries(METHOD_DESCRIPTIONS)) {
    const method = addressSpace.findNode(`ns=${index};${METHODS[name as keyof typeof METHODS]}`);
    method?.setDescription(new LocalizedText({ locale: 'en', text }));
  }
}

/** Describes the namespace of instances under Server/Namespaces (OPC UA Part 5, clause 6.3.14). */
export function describeInstanceNamespace(addressSpace: IAddressSpace, namespace: INamespace): void {
  const metadataType = addressSpace.findObjectType('NamespaceMetadataType') as UAObjectType;
  const metadata = metadataType.instantiate({
    browseName: { name: namespace.namespaceUri, namespaceIndex: namespace.index },
    nodeId: 's=Namespace',
    description: new LocalizedText({
      locale: 'en',
      text: 'What the namespace of the instances is: its version and which of its NodeIds never change.',
    }),
    namespace,
    componentOf: resolveNodeId(ObjectIds.Server_Namespaces),
  });
  const set = (name: string, value: VariantOptions): void => {
    const property = metadata.getChildByName(name) as UAVariable;
    property.setValueFromSource(value);
    property.setRolePermissions([EVERYBODY]);
  };
  metadata.setRolePermissions([EVERYBODY]);
  set('NamespaceUri', { dataType: DataType.String, value: namespace.namespaceUri });
  set('NamespaceVersion', { dataType: DataType.String, value: DCMB_NODESET_VERSION });
  set('NamespacePublicationDate', { dataType: DataType.DateTime, value: new Date(DCMB_NODESET_DATE) });
  set('IsNamespaceSubset', { dataType: DataType.Boolean, value: false });
  set('StaticStringNodeIdPattern', { dataType: DataType.String, value: '%' });
}
