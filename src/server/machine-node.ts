import {
  DataType,
  type IAddressSpace,
  type INamespace,
  LocalizedText,
  type UAObject,
  type UAObjectType,
  type UAVariable,
  StatusCodes,
  type VariantLike,
} from 'node-opcua';
import { MACHINE_ID } from '../nodeset/index.ts';

export const DI_URI = 'http://opcfoundation.org/UA/DI/';
const MACHINERY_URI = 'http://opcfoundation.org/UA/Machinery/';
/** OPC UA for Machinery, clause 9.2. */
const MACHINES_ID = 'i=1001';

/** The machine that the module stands at (OPC UA for Machinery, clause 8). */
export interface MachineIdentification {
  readonly name: string;
  readonly manufacturer: string;
  readonly serialNumber: string;
  /** Globally unique URI of the machine; made from manufacturer and serial number where absent. */
  readonly productInstanceUri?: string | undefined;
  readonly model?: string | undefined;
}

export interface MachineNodes {
  readonly machine: UAObject;
  /** The folder of its components (OPC UA for Machinery, clause 10). */
  readonly components: UAObject;
}

/** Where instances are made. */
export interface InstanceSpace {
  readonly space: IAddressSpace;
  readonly namespace: INamespace;
}

/** Adds the machine with its identification under Machines (OPC UA for Machinery, clauses 8 and 9). */
export function addMachine(place: InstanceSpace, machine: MachineIdentification, nowMs: number): MachineNodes {
  const { namespace, space } = place;
  const machineryIndex = space.getNamespaceIndex(MACHINERY_URI);
  const machines = space.findNode(`ns=${machineryIndex};${MACHINES_ID}`);
  if (machines === null) throw new Error('The nodesets have no Machines folder.');
  const node = namespace.addObject({
    browseName: { name: machine.name, namespaceIndex: namespace.index },
    nodeId: MACHINE_ID,
    description: text('The machine that the module stands at.'),
    organizedBy: machines,
    typeDefinition: 'BaseObjectType',
  });
  const identification = typeOf(space, 'MachineIdentificationType').instantiate({
    browseName: { name: 'Identification', namespaceIndex: space.getNamespaceIndex(DI_URI) },
    nodeId: `${MACHINE_ID}-Identification`,
    namespace,
    addInOf: node,
    optionals: machine.model === undefined ? [] : ['Model'],
  });
  identify(identification, machine, nowMs);
  const components = typeOf(space, 'MachineComponentsType').instantiate({
    browseName: { name: 'Components', namespaceIndex: machineryIndex },
    nodeId: `${MACHINE_ID}-Components`,
    namespace,
    addInOf: node,
  });
  return { machine: node, components };
}

function identify(identification: UAObject, machine: MachineIdentification, nowMs: number): void {
  const { manufacturer, serialNumber, model } = machine;
  const uri = machine.productInstanceUri ?? `urn:${encodeURIComponent(manufacturer)}:${encodeURIComponent(serialNumber)}`;
  const set = (name: string, value: VariantLike) => {
    (identification.getChildByName(name) as UAVariable).setValueFromSource(value, StatusCodes.Good, new Date(nowMs));
  };
  set('Manufacturer', { dataType: DataType.LocalizedText, value: { text: manufacturer } });
  set('SerialNumber', { dataType: DataType.String, value: serialNumber });
  set('ProductInstanceUri', { dataType: DataType.String, value: uri });
  if (model !== undefined) set('Model', { dataType: DataType.LocalizedText, value: { text: model } });
}

function typeOf(space: IAddressSpace, name: string): UAObjectType {
  const type = space.findObjectType(name, space.getNamespaceIndex(MACHINERY_URI));
  if (type === null) throw new Error(`The nodesets have no ${name}.`);
  return type;
}

function text(english: string): LocalizedText {
  return new LocalizedText({ locale: 'en', text: english });
}
