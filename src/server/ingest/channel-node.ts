import {
  DataType,
  type ISessionContext,
  type MethodFunctor,
  type RaiseEventData,
  StatusCodes,
  type UAMethod,
  type UAObject,
  Variant,
} from 'node-opcua';
import { RejectedError, UnavailableError } from '../../core/index.ts';
import { channelNodeId, type Children, DELIVERY_STATE, LEDGER_STATE, type OBJECT_TYPES } from '../../nodeset/index.ts';
import type { RoleIds } from '../identity/index.ts';
import { OperationNode } from './operation-node.ts';
import { childObject, childVariable, type DcmbSpace, show } from './dcmb-space.ts';
import { anchorMethod } from './permissions.ts';
import type { BatchHappening, BatchView, IngestChannel, IngestHooks } from './types.ts';

const EVENT_TYPES: Readonly<Record<BatchHappening['kind'], keyof typeof OBJECT_TYPES>> = {
  sealed: 'BatchSealedEventType',
  anchored: 'BatchAnchoredEventType',
  failed: 'AnchorFailedEventType',
  receipted: 'ReceiptGivenEventType',
};

/** Severities of events (OPC UA Part 5, clause 6.4.2): what goes on as it should, and what an operator should look at. */
const ROUTINE = 100;
const NEEDS_A_LOOK = 700;

/** What an operator sees of a channel: its terms, its last batch, and a method to call for an anchor. */
export class ChannelNode {
  readonly #model: DcmbSpace;
  readonly #node: UAObject;
  readonly #lastBatch: UAObject;
  /** How the channel is doing. */
  readonly operation: OperationNode;
  #newest = -1;

  constructor(model: DcmbSpace, folder: UAObject, channel: IngestChannel, roles: RoleIds, nowMs: number) {
    this.#model = model;
    this.#node = model.objectType('IngestChannelType').instantiate({
      browseName: { name: channel.name, namespaceIndex: model.namespace.index },
      nodeId: channelNodeId(channel.name),
      namespace: model.namespace,
      componentOf: folder,
      eventSourceOf: model.space.rootFolder.objects.server,
      optionals: ['LastBatch'] satisfies Children['ChannelType'][],
    });
    this.#node.setEventNotifier(1);
    this.#lastBatch = childObject(this.#node, 'LastBatch' satisfies Children['ChannelType']);
    const operation = childObject(this.#node, 'Operation' satisfies Children['IngestChannelType']);
    this.operation = new OperationNode(model, operation, this.#node, { limits: channel.alarmLimits, roles });
    this.#showTerms(channel, nowMs);
    this.#awaitFirstBatch();
    this.#method().setRolePermissions(anchorMethod(roles));
  }

  onAnchor(anchor: () => ReturnType<IngestHooks['anchor']>): void {
    this.#method().bindMethod(anchorFunction(anchor));
  }

  publish(batch: BatchView, happening: BatchHappening | undefined, nowMs: number): void {
    if (batch.batchId >= this.#newest) {
      this.#newest = batch.batchId;
      this.#showBatch(batch, nowMs);
    }
    if (happening !== undefined) this.#raise(batch, happening);
  }

  #showTerms(channel: IngestChannel, nowMs: number): void {
    const term = (name: Children['ChannelType'], dataType: DataType, value: string | number): void =>
      show(childVariable(this.#node, name), { dataType, value }, nowMs);
    term('ChannelId', DataType.String, channel.channelId);
    term('LedgerId', DataType.String, channel.ledgerId);
    term('AgreementVersion', DataType.UInt32, channel.agreementVersion);
    term('IntervalLength', DataType.Double, channel.intervalMs);
  }

  #awaitFirstBatch(): void {
    const names: Children['BatchType'][] = ['BatchId', 'GridTime', 'LedgerState', 'DeliveryState', 'TransactionId'];
    for (const name of names) {
      childVariable(this.#lastBatch, name).setValueFromSource(new Variant(), StatusCodes.BadWaitingForInitialData);
    }
  }

  #showBatch(batch: BatchView, nowMs: number): void {
    const set = (name: Children['BatchType'], dataType: DataType, value: string | number | Date): void =>
      show(childVariable(this.#lastBatch, name), { dataType, value }, nowMs);
    set('BatchId', DataType.UInt32, batch.batchId);
    set('GridTime', DataType.DateTime, new Date(batch.gridMs));
    set('LedgerState', DataType.Int32, LEDGER_STATE[batch.ledgerState]);
    set('DeliveryState', DataType.Int32, DELIVERY_STATE[batch.deliveryState]);
    set('TransactionId', DataType.String, batch.transactionId);
  }

  #raise(batch: BatchView, happening: BatchHappening): void {
    const fields: RaiseEventData = {
      batchId: { dataType: DataType.UInt32, value: batch.batchId },
      gridTime: { dataType: DataType.DateTime, value: new Date(batch.gridMs) },
      message: { dataType: DataType.LocalizedText, value: { locale: 'en', text: `Batch ${batch.batchId} ${happening.kind}` } },
      severity: { dataType: DataType.UInt16, value: happening.kind === 'failed' ? NEEDS_A_LOOK : ROUTINE },
    };
    if (happening.kind === 'anchored') fields['transactionId'] = { dataType: DataType.String, value: batch.transactionId };
    if (happening.kind === 'failed') fields['reason'] = { dataType: DataType.String, value: happening.reason };
    this.#node.raiseEvent(this.#model.objectType(EVENT_TYPES[happening.kind]), fields);
  }

  #method(): UAMethod {
    const method = this.#node.getMethodByName('Anchor' satisfies Children['IngestChannelType']);
    if (method === null) throw new Error('The nodesets have no Anchor.');
    return method;
  }
}

function anchorFunction(anchor: () => ReturnType<IngestHooks['anchor']>): MethodFunctor {
  // node-opcua goes by the number of parameters.
  return async (_inputs: Variant[], _context: ISessionContext) => {
    try {
      const { batchId } = await anchor();
      return { statusCode: StatusCodes.Good, outputArguments: [new Variant({ dataType: DataType.UInt32, value: batchId })] };
    } catch (error) {
      return { statusCode: statusOf(error) };
    }
  };
}

/** Rejected: no call is allowed now, such as beyond the agreed number an interval. */
function statusOf(error: unknown): typeof StatusCodes.Good {
  if (error instanceof UnavailableError) return StatusCodes.BadResourceUnavailable;
  return error instanceof RejectedError ? StatusCodes.BadInvalidState : StatusCodes.BadInternalError;
}
