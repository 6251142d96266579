import {
  AttributeIds,
  ClientMonitoredItem,
  type ClientSubscription,
  DataChangeFilter,
  DataChangeTrigger,
  type DataValue,
  DeadbandType,
  type NodeId,
  type NotificationMessage,
  type StatusCode,
  StatusCodes,
  TimestampsToReturn,
} from 'node-opcua';
import { rejected } from './errors.ts';
import type { SessionView } from './link.ts';
import { NotificationOrder } from './notification-order.ts';

/** Absolute: in the unit of the value. Percent: of the range that the variable's EURange tells (OPC UA Part 8, clause 7.2). */
export interface Deadband {
  readonly kind: 'absolute' | 'percent';
  /** Above 0; in percent 100 at most. */
  readonly value: number;
}

/** One variable to follow. */
export interface MonitoredVariable {
  /** `nsu=<uri>;s=<name>` */
  readonly nodeId: string;
  /** ms; 0 = on every change, as fast as the server can. */
  readonly samplingMs: number;
  /** Values that the server keeps between two publications, above 1, or changes are lost without a word. */
  readonly queueSize: number;
  /** Least change that the server reports; every update where absent. Numbers only. */
  readonly deadband?: Deadband;
  onValue(dataValue: DataValue): void;
}

export interface MonitoringOptions {
  readonly publishingMs: number;
  /** The server sent nothing, not even a keep-alive, for a whole lifetime, or ended the subscription. */
  onDead(): void;
  /** The server said something. */
  onAlive(): void;
  /** Messages are missing before the one that has just come: its values follow. */
  onMissing?(): void;
}

/** Where node-opcua hands a subscription its messages, those that were sent again among them. */
interface ReceivingSubscription {
  onNotificationMessage(message: NotificationMessage): void;
  /** Republish asks for the one after it. */
  lastSequenceNumber: number;
}

/** A subscription whose loss is noticed. */
export class Monitoring {
  readonly #subscription: ClientSubscription;
  readonly #options: MonitoringOptions;
  readonly #order = new NotificationOrder();
  readonly #receiving: ReceivingSubscription;
  readonly #pass: (message: NotificationMessage) => void;
  #held: NotificationMessage[] | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #whole = true;

  private constructor(subscription: ClientSubscription, options: MonitoringOptions) {
    this.#subscription = subscription;
    this.#options = options;
    this.#receiving = subscription as unknown as ReceivingSubscription;
    this.#pass = this.#receiving.onNotificationMessage.bind(subscription);
    this.#receiving.onNotificationMessage = (message) => this.#receive(message);
    subscription.on('subscriptionId_changed', () => {
      this.#whole = false;
    });
    subscription.on('status_changed', (status: StatusCode) => {
      // Said to the session that a subscription was moved from: here that is the same one under its new id.
      if (status !== StatusCodes.GoodSubscriptionTransferred) this.#dead();
    });
    subscription.on('internal_error', () => this.#dead());
  }

  /** @throws RejectedError `NODE_REFUSED`, `BAD_NODE_ID`, `NAMESPACE_UNKNOWN` for the first variable that cannot be followed */
  static async start(view: SessionView, variables: readonly MonitoredVariable[], options: MonitoringOptions): Promise<Monitoring> {
    const items = variables.map((variable) => ({ variable, nodeId: view.nodeId(variable.nodeId) }));
    const subscription = await view.session.createSubscription2({
      requestedPublishingInterval: options.publishingMs,
      requestedMaxKeepAliveCount: Math.max(1, Math.ceil(KEEP_ALIVE_MS / options.publishingMs)),
      requestedLifetimeCount: Math.max(3, Math.ceil(LIFETIME_MS / options.publishingMs)),
      maxNotificationsPerPublish: 0,
      publishingEnabled: true,
    });
    const monitoring = new Monitoring(subscription, options);
    await Promise.all(items.map(({ variable, nodeId }) => monitorOne(subscription, variable, nodeId)));
    monitoring.#alive();
    return monitoring;
  }

  /** False once the subscription has been replaced by another. */
  get whole(): boolean {
    return this.#whole && this.#subscription.isActive;
  }

  /**
   * The connection is broken: what comes until `release` waits, for what is sent again may come after what is newer. A stop
   * gives it up.
   */
  hold(): void {
    this.#held ??= [];
  }

  /** The subscription goes on: what has come is passed on in the order in which the server made it. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const message of this.#order.sorted(held)) this.#deliver(message);
  }

  #receive(message: NotificationMessage): void {
    this.#alive();
    if (this.#held === undefined) return this.#deliver(message);
    this.#held.push(message);
    // A newer message that comes in between must not keep Republish from asking for those before it.
    const { lastSequenceNumber } = this.#receiving;
    if (hasData(message) && message.sequenceNumber === lastSequenceNumber + 1) this.#receiving.lastSequenceNumber = lastSequenceNumber + 1;
  }

  #deliver(message: NotificationMessage): void {
    const { lastSequenceNumber } = this.#receiving;
    const place = this.#order.take(message.sequenceNumber, hasData(message));
    if (place === 'afterGap') this.#options.onMissing?.();
    if (place !== 'again' || !hasData(message)) this.#pass(message);
    // node-opcua takes the number of a keep-alive, which is that of the message to come, for one that came.
    if (!hasData(message)) this.#receiving.lastSequenceNumber = lastSequenceNumber;
  }

  /** Stops watching; the session's end takes the subscription with it. */
  stop(): void {
    clearTimeout(this.#watchdog);
    this.#held = [];
    this.#subscription.removeAllListeners();
    this.#subscription.on('error', () => undefined);
  }

  #alive(): void {
    clearTimeout(this.#watchdog);
    const silence = this.#subscription.publishingInterval * this.#subscription.maxKeepAliveCount * SILENT_KEEP_ALIVES;
    this.#watchdog = setTimeout(() => this.#dead(), silence);
    this.#options.onAlive();
  }

  #dead(): void {
    clearTimeout(this.#watchdog);
    this.#whole = false;
    this.#options.onDead();
  }
}

function hasData({ notificationData }: NotificationMessage): boolean {
  return (notificationData ?? []).length > 0;
}

const KEEP_ALIVE_MS = 2_000;
const LIFETIME_MS = 60_000;
/** Keep-alives that may stay away before the subscription counts as dead. */
const SILENT_KEEP_ALIVES = 5;

/*
 * StatusValueTimestamp: a value that is written again unchanged is a reading of its own, and with the cleared server it
 * makes the traffic the same at every grid point, whether or not a condition changed.
 */
const EVERY_UPDATE = new DataChangeFilter({
  trigger: DataChangeTrigger.StatusValueTimestamp,
  deadbandType: DeadbandType.None,
  deadbandValue: 0,
});

/** With a deadband the server compares values only; a new time alone is no change (OPC UA Part 4, clause 7.22.2). */
function filterOf(deadband: Deadband | undefined): DataChangeFilter {
  if (deadband === undefined) return EVERY_UPDATE;
  return new DataChangeFilter({
    trigger: DataChangeTrigger.StatusValue,
    deadbandType: deadband.kind === 'percent' ? DeadbandType.Percent : DeadbandType.Absolute,
    deadbandValue: deadband.value,
  });
}

async function monitorOne(subscription: ClientSubscription, variable: MonitoredVariable, nodeId: NodeId): Promise<void> {
  const item = ClientMonitoredItem.create(
    subscription,
    { nodeId, attributeId: AttributeIds.Value },
    { samplingInterval: variable.samplingMs, queueSize: variable.queueSize, discardOldest: true, filter: filterOf(variable.deadband) },
    TimestampsToReturn.Both,
  );
  item.on('changed', (dataValue: DataValue) => {
    try {
      variable.onValue(dataValue);
    } catch (error) {
      // node-opcua would swallow it, and the value with it.
      queueMicrotask(() => {
        throw error;
      });
    }
  });
  await new Promise<void>((resolve, reject) => {
    item.once('initialized', resolve);
    item.once('err', (message: string) => {
      reject(rejected('NODE_REFUSED', `The server does not let this user follow ${variable.nodeId} (${message}).`));
    });
  });
  requireQueue(item, subscription, variable);
}

/** A queue of one value drops without an overflow bit (OPC UA Part 4, clause 5.13.1.5), so changes would be lost unnoticed. */
function requireQueue(item: ClientMonitoredItem, subscription: ClientSubscription, variable: MonitoredVariable): void {
  const { result } = item;
  if (result === undefined || result.revisedQueueSize > 1 || result.revisedSamplingInterval >= subscription.publishingInterval) return;
  throw rejected(
    'NODE_REFUSED',
    `The server keeps only one value of ${variable.nodeId} between publications: changes would be lost unnoticed. Sample it no faster than ${subscription.publishingInterval} ms.`,
  );
}
