import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { beginRead, type RawCursor, type RawEntry, readPart } from '../../src/server/cleared/history-range.ts';

interface Point {
  readonly gridMs: number;
}

/** Minutes after five o'clock, as in table 1 of OPC UA Part 11. */
const MINUTE = 60_000;
const FIVE = 5 * 60 * MINUTE;
const STORED: readonly Point[] = [0, 2, 3, 5, 6].map((minute) => ({ gridMs: FIVE + minute * MINUTE }));

function fetch(span: { fromMs: number; toMs: number; newestFirst: boolean; most: number }): Promise<Point[]> {
  const found = STORED.filter(({ gridMs }) => gridMs >= span.fromMs && gridMs <= span.toMs);
  return Promise.resolve((span.newestFirst ? found.reverse() : found).slice(0, span.most));
}

function timeOf(text: string): number | undefined {
  if (text === '-') return undefined;
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return (hours * 60 + minutes) * MINUTE;
}

function show(entry: RawEntry<Point>): string {
  const ms = 'point' in entry ? entry.point.gridMs : entry.missingAtMs;
  const seconds = Math.round((ms % MINUTE) / 1000);
  const text = `${Math.floor(ms / (60 * MINUTE))}:${String(Math.floor(ms / MINUTE) % 60).padStart(2, '0')}${seconds === 0 ? '' : `:${String(seconds).padStart(2, '0')}`}`;
  return 'point' in entry ? text : `none@${text}`;
}

/** One answer, `+` where there is more. */
async function answer(cursor: RawCursor | undefined, limit: number): Promise<string> {
  assert.ok(cursor);
  const { entries, next } = await readPart(cursor, limit, fetch);
  return [...entries.map(show), ...(next === undefined ? [] : ['+'])].join(' ');
}

/** Start, end, number of values, bounds, what is returned. */
const TABLE: readonly (readonly [string, string, number, boolean, string])[] = [
  ['5:00', '5:05', 0, true, '5:00 5:02 5:03 5:05'],
  ['5:00', '5:05', 0, false, '5:00 5:02 5:03'],
  ['5:01', '5:04', 0, true, '5:00 5:02 5:03 5:05'],
  ['5:01', '5:04', 0, false, '5:02 5:03'],
  ['5:05', '5:00', 0, true, '5:05 5:03 5:02 5:00'],
  ['5:05', '5:00', 0, false, '5:05 5:03 5:02'],
  ['5:04', '5:01', 0, true, '5:05 5:03 5:02 5:00'],
  ['5:04', '5:01', 0, false, '5:03 5:02'],
  ['4:59', '5:05', 0, true, 'none@4:59 5:00 5:02 5:03 5:05'],
  ['4:59', '5:05', 0, false, '5:00 5:02 5:03'],
  ['5:01', '5:07', 0, true, '5:00 5:02 5:03 5:05 5:06 none@5:07'],
  ['5:01', '5:07', 0, false, '5:02 5:03 5:05 5:06'],
  ['5:00', '5:05', 3, true, '5:00 5:02 5:03 +'],
  ['5:00', '5:05', 3, false, '5:00 5:02 5:03'],
  ['5:01', '5:04', 3, true, '5:00 5:02 5:03 +'],
  ['5:01', '5:04', 3, false, '5:02 5:03'],
  ['5:05', '5:00', 3, true, '5:05 5:03 5:02 +'],
  ['5:04', '5:01', 3, true, '5:05 5:03 5:02 +'],
  ['5:04', '5:01', 3, false, '5:03 5:02'],
  ['4:59', '5:05', 3, true, 'none@4:59 5:00 5:02 +'],
  ['5:01', '5:07', 3, false, '5:02 5:03 5:05 +'],
  ['5:00', '-', 3, true, '5:00 5:02 5:03'],
  ['5:00', '-', 3, false, '5:00 5:02 5:03'],
  ['5:00', '-', 6, true, '5:00 5:02 5:03 5:05 5:06 none@5:06:01'],
  ['5:00', '-', 6, false, '5:00 5:02 5:03 5:05 5:06'],
  ['5:07', '-', 6, true, '5:06 none@5:06:01'],
  ['5:07', '-', 6, false, ''],
  ['-', '5:06', 3, true, '5:06 5:05 5:03'],
  ['-', '5:06', 3, false, '5:06 5:05 5:03'],
  ['-', '5:06', 6, true, '5:06 5:05 5:03 5:02 5:00 none@4:59:59'],
  ['-', '5:06', 6, false, '5:06 5:05 5:03 5:02 5:00'],
  ['-', '4:48', 6, true, '5:00 none@4:59:59'],
  ['-', '4:48', 6, false, ''],
  ['4:48', '4:48', 0, true, 'none@4:48 5:00'],
  ['4:48', '4:48', 0, false, ''],
  ['4:48', '4:48', 1, true, 'none@4:48 +'],
  ['5:00', '5:00', 0, false, '5:00'],
  ['5:00', '5:00', 1, false, '5:00'],
  ['5:01', '5:01', 0, true, '5:00 5:02'],
  ['5:01', '5:01', 0, false, ''],
  ['5:07', '5:09', 0, true, '5:06 none@5:09'],
];

describe('the time domain of a raw history read, as OPC UA Part 11 lays it down', () => {
  for (const [start, end, most, bounds, expected] of TABLE) {
    test(`from ${start} to ${end}, at most ${most}, ${bounds ? 'with' : 'without'} bounds: ${expected || 'nothing'}`, async () => {
      const cursor = beginRead({ startMs: timeOf(start), endMs: timeOf(end), most, bounds });
      assert.equal(await answer(cursor, most === 0 ? 1000 : most), expected);
    });
  }

  test('less than two of start, end and number is no domain', () => {
    for (const read of [
      { startMs: FIVE, endMs: undefined, most: 0 },
      { startMs: undefined, endMs: FIVE, most: 0 },
      { startMs: undefined, endMs: undefined, most: 7 },
    ])
      assert.equal(beginRead({ ...read, bounds: false }), undefined);
  });

  for (const [start, end, bounds, expected] of [
    ['5:01', '5:07', true, '5:00 5:02 5:03 5:05 5:06 none@5:07'],
    ['5:07', '5:01', true, 'none@5:07 5:06 5:05 5:03 5:02 5:00'],
    ['5:00', '5:06', false, '5:00 5:02 5:03 5:05'],
    ['5:06', '4:00', false, '5:06 5:05 5:03 5:02 5:00'],
  ] as const) {
    for (const size of [1, 2, 3]) {
      test(`from ${start} to ${end} in parts of ${size}: each value once, in order`, async () => {
        let cursor: RawCursor | undefined = beginRead({ startMs: timeOf(start), endMs: timeOf(end), most: size, bounds });
        const all: string[] = [];
        while (cursor !== undefined) {
          const part: Awaited<ReturnType<typeof readPart<Point>>> = await readPart(cursor, size, fetch);
          assert.ok(part.entries.length > 0 && part.entries.length <= size);
          all.push(...part.entries.map(show));
          cursor = part.next;
        }
        assert.equal(all.join(' '), expected);
      });
    }
  }

  test('a number of values alone ends a read that the server cuts into parts', async () => {
    const cursor = beginRead({ startMs: FIVE, endMs: undefined, most: 4, bounds: false });
    assert.ok(cursor);
    const first = await readPart(cursor, 3, fetch);
    assert.deepEqual([first.entries.length, first.next?.left], [3, 1]);
    assert.equal(await answer(first.next, 3), '5:05');
  });
});
