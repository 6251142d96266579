import {
  DataType,
  EventNotifierFlags,
  LocalizedText,
  StatusCodes,
  type UADataType,
  type UAObject,
  type UAObjectType,
  type UAVariable,
} from 'node-opcua';
import { DEVICE_HEALTH_ALARMS_ID, DEVICE_HEALTH_ID } from '../../nodeset/index.ts';
import { addMachine, DI_URI, type InstanceSpace } from '../machine-node.ts';
import type { StartConfig } from './contract.ts';
import { readOnly } from './variables.ts';

/** DeviceHealthEnumeration (OPC UA for Devices, clause 4.5.4), as far as conditions tell it. */
export const DEVICE_HEALTH = { NORMAL: 0, CHECK_FUNCTION: 2, MAINTENANCE_REQUIRED: 4 } as const;
export type DeviceHealth = keyof typeof DEVICE_HEALTH;

/** The machine of the cleared server: whose health it is, where its alarms are listed, and the channel as its component. */
export class MachineNodes {
  readonly object: UAObject;
  readonly #health: UAVariable;
  readonly #alarms: UAObject;

  constructor(place: InstanceSpace, machine: StartConfig['machine'], nowMs: number) {
    const nodes = addMachine(place, machine, nowMs);
    this.object = nodes.machine;
    this.#components = nodes.components;
    this.object.setEventNotifier(EventNotifierFlags.SubscribeToEvents);
    place.space.rootFolder.objects.server.addReference({ referenceType: 'HasNotifier', nodeId: this.object });
    const { health, alarms } = addDeviceHealth(place, this.object);
    this.#health = health;
    this.#alarms = alarms;
  }

  readonly #components: UAObject;

  /** The channel is one of the machine's components and passes its events on to the machine. */
  addChannel(channel: UAObject): void {
    this.#components.addReference({ referenceType: 'Organizes', nodeId: channel });
    this.object.addReference({ referenceType: 'HasNotifier', nodeId: channel });
  }

  addAlarm(alarm: UAObject): void {
    this.#alarms.addReference({ referenceType: 'Organizes', nodeId: alarm });
  }

  /** @param atMs grid time, ms since 1970 UTC */
  show(health: DeviceHealth, atMs: number): void {
    this.#health.setValueFromSource({ dataType: DataType.Int32, value: DEVICE_HEALTH[health] }, StatusCodes.Good, new Date(atMs));
  }
}

/** The interface IDeviceHealthType (OPC UA for Devices, clause 4.5.4) on a machine. */
function addDeviceHealth({ space, namespace }: InstanceSpace, machine: UAObject): { health: UAVariable; alarms: UAObject } {
  const di = space.getNamespaceIndex(DI_URI);
  const type = space.findObjectType('IDeviceHealthType', di) as UAObjectType;
  const dataType = space.findDataType('DeviceHealthEnumeration', di) as UADataType;
  machine.addReference({ referenceType: 'HasInterface', nodeId: type });
  const health = namespace.addVariable({
    browseName: { name: 'DeviceHealth', namespaceIndex: di },
    nodeId: DEVICE_HEALTH_ID,
    description: text('How the machine is, as far as the conditions of this channel tell.'),
    componentOf: machine,
    typeDefinition: 'BaseDataVariableType',
    dataType: dataType.nodeId,
  });
  readOnly(health);
  health.setValueFromSource({ dataType: 'Null' }, StatusCodes.BadWaitingForInitialData, new Date());
  const alarms = namespace.addObject({
    browseName: { name: 'DeviceHealthAlarms', namespaceIndex: di },
    nodeId: DEVICE_HEALTH_ALARMS_ID,
    description: text('The alarms of all streams.'),
    componentOf: machine,
    typeDefinition: 'FolderType',
  });
  return { health, alarms };
}

function text(english: string): LocalizedText {
  return new LocalizedText({ locale: 'en', text: english });
}
