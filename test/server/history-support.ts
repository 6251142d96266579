import assert from 'node:assert/strict';
import {
  type ClientSession,
  type DataValue,
  HistoryData,
  HistoryReadRequest,
  type HistoryReadResponse,
  type HistoryReadResult,
  ReadRawModifiedDetails,
  TimestampsToReturn,
} from 'node-opcua';
import { streamChildId } from '../../src/nodeset/index.ts';
import type { HistoryPoint, HistoryQuery } from '../../src/server/cleared/index.ts';
import { CHANNEL, type ChildName, type View } from './cleared-support.ts';

export const START = Date.UTC(2026, 0, 1);
export const LENGTH = 2500;

export function point(number: number, stream: number): HistoryPoint {
  const gridMs = START + number * 200;
  const anchored = number < LENGTH - 2;
  return {
    gridMs,
    shownMs: gridMs + 50,
    code: (number + stream) % 2,
    batch: number,
    ledgerState: anchored ? 'Anchored' : 'Sealed',
    deliveryState: anchored ? 'Receipted' : 'Waiting',
    txId: anchored ? `tx-${number}` : '',
  };
}

/** A module with so many points, which notes what it is asked. */
export class Archive {
  readonly asked: HistoryQuery[] = [];
  open = 0;
  mostOpen = 0;
  answersAfterMs = 0;
  fault: Error | undefined;

  async history(query: HistoryQuery): Promise<HistoryPoint[]> {
    this.asked.push(query);
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    await new Promise((resolve) => setTimeout(resolve, this.answersAfterMs));
    this.open--;
    if (this.fault !== undefined) throw this.fault;
    const all = Array.from({ length: LENGTH }, (_, number) => point(number, query.stream));
    const found = all.filter(({ gridMs }) => gridMs >= query.fromMs && gridMs <= query.toMs);
    return (query.newestFirst ? found.reverse() : found).slice(0, query.most);
  }
}

export interface Wanted {
  readonly stream?: string;
  readonly names?: readonly ChildName[];
  readonly start?: Date;
  readonly end?: Date;
  readonly most?: number;
  readonly timestamps?: TimestampsToReturn;
  readonly points?: readonly (Buffer | undefined)[];
  readonly release?: boolean;
}

export const MIN = new Date(Date.UTC(1601, 0, 1));

export function request(view: View, wanted: Wanted): HistoryReadRequest {
  const { stream = 'wear', names = ['ConditionCode'], start = new Date(START), end = MIN, most = 0 } = wanted;
  return new HistoryReadRequest({
    historyReadDetails: new ReadRawModifiedDetails({
      isReadModified: false,
      startTime: start,
      endTime: end,
      numValuesPerNode: most,
      returnBounds: false,
    }),
    timestampsToReturn: wanted.timestamps ?? TimestampsToReturn.Both,
    releaseContinuationPoints: wanted.release ?? false,
    nodesToRead: names.map((name, index) => ({
      nodeId: view.id(streamChildId(CHANNEL, stream, name)),
      continuationPoint: wanted.points?.[index],
    })),
  });
}

/** The client's own history methods leave out what a hostile client sends. */
interface Sender {
  performMessageTransaction(request: HistoryReadRequest): Promise<HistoryReadResponse>;
}

export async function read(view: View, wanted: Wanted): Promise<HistoryReadResult[]> {
  return send(view.session, request(view, wanted));
}

export async function send(session: ClientSession, message: HistoryReadRequest): Promise<HistoryReadResult[]> {
  return (await (session as unknown as Sender).performMessageTransaction(message)).results ?? [];
}

export function valuesOf(result: HistoryReadResult | undefined): DataValue[] {
  assert.ok(result?.historyData instanceof HistoryData, result?.statusCode.toString());
  return result.historyData.dataValues ?? [];
}
