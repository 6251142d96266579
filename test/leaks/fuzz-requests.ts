import { BinaryStream, type ClientSecureChannelLayer, resolveNodeId } from 'node-opcua';
import type { SeededRandom } from '../crash/random.ts';
import { newStructure, type Values } from './fuzz-values.ts';

/** A request as a secure channel of node-opcua's client sends it. */
export type Request = Parameters<ClientSecureChannelLayer['performMessageTransaction']>[0];

/** Every service of OPC UA Part 4, those that our servers do not have included. */
export const SERVICES = [
  'FindServers',
  'FindServersOnNetwork',
  'GetEndpoints',
  'RegisterServer',
  'RegisterServer2',
  'CreateSession',
  'ActivateSession',
  'Cancel',
  'AddNodes',
  'AddReferences',
  'DeleteNodes',
  'DeleteReferences',
  'Browse',
  'BrowseNext',
  'TranslateBrowsePathsToNodeIds',
  'RegisterNodes',
  'UnregisterNodes',
  'QueryFirst',
  'QueryNext',
  'Read',
  'HistoryRead',
  'Write',
  'HistoryUpdate',
  'Call',
  'CreateMonitoredItems',
  'ModifyMonitoredItems',
  'SetMonitoringMode',
  'SetTriggering',
  'DeleteMonitoredItems',
  'CreateSubscription',
  'ModifySubscription',
  'SetPublishingMode',
  'Publish',
  'Republish',
  'TransferSubscriptions',
  'DeleteSubscriptions',
] as const;
export type Service = (typeof SERVICES)[number];

/** A request with random content; undefined where node-opcua refuses to make it, such as an argument that contradicts itself. */
export function requestOf(service: Service, values: Values): Request | undefined {
  try {
    return values.structure(`${service}Request`) as unknown as Request;
  } catch {
    return undefined;
  }
}

/** Types of bodies that are no request, or none that exists. */
const WRONG_TYPES = ['i=0', 'i=629', 'i=634', 'i=395', 'i=449', 'i=999999', 'ns=7;s=x', 'i=446', 'i=452'];

/** The same request with damage in its bytes, done when it is sent: then its header is complete. */
export function damaged(request: Request, random: SeededRandom): Request {
  const { schema } = newStructure('ReadRequest');
  const own = (request as unknown as { schema: object }).schema;
  const other =
    random.next() < 0.1 ? { encodingDefaultBinary: resolveNodeId(WRONG_TYPES[random.between(0, WRONG_TYPES.length - 1)]!) } : {};
  const sent = {
    schema: { ...schema, ...own, ...other },
    requestHeader: request.requestHeader,
    encode: (stream: BinaryStream) => {
      const whole = BinaryStream.createGrowable(4096, 64 * 1024 * 1024);
      (request as unknown as { encode(into: BinaryStream): void }).encode(whole);
      for (const byte of damage(Buffer.from(whole.buffer.subarray(0, whole.length)), random)) stream.writeUInt8(byte);
    },
  };
  return sent as unknown as Request;
}

/** Lengths and counts stand in four bytes each: these are the ones that hurt. */
const HURTFUL = [-1, -2, 0, 1, 0x7fffffff, 0x10000, 0x00ffffff, -0x80000000];

/** Bytes with one to four faults. */
export function damage(bytes: Buffer, random: SeededRandom): Buffer {
  let result = Buffer.from(bytes);
  const place = (): number => random.between(0, Math.max(0, result.length - 1));
  const kinds: (() => void)[] = [
    () => void (result.length > 0 && (result[place()]! ^= 1 << random.between(0, 7))),
    () => void (result.length > 0 && (result[place()] = random.between(0, 255))),
    () =>
      void (
        result.length > 4 && result.writeInt32LE(HURTFUL[random.between(0, HURTFUL.length - 1)]!, random.between(0, result.length - 4))
      ),
    () => void (result = result.subarray(0, place())),
    () => void (result = Buffer.concat([result, result.subarray(place())])),
    () => {
      const at = place();
      result = Buffer.concat([result.subarray(0, at), Buffer.alloc(random.between(1, 9), random.between(0, 255)), result.subarray(at)]);
    },
  ];
  for (let faults = random.between(1, 4); faults > 0; faults--) kinds[random.between(0, kinds.length - 1)]!();
  return result;
}
