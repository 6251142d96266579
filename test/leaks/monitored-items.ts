import {
  AttributeIds,
  CreateMonitoredItemsRequest,
  CreateMonitoredItemsResponse,
  CreateSubscriptionRequest,
  CreateSubscriptionResponse,
  DataChangeFilter,
  AggregateFilter,
  DataChangeNotification,
  DataType,
  EventFilter,
  EventNotificationList,
  PublishRequest,
  PublishResponse,
  type Request,
  resolveNodeId,
  SimpleAttributeOperand,
} from 'node-opcua';
import type { Wire } from './wire.ts';

export const SAMPLINGS = [0, 100, -1] as const;

/** Every filter for values: when to tell (status, value, timestamp), by how much, and as an aggregate. */
export const FILTERS: Readonly<Record<string, () => DataChangeFilter | AggregateFilter | null>> = {
  'no filter': () => null,
  ...Object.fromEntries(
    ['status', 'status and value', 'status, value and timestamp'].flatMap((trigger, index) =>
      ['no deadband', 'absolute deadband', 'percent deadband'].map((deadband, deadbandType) => [
        `${trigger}, ${deadband}`,
        () => new DataChangeFilter({ trigger: index, deadbandType, deadbandValue: deadbandType === 0 ? 0 : 1 }),
      ]),
    ),
  ),
  aggregate: () =>
    new AggregateFilter({ aggregateType: resolveNodeId('i=2352'), processingInterval: 500, startTime: new Date(Date.now() - 60_000) }),
};

/** A notification about one monitored item. */
export interface Notified {
  readonly clientHandle: number;
  /** Name of the value's status; `Event` for an event. */
  readonly status: string;
  /** Whether something besides the status came with it. */
  readonly hasValue: boolean;
}

/** A subscription of an actor, with items made by requests of its own. */
export class Subscription {
  readonly #wire: Wire;
  readonly id: number;
  #nextHandle = 1;
  #acknowledge: { subscriptionId: number; sequenceNumber: number }[] = [];
  lastSequenceNumber = 0;

  private constructor(wire: Wire, id: number) {
    this.#wire = wire;
    this.id = id;
  }

  static async create(wire: Wire): Promise<Subscription> {
    const { response } = await wire.send(
      new CreateSubscriptionRequest({
        requestedPublishingInterval: 50,
        requestedLifetimeCount: 10_000,
        requestedMaxKeepAliveCount: 10,
        publishingEnabled: true,
      }),
    );
    if (!(response instanceof CreateSubscriptionResponse)) throw new Error('There is no subscription.');
    return new Subscription(wire, response.subscriptionId);
  }

  newHandle(): number {
    return this.#nextHandle++;
  }

  /** The request for one item on a value. */
  valueItem(nodeId: string, clientHandle: number, samplingInterval: number, filter: keyof typeof FILTERS, attributeId = 13): Request {
    return new CreateMonitoredItemsRequest({
      subscriptionId: this.id,
      timestampsToReturn: 2,
      itemsToCreate: [
        {
          itemToMonitor: { nodeId: resolveNodeId(nodeId), attributeId },
          monitoringMode: 2,
          requestedParameters: { clientHandle, samplingInterval, queueSize: 100, discardOldest: true, filter: FILTERS[filter]!() },
        },
      ],
    });
  }

  /** The request for one item on events, with these fields by BrowsePaths of the given types. */
  eventItem(nodeId: string, clientHandle: number, fields: readonly EventField[]): Request {
    return new CreateMonitoredItemsRequest({
      subscriptionId: this.id,
      timestampsToReturn: 2,
      itemsToCreate: [
        {
          itemToMonitor: { nodeId: resolveNodeId(nodeId), attributeId: AttributeIds.EventNotifier },
          monitoringMode: 2,
          requestedParameters: {
            clientHandle,
            samplingInterval: 0,
            queueSize: 1000,
            discardOldest: true,
            filter: new EventFilter({
              selectClauses: fields.map(
                ({ type, path }) =>
                  new SimpleAttributeOperand({
                    typeDefinitionId: resolveNodeId(type),
                    browsePath: path.map(([namespaceIndex, name]) => ({ namespaceIndex, name })),
                    attributeId: AttributeIds.Value,
                  }),
              ),
            }),
          },
        },
      ],
    });
  }

  /** Publishes until the time is over. @returns every notification that came */
  async publishFor(ms: number): Promise<Notified[]> {
    const end = Date.now() + ms;
    const all: Notified[] = [];
    while (Date.now() < end) all.push(...(await this.publish()));
    return all;
  }

  async publish(): Promise<Notified[]> {
    const { response } = await this.#wire.send(new PublishRequest({ subscriptionAcknowledgements: this.#acknowledge.splice(0) }));
    if (!(response instanceof PublishResponse)) throw new Error('The publish request was refused.');
    const { sequenceNumber, notificationData } = response.notificationMessage;
    this.lastSequenceNumber = sequenceNumber;
    if ((notificationData ?? []).length > 0) this.#acknowledge.push({ subscriptionId: response.subscriptionId, sequenceNumber });
    return (notificationData ?? []).flatMap((data) => notifiedBy(data));
  }
}

function notifiedBy(data: unknown): Notified[] {
  if (data instanceof DataChangeNotification) {
    return (data.monitoredItems ?? []).map(({ clientHandle, value }) => ({
      clientHandle,
      status: value.statusCode.name,
      hasValue:
        value.value !== undefined &&
        value.value !== null &&
        (value.value.value as unknown) !== null &&
        value.value.dataType !== DataType.Null,
    }));
  }
  if (data instanceof EventNotificationList) {
    return (data.events ?? []).map(({ clientHandle }) => ({ clientHandle, status: 'Event', hasValue: true }));
  }
  return [];
}

/** The id that the server gave the one item of an answer; 0 where it made none. */
export function itemIdIn(response: unknown): number {
  return response instanceof CreateMonitoredItemsResponse ? (response.results?.[0]?.monitoredItemId ?? 0) : 0;
}

export interface EventField {
  readonly type: string;
  readonly path: readonly (readonly [number, string])[];
}
