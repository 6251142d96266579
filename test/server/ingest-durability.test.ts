import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type ClientSession, DataType } from 'node-opcua';
import { UnavailableError } from '../../src/core/index.ts';
import { tagId } from '../../src/nodeset/index.ts';
import type { IngestTag } from '../../src/server/ingest/index.ts';
import { type Ingest, nodeIdOf, startIngest, typed } from './ingest-support.ts';

const TAGS: IngestTag[] = ['a', 'b', 'c'].map((name) => ({ name, type: 'Int32', timestamps: { use: 'server' } }));

describe('writes to a module that answers once they are on its disk', () => {
  let ingest: Ingest;
  let plc: ClientSession;
  /** Readings that wait, with what ends each wait. */
  let waiting: { tag: string; done: () => void; fail: (error: Error) => void }[] = [];
  /** Told of each reading that waits. */
  let onWaiting: () => void = () => undefined;

  before(async () => {
    ingest = await startIngest({
      tags: TAGS,
      taking: ({ tag }) =>
        new Promise((done, fail) => {
          waiting.push({ tag, done, fail });
          onWaiting();
        }),
    });
    plc = await ingest.as('plc');
  });
  after(() => ingest.stop());
  beforeEach(() => {
    waiting = [];
    ingest.accepted.splice(0);
    ingest.refused.splice(0);
  });

  /** Writes in one request. */
  async function writeAll(...values: readonly (readonly [tag: string, value: number])[]): Promise<string[]> {
    const nodes = await Promise.all(values.map(([tag]) => nodeIdOf(plc, tagId(tag))));
    const request = values.map(([, value], index) => ({ nodeId: nodes[index]!, attributeId: 13, value: typed(DataType.Int32, value) }));
    return (await plc.write(request)).map(({ name }) => name);
  }

  const untilWaiting = (count: number): Promise<void> =>
    new Promise((resolve) => {
      onWaiting = () => {
        if (waiting.length === count) resolve();
      };
    });

  test('of one request wait together, and no answer comes before', async () => {
    let answered = false;
    const all = untilWaiting(3);
    const answers = writeAll(['a', 1], ['b', 2], ['c', 3]).finally(() => (answered = true));
    await all;
    assert.equal(answered, false);
    for (const { done } of waiting) done();
    assert.deepEqual(await answers, ['Good', 'Good', 'Good']);
  });

  test('to one tag keep their order within a request and over requests', async () => {
    const all = untilWaiting(4);
    const answers = [writeAll(['a', 1], ['a', 2]), writeAll(['a', 3], ['b', 4])];
    await all;
    assert.deepEqual(
      ingest.accepted.filter(({ tag }) => tag === 'a').map(({ value }) => value?.value),
      [1, 2, 3],
    );
    for (const { done } of waiting) done();
    await Promise.all(answers);
  });

  test('fail each for itself', async () => {
    const all = untilWaiting(2);
    const answers = writeAll(['a', 1], ['b', 2]);
    await all;
    waiting[0]!.fail(new UnavailableError('STORE_FULL', 'The disk is full.'));
    waiting[1]!.done();
    assert.deepEqual(await answers, ['BadResourceUnavailable', 'Good']);
    assert.deepEqual(ingest.refused, [{ tag: 'a', status: 0x80040000 }]);
  });

  test('to nodes that are not there are answered as ever', async () => {
    const all = untilWaiting(1);
    const answers = writeAll(['a', 1], ['none', 2]);
    await all;
    waiting[0]!.done();
    assert.deepEqual(await answers, ['Good', 'BadNodeIdUnknown']);
  });
});
