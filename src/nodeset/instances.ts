import type { Children } from './node-ids.ts';

/*
 * The NodeIds of instances, as servers make them and clients address them. They are Strings made of the names in the
 * configuration, so they stay the same from start to start and can be typed into a PLC. All give the part after the
 * namespace; `inNamespace` adds it. A child that comes with a type is named by node-opcua: parent, hyphen, BrowseName.
 */

/** Default namespace of instances; an owner may configure one of their own. */
export const INSTANCE_URI = 'urn:dcmb:instance';

/** The text by which a NodeId is written in configurations, independent of a server's namespace indexes. */
export function inNamespace(uri: string, id: string): string {
  return `nsu=${uri};${id}`;
}

export const MACHINE_ID = 's=Machine';
export const MODULE_ID = 's=Module';

/** Of the machine on the cleared server (OPC UA for Devices, clause 4.5.4). */
export const DEVICE_HEALTH_ID = `${MACHINE_ID}-DeviceHealth`;
export const DEVICE_HEALTH_ALARMS_ID = `${MACHINE_ID}-DeviceHealthAlarms`;

export function moduleChildId(child: Children['DcmbModuleType']): string {
  return `${MODULE_ID}-${child}`;
}

/** The node to which a PLC writes. */
export function tagId(tag: string): string {
  return `s=Tags/${tag}`;
}

export function tagChildId(tag: string, child: Children['TagType']): string {
  return `${tagId(tag)}-${child}`;
}

/** A channel of the ingest or the cleared server, by its configured name. */
export function channelNodeId(channel: string): string {
  return `s=Channels/${channel}`;
}

export function channelChildId(channel: string, child: Children['ChannelType' | 'IngestChannelType' | 'ClearedChannelType']): string {
  return `${channelNodeId(channel)}-${child}`;
}

export function lastBatchChildId(channel: string, child: Children['BatchType']): string {
  return `${channelChildId(channel, 'LastBatch')}-${child}`;
}

/** A variable that tells how a channel of the ingest server is doing. */
export function operationChildId(channel: string, child: Children['ChannelOperationType']): string {
  return `${channelChildId(channel, 'Operation')}-${child}`;
}

/** An alarm of a channel, such as `CacheFillAlarm`. */
export function alarmId(channel: string, alarm: string): string {
  return `${channelChildId(channel, 'Operation')}-${alarm}`;
}

export function streamId(channel: string, stream: string): string {
  return `${channelNodeId(channel)}/Streams/${stream}`;
}

export function streamChildId(channel: string, stream: string, child: Children['StreamType']): string {
  return `${streamId(channel, stream)}-${child}`;
}

/** The alarm of a stream on the cleared server. */
export function maintenanceAlarmId(channel: string, stream: string): string {
  return `${streamId(channel, stream)}-MaintenanceRequired`;
}
