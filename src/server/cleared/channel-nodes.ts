import {
  DataType,
  EventNotifierFlags,
  type IAddressSpace,
  type INamespace,
  type LocalizedText,
  minOPCUADate,
  type Namespace,
  type UAAlarmConditionEx,
  type UAEventType,
  type UAObject,
  type UAObjectType,
  VariantArrayType,
} from 'node-opcua';
import { channelNodeId, DCMB_URI, DELIVERY_STATE, LEDGER_STATE, streamId } from '../../nodeset/index.ts';
import { BatchStates } from './batch-states.ts';
import type { AlarmState, ChannelLayout, ClearedBatchState, ClearedPublication } from './contract.ts';
import { bilingual } from './locales.ts';
import { type DeviceHealth, MachineNodes } from './machine-nodes.ts';
import { MaintenanceAlarm } from './maintenance-alarm.ts';
import { StreamNodes } from './stream-nodes.ts';
import { childOf, objectBelow, ReadOnlyVariables, setProperty } from './variables.ts';

const BATCH_NAMES = ['BatchId', 'GridTime', 'LedgerState', 'DeliveryState', 'TransactionId'] as const;
type BatchVariables = ReadOnlyVariables<(typeof BATCH_NAMES)[number]>;

/** Batches remembered, and news kept for the next grid point. */
const MOST_NEWS = 4096;

const NEWS_TEXTS: Readonly<Record<BatchNews['what'], (n: number) => LocalizedText>> = {
  BatchAnchored: (n) => bilingual({ en: `Batch ${n} is on the ledger.`, de: `Batch ${n} steht im Ledger.` }),
  ReceiptGiven: (n) => bilingual({ en: `A receipt was given for batch ${n}.`, de: `Für Batch ${n} liegt eine Quittung vor.` }),
};

/** Which health counts where the streams differ. */
const BY_WEIGHT: readonly DeviceHealth[] = ['MAINTENANCE_REQUIRED', 'CHECK_FUNCTION', 'NORMAL'];

interface BatchNews {
  readonly what: 'BatchAnchored' | 'ReceiptGiven';
  readonly n: number;
  readonly txId: string;
}

/**
 * The cleared channel in the address space: a ClearedChannelType object with its streams. All that it shows changes at
 * grid points only, in one tick: what becomes known of a batch in between waits for the next one.
 */
export class ChannelNodes {
  readonly object: UAObject;
  readonly #machine: MachineNodes;
  readonly #streams: readonly StreamNodes[];
  readonly #states: BatchStates;
  readonly #lastBatch: BatchVariables;
  readonly #lastAnchored: BatchVariables;
  readonly #gridMsOf = new Map<number, number>();
  readonly #eventTypes: Readonly<Record<'ConditionCleared' | 'BatchAnchored' | 'ReceiptGiven', UAEventType>>;
  #news: BatchNews[] = [];
  #anchored = -1;

  /** @param alarmChanged told what has to be remembered of an alarm */
  constructor(addressSpace: IAddressSpace, namespace: INamespace, config: ChannelLayout, alarmChanged: (state: AlarmState) => void) {
    const dcmb = addressSpace.getNamespaceIndex(DCMB_URI);
    const eventType = (name: string) => addressSpace.findEventType(name, dcmb) as UAEventType;
    this.#eventTypes = {
      ConditionCleared: eventType('ConditionClearedEventType'),
      BatchAnchored: eventType('BatchAnchoredEventType'),
      ReceiptGiven: eventType('ReceiptGivenEventType'),
    };
    this.object = channelObject(addressSpace, namespace, config, dcmb);
    this.#machine = new MachineNodes({ space: addressSpace, namespace }, config.machine, Date.now());
    this.#machine.addChannel(this.object);
    this.#streams = streamNodes(addressSpace, namespace, config, dcmb, {
      channel: this.object,
      machine: this.#machine,
      alarmChanged,
    });
    this.#lastBatch = new ReadOnlyVariables(objectBelow(this.object, 'LastBatch'), BATCH_NAMES);
    this.#lastAnchored = new ReadOnlyVariables(objectBelow(this.object, 'LastAnchoredBatch'), BATCH_NAMES);
    this.#states = new BatchStates(config.states);
    this.#restore(config);
  }

  get alarms(): readonly UAAlarmConditionEx[] {
    return this.#streams.map(({ alarm }) => alarm);
  }

  /** True when every publication names a stream and a condition of the agreement. */
  knows(publications: readonly ClearedPublication[]): boolean {
    return publications.every((publication) => this.#streams[publication.stream]?.knows(publication.code) === true);
  }

  /** Remembered until the next grid point. */
  learn(state: ClearedBatchState): void {
    const before = this.#states.of(state.n);
    this.#states.set(state);
    const anchored = state.ledgerState === 'Anchored' && before.ledgerState !== 'Anchored';
    const receipted = state.deliveryState === 'Receipted' && before.deliveryState !== 'Receipted';
    if (anchored) this.#news.push({ what: 'BatchAnchored', n: state.n, txId: state.txId });
    if (receipted) this.#news.push({ what: 'ReceiptGiven', n: state.n, txId: state.txId });
    this.#news.splice(0, this.#news.length - MOST_NEWS);
  }

  /** Shows the publications of one grid point, and what became known of earlier batches since the last one. */
  show(together: readonly ClearedPublication[]): void {
    const news = this.#news.splice(0);
    for (const publication of together) {
      const stream = this.#streams[publication.stream];
      stream?.announce(publication, this.object, this.#eventTypes.ConditionCleared);
      stream?.show(publication, this.#states.of(publication.batch));
    }
    this.#showBatches(together);
    this.#showHealth(together);
    const at = new Date(Math.max(0, ...together.map(({ gridMs }) => gridMs)));
    for (const item of news) this.#announce(item, at);
  }

  /** What was shown before a restart of this process, without events: nothing happened in the channel. */
  #restore(config: ChannelLayout): void {
    for (const state of config.alarms) this.#streams[state.stream]?.restoreAlarm(state);
    for (const publication of config.shown) this.#streams[publication.stream]?.show(publication, this.#states.of(publication.batch));
    this.#showBatches(config.shown);
    this.#showHealth(config.shown);
  }

  #showHealth(together: readonly ClearedPublication[]): void {
    const healths = new Set(this.#streams.map((stream) => stream.health));
    const worst = BY_WEIGHT.find((health) => healths.has(health));
    if (worst !== undefined && together.length > 0) this.#machine.show(worst, Math.max(...together.map(({ gridMs }) => gridMs)));
  }

  #showBatches(together: readonly ClearedPublication[]): void {
    const newest = together.reduce<ClearedPublication | undefined>(
      (best, each) => (best === undefined || each.gridMs >= best.gridMs ? each : best),
      undefined,
    );
    if (newest === undefined) return;
    for (const { batch, gridMs } of together) this.#remember(batch, gridMs);
    setBatch(this.#lastBatch, this.#states.of(newest.batch), new Date(newest.gridMs), newest.gridMs);
    const anchored = this.#states
      .all()
      .reduce((best, state) => (state.ledgerState === 'Anchored' && state.n > best ? state.n : best), this.#anchored);
    if (anchored < 0) return;
    this.#anchored = anchored;
    setBatch(this.#lastAnchored, this.#states.of(anchored), this.#gridTimeOf(anchored), newest.gridMs);
  }

  #remember(batch: number, gridMs: number): void {
    this.#gridMsOf.set(batch, gridMs);
    const oldest = this.#gridMsOf.keys().next();
    if (this.#gridMsOf.size > MOST_NEWS && !oldest.done) this.#gridMsOf.delete(oldest.value);
  }

  /** @param at the grid point at which it is shown: when the process got to it is nobody's business */
  #announce({ what, n, txId }: BatchNews, at: Date): void {
    this.object.raiseEvent(this.#eventTypes[what], {
      sourceName: { dataType: DataType.String, value: this.object.browseName.name ?? '' },
      time: { dataType: DataType.DateTime, value: at },
      receiveTime: { dataType: DataType.DateTime, value: at },
      severity: { dataType: DataType.UInt16, value: 1 },
      message: { dataType: DataType.LocalizedText, value: NEWS_TEXTS[what](n) },
      batchId: { dataType: DataType.UInt32, value: n },
      gridTime: { dataType: DataType.DateTime, value: this.#gridTimeOf(n) },
      ...(what === 'BatchAnchored' ? { transactionId: { dataType: 'String' as const, value: txId } } : {}),
    });
  }

  /** Of a batch that was called for, no grid point is known: the earliest time of OPC UA stands for none. */
  #gridTimeOf(n: number): Date {
    const gridMs = this.#gridMsOf.get(n);
    return gridMs === undefined ? minOPCUADate : new Date(gridMs);
  }
}

function channelObject(addressSpace: IAddressSpace, namespace: INamespace, config: ChannelLayout, dcmb: number): UAObject {
  const type = addressSpace.findObjectType('ClearedChannelType', dcmb) as UAObjectType;
  const { channel } = config;
  const server = addressSpace.rootFolder.objects.server;
  const object = type.instantiate({
    browseName: { name: channel.name, namespaceIndex: namespace.index },
    nodeId: channelNodeId(channel.name),
    namespace,
    organizedBy: addressSpace.rootFolder.objects,
    eventNotifier: EventNotifierFlags.SubscribeToEvents,
    notifierOf: server,
    optionals: ['LastBatch', 'LastAnchoredBatch', 'ProtocolVersions', ...config.methods],
  });
  setProperty(object, 'ChannelId', { dataType: DataType.String, value: channel.id });
  setProperty(object, 'LedgerId', { dataType: DataType.String, value: channel.ledgerId });
  setProperty(object, 'AgreementVersion', { dataType: DataType.UInt32, value: channel.agreementVersion });
  setProperty(object, 'ProtocolVersions', {
    dataType: DataType.UInt32,
    arrayType: VariantArrayType.Array,
    value: channel.protocolVersions,
  });
  setProperty(object, 'IntervalLength', { dataType: DataType.Double, value: channel.intervalMs });
  return object;
}

/** What the streams belong to. */
interface StreamPlace {
  readonly channel: UAObject;
  readonly machine: MachineNodes;
  readonly alarmChanged: (state: AlarmState) => void;
}

function streamNodes(
  addressSpace: IAddressSpace,
  namespace: INamespace,
  config: ChannelLayout,
  dcmb: number,
  { channel, machine, alarmChanged }: StreamPlace,
): StreamNodes[] {
  const type = addressSpace.findObjectType('StreamType', dcmb) as UAObjectType;
  const folder = objectBelow(channel, 'Streams');
  return config.streams.map((stream, index) => {
    const object = type.instantiate({
      browseName: { name: stream.name, namespaceIndex: namespace.index },
      displayName: bilingual(stream.title),
      nodeId: streamId(config.channel.name, stream.name),
      namespace,
      componentOf: folder,
    });
    const place = {
      namespace: namespace as Namespace,
      channelName: config.channel.name,
      streamName: stream.name,
      channel,
      stream: object,
      source: childOf(object, 'ConditionCode'),
    };
    const alarm = new MaintenanceAlarm(place, config.alarmFrom, (state) => alarmChanged({ stream: index, ...state }));
    machine.addAlarm(alarm.node);
    return new StreamNodes(object, stream, alarm);
  });
}

function setBatch(variables: BatchVariables, state: ClearedBatchState, gridTime: Date, atMs: number): void {
  variables.set('BatchId', { dataType: DataType.UInt32, value: state.n }, atMs);
  variables.set('GridTime', { dataType: DataType.DateTime, value: gridTime }, atMs);
  variables.set('LedgerState', { dataType: DataType.Int32, value: LEDGER_STATE[state.ledgerState] }, atMs);
  variables.set('DeliveryState', { dataType: DataType.Int32, value: DELIVERY_STATE[state.deliveryState] }, atMs);
  variables.set('TransactionId', { dataType: DataType.String, value: state.txId }, atMs);
}
