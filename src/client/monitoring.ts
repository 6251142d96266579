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

/** A subscription whose loss is noticed. */
export class Monitoring {
  readonly #subscription: ClientSubscription;
  readonly #options: MonitoringOptions;
  readonly #order = new NotificationOrder();
  #watchdog: NodeJS.Timeout | undefined;
  #whole = true;

  private constructor(subscription: ClientSubscription, options: MonitoringOptions) {
    this.#subscription = subscription;
    this.#options = options;
    subscription.on('raw_notification', ({ sequenceNumber, notificationData }: NotificationMessage) => {
      if (this.#order.isAfterGap(sequenceNumber, (notificationData ?? []).length > 0)) options.onMissing?.();
      this.#alive();
    });
    subscription.on('keepalive', () => this.#alive());
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

  /** Stops watching; the session's end takes the subscription with it. */
  stop(): void {
    clearTimeout(this.#watchdog);
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
