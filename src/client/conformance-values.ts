import { AttributeIds, type DataValue, DataType, type EnumValueType } from 'node-opcua';
import { RESERVED_CONDITIONS } from '../core/index.ts';
import { channelChildId, INSTANCE_URI, inNamespace, lastBatchChildId, streamChildId } from '../nodeset/index.ts';
import { compared, type ConformanceLine, found, missing, wrong } from './conformance-lines.ts';
import type { SessionView } from './link.ts';

/** What an agreement lets a channel show. */
export interface ExpectedChannel {
  readonly name: string;
  readonly channelId: string;
  readonly ledgerId: string;
  readonly agreementVersion: number;
  readonly intervalMs: number;
  readonly originMs: number;
  /** Grid points an interval. */
  readonly publications: number;
  readonly streams: readonly { readonly name: string; readonly codes: readonly number[] }[];
}

/** What a server shows now. */
export interface ShownNow {
  /** Last batch that may be fetched; undefined where none was published. */
  readonly lastBatch: number | undefined;
  readonly lines: readonly ConformanceLine[];
}

/** Compares what the channel's variables hold with the agreement. */
export async function inspectValues(view: SessionView, expected: ExpectedChannel): Promise<ShownNow> {
  const { name } = expected;
  const read = (id: string): Promise<DataValue> =>
    view.session.read({ nodeId: view.nodeId(inNamespace(INSTANCE_URI, id)), attributeId: AttributeIds.Value });
  const fixed = async (child: Parameters<typeof channelChildId>[1], value: unknown): Promise<ConformanceLine> =>
    compared(`${name}/${child}, value`, (await read(channelChildId(name, child))).value.value, value);
  const lines = [
    await fixed('ChannelId', expected.channelId),
    await fixed('LedgerId', expected.ledgerId),
    await fixed('AgreementVersion', expected.agreementVersion),
    await fixed('IntervalLength', expected.intervalMs),
  ];
  for (const stream of expected.streams) {
    const about = `${name}/Streams/${stream.name}/ConditionCode`;
    const id = streamChildId(name, stream.name, 'ConditionCode');
    lines.push(catalogue(`${about}/EnumValues`, await read(`${id}-EnumValues`), stream.codes));
    lines.push(shown(`${about}, value`, await read(id), expected, stream.codes));
  }
  const batch = await read(lastBatchChildId(name, 'BatchId'));
  const isThere = batch.statusCode.isGood() && batch.value.dataType === DataType.UInt32;
  return { lines, lastBatch: isThere ? (batch.value.value as number) : undefined };
}

/** Reserved codes belong to every catalogue. */
export function allCodes(codes: readonly number[]): number[] {
  return [...RESERVED_CONDITIONS.map(({ code }) => code), ...codes].sort((a, b) => a - b);
}

function catalogue(about: string, { statusCode, value }: DataValue, codes: readonly number[]): ConformanceLine {
  if (!statusCode.isGood() || !Array.isArray(value.value)) return missing(about, `it can't be read (${statusCode.name})`);
  const listed = (value.value as readonly EnumValueType[]).map(({ value: code }) => Number(BigInt.asIntN(64, int64(code))));
  return compared(
    about,
    listed.sort((a, b) => a - b),
    allCodes(codes),
  );
}

/** node-opcua gives an Int64 as two halves. */
function int64(value: unknown): bigint {
  const [high = 0, low = 0] = value as readonly number[];
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

function shown(about: string, data: DataValue, expected: ExpectedChannel, codes: readonly number[]): ConformanceLine {
  const { statusCode, value, sourceTimestamp, sourcePicoseconds } = data;
  if (statusCode.name === 'BadWaitingForInitialData') return found(about, 'nothing was published yet');
  if (!statusCode.isGood()) return wrong(about, `its status is ${statusCode.name}`);
  const code: unknown = value.value;
  if (typeof code !== 'number' || !allCodes(codes).includes(code)) return wrong(about, `${String(code)} is no condition of the agreement`);
  const gridMs = sourceTimestamp?.getTime() ?? Number.NaN;
  const isOnGrid = (gridMs - expected.originMs) % (expected.intervalMs / expected.publications) === 0;
  if (!isOnGrid) return wrong(about, 'its source timestamp is no grid point');
  if (sourcePicoseconds > 0) return wrong(about, 'its source timestamp has picoseconds');
  return found(about, `${code} at ${sourceTimestamp?.toISOString() ?? ''}`);
}
