import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AccessLevelFlag,
  AttributeIds,
  type HistoryReadRequest,
  type LocalizedText,
  NumericRange,
  QualifiedName,
  ReadAtTimeDetails,
  ReadEventDetails,
  ReadProcessedDetails,
  type ReadRawModifiedDetails,
  resolveNodeId,
  StatusCodes,
  TimestampsToReturn,
  VariableIds,
} from 'node-opcua';
import { channelNodeId, streamChildId } from '../../src/nodeset/index.ts';
import { CHANNEL, type Cleared, cleared, View, viewing } from './cleared-support.ts';
import { Archive, LENGTH, MIN, read, request, send, START, valuesOf, type Wanted } from './history-support.ts';
import { emptyRange } from './ingest-support.ts';
import { certificateUser, passwordUser } from './support.ts';

describe('the history of a cleared server', () => {
  const archive = new Archive();
  let on: Cleared;
  before(async () => (on = await cleared({ history: (query) => archive.history(query) })));
  after(() => on.server.stop());
  const asMaker = <Result>(work: (view: View) => Promise<Result>) => viewing(on, certificateUser(on.manufacturer), work);

  test('each variable has the values that were shown, with grid time and the time of showing', async () => {
    await asMaker(async (view) => {
      const names = ['Condition', 'ConditionCode', 'Importance', 'BatchId', 'LedgerState', 'DeliveryState', 'TransactionId'] as const;
      const results = await read(view, { names, most: 2 });
      assert.deepEqual(
        results.map((result) => valuesOf(result).map(({ value }) => (value.value as { text?: string }).text ?? (value.value as unknown))),
        [
          ['Fine', 'Maintenance imminent'],
          [0, 1],
          [1, 700],
          [0, 1],
          [2, 2],
          [2, 2],
          ['tx-0', 'tx-1'],
        ],
      );
      for (const value of results.flatMap(valuesOf)) {
        assert.equal(value.statusCode, StatusCodes.Good);
        assert.equal(value.serverTimestamp?.getTime(), (value.sourceTimestamp?.getTime() ?? 0) + 50);
        assert.equal(value.sourcePicoseconds, 0);
      }
      assert.equal(valuesOf(results[0])[1]?.sourceTimestamp?.getTime(), START + 200);
    });
  });

  test('variables of one stream that are read together are asked of the module once', async () => {
    await asMaker(async (view) => {
      archive.asked.length = 0;
      await read(view, { names: ['Condition', 'ConditionCode', 'Importance', 'BatchId'], most: 5 });
      assert.deepEqual(archive.asked, [{ stream: 0, fromMs: START, toMs: 8_640_000_000_000_000, newestFirst: false, most: 6 }]);
    });
  });

  test('a long range comes in parts by continuation points, each value once', async () => {
    await asMaker(async (view) => {
      const batches: number[] = [];
      const end = new Date(START + 86_400_000);
      let [part] = await read(view, { names: ['BatchId'], stream: 'rate', end });
      for (;;) {
        batches.push(...valuesOf(part).map(({ value }) => Number(value.value)));
        if (!part?.continuationPoint) break;
        [part] = await read(view, { names: ['BatchId'], stream: 'rate', end, points: [part.continuationPoint] });
      }
      assert.deepEqual(
        batches,
        Array.from({ length: LENGTH }, (_, index) => index),
      );
    });
  });

  test('a continuation point is good once, for its node, in its session, until it is released', async () => {
    await asMaker(async (view) => {
      const end = new Date(START + 86_400_000);
      const begin = async () => (await read(view, { end, most: 10 }))[0]?.continuationPoint;
      const status = async (wanted: Wanted, by = view) => (await read(by, wanted))[0]?.statusCode.name;
      const [used, foreign, released] = [await begin(), await begin(), await begin()];
      assert.equal(await status({ points: [used] }), 'Good');
      assert.equal(await status({ points: [used] }), 'BadContinuationPointInvalid');
      assert.equal(await status({ points: [foreign], names: ['BatchId'] }), 'BadContinuationPointInvalid');
      const other = await View.open(on, passwordUser('auditor', 'correct horse'));
      assert.equal(await status({ points: [foreign] }, other), 'BadContinuationPointInvalid');
      await other.close();
      assert.equal(await status({ points: [foreign] }), 'Good');
      assert.equal(await status({ points: [released], release: true }), 'Good');
      assert.equal(await status({ points: [released], release: true }), 'BadContinuationPointInvalid');
      assert.equal(await status({ points: [released] }), 'BadContinuationPointInvalid');
      assert.equal(await status({ release: true }), 'BadContinuationPointInvalid');
      assert.equal(await status({ points: [Buffer.alloc(5000)] }), 'BadContinuationPointInvalid');
    });
  });

  test('a session that leaves all its continuation points open gets no more of them', async () => {
    await asMaker(async (view) => {
      const end = new Date(START + 86_400_000);
      const names = Array.from({ length: 100 }, () => 'ConditionCode' as const);
      const statuses = [...(await read(view, { names, end, most: 1 })), ...(await read(view, { names, end, most: 1 }))].map(
        ({ statusCode }) => statusCode.name,
      );
      assert.equal(statuses.filter((name) => name === 'Good').length, 128);
      assert.equal(statuses.filter((name) => name === 'BadNoContinuationPoints').length, 72);
    });
  });

  test('backwards from the newest, and a range without data', async () => {
    await asMaker(async (view) => {
      const [newest] = await read(view, { names: ['BatchId'], start: MIN, end: new Date(START + 86_400_000), most: 2 });
      assert.deepEqual(
        valuesOf(newest).map(({ value }) => value.value as number),
        [LENGTH - 1, LENGTH - 2],
      );
      const [none] = await read(view, { start: new Date(START - 1000), end: new Date(START) });
      assert.equal(none?.statusCode, StatusCodes.GoodNoData);
    });
  });

  test('an auditor reads it too', async () => {
    await viewing(on, passwordUser('auditor', 'correct horse'), async (view) => {
      assert.equal(valuesOf((await read(view, { most: 1 }))[0]).length, 1);
    });
  });

  test('texts come in the language of each session', async () => {
    const first = async (localeIds: string[]): Promise<unknown> => {
      const read1 = async (view: View) =>
        valuesOf((await read(view, { names: ['Condition'], most: 1 }))[0])[0]?.value.value as LocalizedText;
      const { locale, text } = await viewing(on, certificateUser(on.manufacturer), read1, { localeIds });
      return [locale, text];
    };
    assert.deepEqual(await Promise.all([first(['de-AT']), first(['fr', 'en'])]), [
      ['de', 'In Ordnung'],
      ['en', 'Fine'],
    ]);
  });

  test('an empty index range is as good as none', async () => {
    await asMaker(async (view) => {
      const message = request(view, { most: 1 });
      for (const node of message.nodesToRead ?? []) node.indexRange = emptyRange();
      const [result] = await send(view.session, message);
      assert.equal(result?.statusCode.name, 'Good');
      assert.equal(valuesOf(result).length, 1);
    });
  });

  test('what is not history of a stream is refused with the status that Part 11 names', async () => {
    await asMaker(async (view) => {
      const status = async (change: (message: HistoryReadRequest) => void) => {
        const message = request(view, { most: 1 });
        change(message);
        return (await send(view.session, message))[0]?.statusCode.name;
      };
      const first = (message: HistoryReadRequest) => message.nodesToRead![0]!;
      const details = (message: HistoryReadRequest) => message.historyReadDetails as ReadRawModifiedDetails;
      assert.equal(await status((message) => (details(message).isReadModified = true)), 'BadHistoryOperationUnsupported');
      assert.equal(await status((message) => (details(message).numValuesPerNode = 0)), 'BadHistoryOperationInvalid');
      assert.equal(await status((message) => (first(message).indexRange = new NumericRange('0:1'))), 'BadIndexRangeNoData');
      assert.equal(
        await status((message) => (first(message).dataEncoding = new QualifiedName({ name: 'Default XML' }))),
        'BadDataEncodingInvalid',
      );
      assert.equal(await status((message) => (message.timestampsToReturn = TimestampsToReturn.Neither)), 'BadTimestampsToReturnInvalid');
      assert.equal(await status((message) => (message.timestampsToReturn = TimestampsToReturn.Server)), 'BadTimestampNotSupported');
      assert.equal(await status((message) => (message.historyReadDetails = new ReadAtTimeDetails({}))), 'BadHistoryOperationUnsupported');
      assert.equal(await status((message) => (message.historyReadDetails = new ReadEventDetails({}))), 'BadHistoryOperationUnsupported');
      assert.equal(
        await status((message) => (message.historyReadDetails = new ReadProcessedDetails({}))),
        'BadHistoryOperationUnsupported',
      );
      const nodeOf = (nodeId: string) => status((message) => (first(message).nodeId = resolveNodeId(nodeId)));
      assert.equal(await nodeOf(view.id('s=Tags/Wear')), 'BadNodeIdUnknown');
      assert.equal(await nodeOf(view.id(streamChildId(CHANNEL, 'wear', 'GridTime'))), 'BadHistoryOperationUnsupported');
      assert.equal(await nodeOf('i=2256'), 'BadHistoryOperationUnsupported');
      assert.equal(await nodeOf('i=3707'), 'BadNodeIdUnknown');
    });
  });

  test('source timestamps alone, where they alone are asked for', async () => {
    await asMaker(async (view) => {
      const [only] = await read(view, { most: 1, timestamps: TimestampsToReturn.Source });
      assert.equal(valuesOf(only)[0]?.serverTimestamp, null);
    });
  });

  test('a request for more nodes than the server says is refused whole', async () => {
    await asMaker(async (view) => {
      const names = Array.from({ length: 101 }, () => 'ConditionCode' as const);
      await assert.rejects(read(view, { names, most: 1 }), /BadTooManyOperations/);
    });
  });

  test('what the module cannot answer is a status without details', async () => {
    await asMaker(async (view) => {
      archive.fault = new Error('a secret detail');
      const [result] = await read(view, { most: 1 });
      archive.fault = undefined;
      assert.equal(result?.statusCode.name, 'BadResourceUnavailable');
      assert.ok(!JSON.stringify(result).includes('secret'));
    });
  });

  test('a flood of reads opens no more than four queries at the module, and of five reads of a session one is refused', async () => {
    archive.answersAfterMs = 60;
    archive.mostOpen = 0;
    await asMaker(async (view) => {
      const reads = Array.from({ length: 5 }, (_, index) => {
        const names = Array.from({ length: 20 }, () => 'ConditionCode' as const);
        return send(view.session, request(view, { names, start: new Date(START + index), most: index + 1 }));
      });
      const statuses = (await Promise.all(reads)).map(([result]) => result?.statusCode.name);
      assert.deepEqual(statuses.sort(), ['BadResourceUnavailable', 'Good', 'Good', 'Good', 'Good']);
    });
    archive.answersAfterMs = 0;
    assert.ok(archive.mostOpen <= 4);
  });

  test('the nodes say that their history is read, and not written', async () => {
    await asMaker(async (view) => {
      const read = async (attributeId: AttributeIds) => {
        const { value } = await view.session.read({ nodeId: view.id(streamChildId(CHANNEL, 'wear', 'ConditionCode')), attributeId });
        return value.value as unknown;
      };
      const readable = AccessLevelFlag.CurrentRead | AccessLevelFlag.HistoryRead;
      assert.deepEqual([await read(AttributeIds.AccessLevel), await read(AttributeIds.UserAccessLevel)], [readable, readable]);
      assert.equal(await read(AttributeIds.Historizing), true);
      const value = async (nodeId: string) => (await view.session.read({ nodeId })).value.value as unknown;
      assert.equal(await value(`i=${VariableIds.HistoryServerCapabilities_AccessHistoryDataCapability}`), true);
      assert.equal(await value(`i=${VariableIds.HistoryServerCapabilities_MaxReturnDataValues}`), 1000);
      assert.equal(await value(`i=${VariableIds.HistoryServerCapabilities_UpdateDataCapability}`), false);
      assert.equal(await value(`i=${VariableIds.Server_ServerCapabilities_MaxHistoryContinuationPoints}`), 128);
      assert.equal(await value(view.id(`${channelNodeId(CHANNEL)}-HistoryConfiguration-Stepped`)), true);
    });
  });
});
