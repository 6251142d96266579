import {
  HistoryData,
  HistoryReadResult,
  type HistoryReadRequest,
  type HistoryReadValueId,
  type IAddressSpace,
  isMinDate,
  type ISessionContext,
  type OPCUAServer,
  PermissionType,
  ReadRawModifiedDetails,
  type StatusCode,
  StatusCodes,
  TimestampsToReturn,
} from 'node-opcua';
import { hasCode } from '../../core/index.ts';
import { isWhole } from '../index-range.ts';
import type { HistoryPoint } from './contract.ts';
import { HistoryGate } from './history-gate.ts';
import type { HistorizedNode } from './history-nodes.ts';
import { HistoryPoints, MOST_CONTINUATION_POINTS, type PausedRead } from './history-points.ts';
import { beginRead, type HistorySpan, type RawPart, readPart } from './history-range.ts';
import { dataValueOf, serverTimeAsked } from './history-values.ts';
import type { ModulePipe } from './methods.ts';

/** Nodes of one HistoryRead request. */
const MOST_NODES = 100;
/** Values of one node in one answer, and of all nodes of a request together; further ones come by continuation point. */
const MOST_VALUES = 1000;
const MOST_VALUES_A_REQUEST = 10_000;

/** What one request has found out: streams of one batch share it, for their variables are read together. */
type Shared = Map<string, Promise<RawPart<HistoryPoint>>>;

interface Asked {
  readonly context: ISessionContext;
  readonly session: object;
  readonly request: HistoryReadRequest;
  /** Most values of each node. */
  readonly limit: number;
  readonly shared: Shared;
}

/**
 * HistoryRead of the cleared server (OPC UA Part 11, clause 6.5): raw values that were shown, asked of the module over
 * the pipe. node-opcua's own handling checks no AccessRestrictions, so all of it is done here.
 */
export class HistoryReader {
  readonly #space: IAddressSpace;
  readonly #nodes: ReadonlyMap<string, HistorizedNode>;
  readonly #pipe: ModulePipe;
  readonly #points = new HistoryPoints();
  readonly #gate = new HistoryGate();

  constructor(space: IAddressSpace, nodes: ReadonlyMap<string, HistorizedNode>, pipe: ModulePipe) {
    this.#space = space;
    this.#nodes = nodes;
    this.#pipe = pipe;
  }

  /** Takes the service over, and tells clients what they may ask. */
  install({ engine }: OPCUAServer): void {
    engine.historyRead = (context: ISessionContext, request: HistoryReadRequest) => this.read(context, request);
    engine.serverCapabilities.operationLimits.maxNodesPerHistoryReadData = MOST_NODES;
    engine.serverCapabilities.maxHistoryContinuationPoints = MOST_CONTINUATION_POINTS;
    engine.historyServerCapabilities.accessHistoryDataCapability = true;
    engine.historyServerCapabilities.maxReturnDataValues = MOST_VALUES;
  }

  /** Answers each node by itself; never rejects. */
  async read(context: ISessionContext, request: HistoryReadRequest): Promise<HistoryReadResult[]> {
    const nodes = request.nodesToRead ?? [];
    const { session } = context;
    if (session === undefined) return nodes.map(() => refused(StatusCodes.BadSessionIdInvalid));
    const limit = Math.min(MOST_VALUES, Math.floor(MOST_VALUES_A_REQUEST / Math.max(1, nodes.length)));
    const asked: Asked = { context, session, request, limit, shared: new Map() };
    try {
      return await this.#gate.inTurn(session, () => Promise.all(nodes.map((node) => this.#readNode(asked, node))));
    } catch {
      return nodes.map(() => refused(StatusCodes.BadResourceUnavailable));
    }
  }

  async #readNode(asked: Asked, value: HistoryReadValueId): Promise<HistoryReadResult> {
    const node = this.#permitted(asked.context, value);
    if ('statusCode' in node) return node;
    const id = value.nodeId.toString();
    if (asked.request.releaseContinuationPoints) return refused(this.#release(asked.session, value, id));
    const begun = isGiven(value.continuationPoint)
      ? (this.#points.take(asked.session, value.continuationPoint, id) ?? refused(StatusCodes.BadContinuationPointInvalid))
      : begin(asked.request, value, id);
    if ('statusCode' in begun) return begun;
    try {
      return this.#answer(asked, node, begun, await this.#partOf(asked, node.stream, begun));
    } catch (error) {
      return refused(hasCode(error, 'HISTORY_TIMEOUT') ? StatusCodes.BadRequestTimeout : StatusCodes.BadResourceUnavailable);
    }
  }

  /** What may not be seen is not there; what may not be read says nothing of whether it has a history. */
  #permitted(context: ISessionContext, { nodeId }: HistoryReadValueId): HistorizedNode | HistoryReadResult {
    const node = this.#space.findNode(nodeId);
    if (node === null || context.isBrowseAccessRestricted(node)) return refused(StatusCodes.BadNodeIdUnknown);
    if (context.isAccessRestricted(node)) return refused(StatusCodes.BadSecurityModeInsufficient);
    const historized = this.#nodes.get(nodeId.toString());
    if (historized === undefined) return refused(StatusCodes.BadHistoryOperationUnsupported);
    return context.checkPermission(node, PermissionType.ReadHistory) ? historized : refused(StatusCodes.BadUserAccessDenied);
  }

  #release(session: object, { continuationPoint }: HistoryReadValueId, id: string): StatusCode {
    const paused = isGiven(continuationPoint) ? this.#points.take(session, continuationPoint, id) : undefined;
    return paused === undefined ? StatusCodes.BadContinuationPointInvalid : StatusCodes.Good;
  }

  #partOf({ session, limit, shared }: Asked, stream: number, { cursor }: PausedRead): Promise<RawPart<HistoryPoint>> {
    const key = JSON.stringify([stream, cursor]);
    const known = shared.get(key);
    if (known !== undefined) return known;
    const most = cursor.read.most === 0 ? limit : Math.min(limit, cursor.read.most);
    const part = readPart(cursor, most, (span) => this.#ask(session, stream, span));
    shared.set(key, part);
    return part;
  }

  async #ask(session: object, stream: number, { fromMs, toMs, newestFirst, most }: HistorySpan): Promise<readonly HistoryPoint[]> {
    if (toMs < 0 || fromMs > toMs) return [];
    const query = { stream, fromMs: Math.max(0, fromMs), toMs, newestFirst, most };
    return (await this.#gate.ask(session, () => this.#pipe.request('history', query))).points;
  }

  #answer({ session }: Asked, node: HistorizedNode, paused: PausedRead, part: RawPart<HistoryPoint>): HistoryReadResult {
    const { entries, next } = part;
    if (entries.length === 0) return new HistoryReadResult({ statusCode: StatusCodes.GoodNoData, historyData: new HistoryData({}) });
    const continuationPoint = next === undefined ? undefined : this.#points.keep(session, { ...paused, cursor: next });
    if (next !== undefined && continuationPoint === undefined) return refused(StatusCodes.BadNoContinuationPoints);
    const form = { ...node, withServerTime: paused.withServerTime };
    return new HistoryReadResult({
      statusCode: StatusCodes.Good,
      ...(continuationPoint === undefined ? {} : { continuationPoint }),
      historyData: new HistoryData({ dataValues: entries.map((entry) => dataValueOf(entry, form)) }),
    });
  }
}

/** A read from its start, or why there is none. */
function begin(request: HistoryReadRequest, value: HistoryReadValueId, node: string): PausedRead | HistoryReadResult {
  const { historyReadDetails: details, timestampsToReturn } = request;
  if (!(details instanceof ReadRawModifiedDetails) || details.isReadModified) return refused(StatusCodes.BadHistoryOperationUnsupported);
  if (!isWhole(value.indexRange)) {
    return refused(value.indexRange.isValid() ? StatusCodes.BadIndexRangeNoData : StatusCodes.BadIndexRangeInvalid);
  }
  if (value.dataEncoding.name) return refused(StatusCodes.BadDataEncodingInvalid);
  if (timestampsToReturn === TimestampsToReturn.Neither) return refused(StatusCodes.BadTimestampsToReturnInvalid);
  const withServerTime = serverTimeAsked(timestampsToReturn);
  if (withServerTime === undefined) return refused(StatusCodes.BadTimestampNotSupported);
  const cursor = beginRead({
    startMs: timeOf(details.startTime),
    endMs: timeOf(details.endTime),
    most: details.numValuesPerNode,
    bounds: details.returnBounds,
  });
  return cursor === undefined ? refused(StatusCodes.BadHistoryOperationInvalid) : { node, withServerTime, cursor };
}

/** The earliest time of OPC UA stands for none. */
function timeOf(time: Date | null): number | undefined {
  return time === null || isMinDate(time) || Number.isNaN(time.getTime()) ? undefined : time.getTime();
}

function isGiven(point: Buffer | null | undefined): point is Buffer {
  return point !== null && point !== undefined && point.length > 0;
}

function refused(statusCode: StatusCode): HistoryReadResult {
  return new HistoryReadResult({ statusCode });
}
