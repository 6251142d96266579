import {
  AttributeIds,
  type ClientSession,
  type ClientSubscription,
  constructEventFilter,
  DataChangeFilter,
  DataChangeTrigger,
  DeadbandType,
  type NodeId,
} from 'node-opcua';
import { channelChildId, channelNodeId, streamChildId } from '../../src/nodeset/index.ts';
import { nodesOf } from './module-scene.ts';

/** What a manufacturer's client can ask of a cleared server, always in the same order. */
export class ClearedClient {
  readonly #session: ClientSession;
  readonly #namespace: number;
  readonly #streams: readonly string[];
  #nodes: readonly NodeId[] = [];
  #subscription: ClientSubscription | undefined;

  constructor(session: ClientSession, namespace: number, streams: readonly string[]) {
    this.#session = session;
    this.#namespace = namespace;
    this.#streams = streams;
  }

  /** Finds every node, reads each of their attributes, and follows all values and events. */
  async begin(): Promise<void> {
    this.#nodes = await nodesOf(this.#session, this.#namespace);
    await this.#session.read(this.#nodes.flatMap((nodeId) => ATTRIBUTES.map((attributeId) => ({ nodeId, attributeId }))).slice(0, 1000));
    this.#subscription = await this.#session.createSubscription2({
      requestedPublishingInterval: 50,
      requestedMaxKeepAliveCount: 200,
      requestedLifetimeCount: 600,
      publishingEnabled: true,
    });
    const filter = new DataChangeFilter({ trigger: DataChangeTrigger.StatusValueTimestamp, deadbandType: DeadbandType.None });
    const items = this.#nodes.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value }));
    await this.#subscription.monitorItems(items, { samplingInterval: 0, queueSize: 10, discardOldest: true, filter }, 2);
    const events = { filter: constructEventFilter(EVENT_FIELDS), samplingInterval: 0, queueSize: 100, discardOldest: true };
    await this.#subscription.monitor({ nodeId: 'i=2253', attributeId: AttributeIds.EventNotifier }, events, 2);
  }

  /** Reads all values, the history, and the evidence of a batch. */
  async lookAround(batch: number, fromMs: number, toMs: number): Promise<void> {
    await this.#session.read(this.#nodes.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })));
    for (const stream of this.#streams) {
      const nodeId = this.#id(streamChildId('press', stream, 'ConditionCode'));
      await this.#session.readHistoryValue({ nodeId }, new Date(fromMs), new Date(toMs));
    }
    for (const method of ['GetEvidence', 'FetchDelivery'] as const) {
      await this.#session.call({
        objectId: this.#id(channelNodeId('press')),
        methodId: this.#id(channelChildId('press', method)),
        inputArguments: [{ dataType: 'UInt32', value: batch }],
      });
    }
  }

  async end(): Promise<void> {
    await this.#subscription?.terminate();
  }

  #id(local: string): string {
    return `ns=${this.#namespace};${local}`;
  }
}

const ATTRIBUTES: readonly AttributeIds[] = [
  AttributeIds.NodeClass,
  AttributeIds.BrowseName,
  AttributeIds.DisplayName,
  AttributeIds.Description,
  AttributeIds.Value,
  AttributeIds.DataType,
  AttributeIds.AccessLevel,
  AttributeIds.MinimumSamplingInterval,
];

/** The masks of a transcript go by the places of the first two. */
const EVENT_FIELDS = ['EventId', 'ReceiveTime', 'EventType', 'SourceName', 'SourceNode', 'Time', 'Message', 'Severity'];
