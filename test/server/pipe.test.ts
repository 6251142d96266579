import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import * as v from 'valibot';
import { RejectedError, UnavailableError } from '../../src/core/index.ts';
import { encodeFrame, FrameReader, type Handlers, MessagePipe } from '../../src/server/pipe/index.ts';

const HERE = { notices: { said: v.strictObject({ text: v.string() }) }, requests: {} } as const;
const THERE = {
  notices: {},
  requests: { double: { body: v.strictObject({ n: v.number() }), answer: v.strictObject({ n: v.number() }) } },
} as const;
type Here = typeof HERE;
type There = typeof THERE;

const LIMIT = 1000;

/** Two streams, each reading what the other writes. */
function wire(): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  for (const other of [1, 0]) {
    ends.push(
      new Duplex({
        read: () => undefined,
        write: (chunk, _encoding, done) => {
          ends[other]?.push(chunk);
          done();
        },
        final: (done) => {
          ends[other]?.push(null);
          done();
        },
      }),
    );
  }
  return [ends[0]!, ends[1]!];
}

interface Setup {
  readonly asking: MessagePipe<There, Here>;
  readonly raw: Duplex;
  readonly closedBy: (Error | undefined)[];
  readonly said: string[];
}

/** Our end asks `double` and hears `said`; the raw other end is for the test to misuse. */
function askingEnd(mostOpen = 4): Setup {
  const [mine, raw] = wire();
  const closedBy: (Error | undefined)[] = [];
  const said: string[] = [];
  const handlers: Handlers<Here> = { notices: { said: ({ text }) => void said.push(text) }, requests: {} };
  const asking = new MessagePipe(mine, {
    out: THERE,
    in: HERE,
    handlers,
    mostBytesIn: LIMIT,
    mostBytesOut: LIMIT,
    mostOpen,
    closed: (cause) => void closedBy.push(cause),
  });
  return { asking, raw, closedBy, said };
}

function answeringEnd(stream: Duplex, double: Handlers<There>['requests']['double'], mostOpen = 4): MessagePipe<Here, There> {
  const options = { out: HERE, in: THERE, mostBytesIn: LIMIT, mostBytesOut: LIMIT, mostOpen, closed: () => undefined };
  return new MessagePipe(stream, { ...options, handlers: { notices: {}, requests: { double } } });
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 10));

describe('frames', () => {
  test('messages come out whole, whatever pieces the bytes arrive in', () => {
    const property = fc.property(
      fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 5 }),
      fc.integer({ min: 1, max: 40 }),
      (values, piece) => {
        const messages = values.map((value) => ({ value: JSON.stringify(value) }));
        const bytes = Buffer.concat(messages.map((message) => encodeFrame(message, 100_000)));
        const reader = new FrameReader(100_000);
        const got: unknown[] = [];
        for (let at = 0; at < bytes.length; at += piece) got.push(...reader.push(bytes.subarray(at, at + piece)));
        assert.deepEqual(got, messages);
      },
    );
    fc.assert(property);
  });

  test('a message above the limit is neither sent nor taken', () => {
    assert.throws(() => encodeFrame({ text: 'x'.repeat(100) }, 50), { code: 'PIPE_MESSAGE_TOO_LONG' });
    assert.throws(() => new FrameReader(50).push(Buffer.from([0, 0, 0, 51])), { code: 'BAD_PIPE_MESSAGE' });
    assert.throws(() => new FrameReader(50).push(Buffer.from([0xff, 0xff, 0xff, 0xff])), { code: 'BAD_PIPE_MESSAGE' });
    assert.throws(() => new FrameReader(50).push(Buffer.from([0, 0, 0, 0])), { code: 'BAD_PIPE_MESSAGE' });
  });

  test('what is not JSON is refused', () => {
    assert.throws(() => new FrameReader(50).push(Buffer.from([0, 0, 0, 1, 0x7b])), { code: 'BAD_PIPE_MESSAGE' });
  });
});

describe('message pipe', () => {
  test('a request gets its answer, a notice reaches its handler', async () => {
    const { asking, raw, said } = askingEnd();
    const answering = answeringEnd(raw, ({ n }) => Promise.resolve({ n: 2 * n }));
    assert.deepEqual(await asking.request('double', { n: 21 }, 1000), { n: 42 });
    answering.notice('said', { text: 'hello' });
    await settled();
    assert.deepEqual(said, ['hello']);
  });

  test('of a handler’s error the other side learns the kind, and no detail', async () => {
    const { asking, raw } = askingEnd();
    const seen: string[] = [];
    raw.on('data', () => undefined);
    answeringEnd(raw, ({ n }) => Promise.reject(n === 1 ? new RejectedError('X', 'secret detail') : new Error('secret detail')));
    for (const [n, code] of [
      [1, 'PEER_REFUSED'],
      [2, 'PEER_UNAVAILABLE'],
    ] as const) {
      await asking.request('double', { n }, 1000).catch((error: Error & { code: string }) => {
        seen.push(error.code);
        assert.ok(!error.message.includes('secret'));
        assert.equal(error.cause, undefined);
      });
      assert.equal(seen.at(-1), code);
    }
  });

  test('no answer in time is PIPE_TIMEOUT, and a late answer harms nothing', async () => {
    const { asking, raw, closedBy } = askingEnd();
    answeringEnd(raw, async ({ n }) => {
      if (n === 1) await new Promise((resolve) => setTimeout(resolve, 60));
      return { n };
    });
    await assert.rejects(asking.request('double', { n: 1 }, 20), { code: 'PIPE_TIMEOUT' });
    await new Promise((resolve) => setTimeout(resolve, 80));
    assert.deepEqual(await asking.request('double', { n: 2 }, 1000), { n: 2 });
    assert.deepEqual(closedBy, []);
  });

  test('more open requests than agreed are refused at once', async () => {
    const { asking } = askingEnd(1);
    const first = asking.request('double', { n: 1 }, 1000);
    await assert.rejects(asking.request('double', { n: 2 }, 1000), { code: 'PIPE_BUSY' });
    asking.close();
    await assert.rejects(first, UnavailableError);
  });

  test('what was given up counts as open until its answer comes, as it does at the other side', async () => {
    const { asking, raw, closedBy } = askingEnd(1);
    let finish = (): void => undefined;
    const slow = new Promise<void>((resolve) => (finish = resolve));
    answeringEnd(raw, ({ n }) => slow.then(() => ({ n })), 1);
    await assert.rejects(asking.request('double', { n: 1 }, 10), { code: 'PIPE_TIMEOUT' });
    await assert.rejects(asking.request('double', { n: 2 }, 10), { code: 'PIPE_BUSY' });
    finish();
    await settled();
    assert.deepEqual(await asking.request('double', { n: 3 }, 1000), { n: 3 });
    assert.deepEqual(closedBy, []);
  });

  test('the end of the stream fails what is open and is told once, without a fault', async () => {
    const { asking, raw, closedBy } = askingEnd();
    const open = asking.request('double', { n: 1 }, 1000);
    raw.end();
    await assert.rejects(open, { code: 'PIPE_CLOSED' });
    await assert.rejects(asking.request('double', { n: 1 }, 1000), { code: 'PIPE_CLOSED' });
    assert.deepEqual(closedBy, [undefined]);
  });

  const offences: [string, object][] = [
    ['a notice outside the contract', { t: 'notice', name: 'shout', body: {} }],
    ['a name that every object inherits', { t: 'notice', name: 'toString', body: {} }],
    ['a notice with a further key', { t: 'notice', name: 'said', body: { text: 'a', more: 1 } }],
    ['a notice of a wrong type', { t: 'notice', name: 'said', body: { text: 1 } }],
    ['a frame with a further key', { t: 'notice', name: 'said', body: { text: 'a' }, more: 1 }],
    ['a request that the contract does not have', { t: 'request', id: 1, name: 'double', body: { n: 1 } }],
    ['an answer to what was never asked', { t: 'answer', id: 9, body: {} }],
    ['a frame of an unknown kind', { t: 'run', code: 'x' }],
  ];
  for (const [what, frame] of offences) {
    test(`${what} ends the pipe with a fault`, async () => {
      const { asking, raw, closedBy, said } = askingEnd();
      raw.write(encodeFrame(frame as never, LIMIT));
      await settled();
      assert.equal(closedBy.length, 1);
      assert.ok(closedBy[0] instanceof RejectedError);
      assert.deepEqual(said, []);
      await assert.rejects(asking.request('double', { n: 1 }, 1000), { code: 'PIPE_CLOSED' });
    });
  }

  test('an answer in a wrong form ends the pipe and fails its request', async () => {
    const { asking, raw, closedBy } = askingEnd();
    const open = asking.request('double', { n: 1 }, 1000);
    raw.write(encodeFrame({ t: 'answer', id: 1, body: { n: 'two' } }, LIMIT));
    await assert.rejects(open, { code: 'PIPE_CLOSED' });
    assert.ok(closedBy[0] instanceof RejectedError);
  });
});
