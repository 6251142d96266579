import { DataType, type UAObject } from 'node-opcua';
import { MACHINE_ID } from '../../nodeset/index.ts';
import { childVariable, type DcmbSpace, show } from './dcmb-space.ts';
import type { MachineIdentification } from './types.ts';

const DI_URI = 'http://opcfoundation.org/UA/DI/';
const MACHINERY_URI = 'http://opcfoundation.org/UA/Machinery/';
/** OPC UA for Machinery, clause 9.2. */
const MACHINES_ID = 'i=1001';

/**
 * Adds the machine with its identification under Machines (OPC UA for Machinery, clauses 8 and 9).
 * @returns the folder of its components (clause 10), where the module belongs
 */
export function addMachine(model: DcmbSpace, machine: MachineIdentification, nowMs: number): UAObject {
  const { namespace, space } = model;
  const machineryIndex = model.indexOf(MACHINERY_URI);
  const machines = space.findNode(`ns=${machineryIndex};${MACHINES_ID}`);
  if (machines === null) throw new Error('The nodesets have no Machines folder.');
  const node = namespace.addObject({
    browseName: { name: machine.name, namespaceIndex: namespace.index },
    nodeId: MACHINE_ID,
    organizedBy: machines,
    typeDefinition: 'BaseObjectType',
  });
  const identification = model.foreignType(MACHINERY_URI, 'MachineIdentificationType').instantiate({
    browseName: { name: 'Identification', namespaceIndex: model.indexOf(DI_URI) },
    nodeId: `${MACHINE_ID}-Identification`,
    namespace,
    addInOf: node,
  });
  identify(identification, machine, nowMs);
  return model.foreignType(MACHINERY_URI, 'MachineComponentsType').instantiate({
    browseName: { name: 'Components', namespaceIndex: machineryIndex },
    nodeId: `${MACHINE_ID}-Components`,
    namespace,
    addInOf: node,
  });
}

function identify(identification: UAObject, machine: MachineIdentification, nowMs: number): void {
  const { manufacturer, serialNumber } = machine;
  const uri = machine.productInstanceUri ?? `urn:${encodeURIComponent(manufacturer)}:${encodeURIComponent(serialNumber)}`;
  show(childVariable(identification, 'Manufacturer'), { dataType: DataType.LocalizedText, value: { text: manufacturer } }, nowMs);
  show(childVariable(identification, 'SerialNumber'), { dataType: DataType.String, value: serialNumber }, nowMs);
  show(childVariable(identification, 'ProductInstanceUri'), { dataType: DataType.String, value: uri }, nowMs);
}
