import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NotificationOrder } from '../../src/client/notification-order.ts';

type Message = readonly [sequenceNumber: number, hasData: boolean];

function gapsIn(messages: readonly Message[]): boolean[] {
  const order = new NotificationOrder();
  return messages.map(([sequenceNumber, hasData]) => order.isAfterGap(sequenceNumber, hasData));
}

for (const [what, messages, gaps] of [
  [
    'messages one after the other',
    [
      [1, true],
      [2, true],
      [3, true],
    ],
    [false, false, false],
  ],
  [
    'a keep-alive with the number to come',
    [
      [1, true],
      [2, false],
      [2, true],
    ],
    [false, false, false],
  ],
  [
    'a keep-alive with the last number',
    [
      [7, true],
      [7, false],
      [8, true],
    ],
    [false, false, false],
  ],
  [
    'a first message with any number',
    [
      [40, true],
      [41, true],
    ],
    [false, false],
  ],
  [
    'a message that was sent again',
    [
      [1, true],
      [2, true],
      [1, true],
      [3, true],
    ],
    [false, false, false, false],
  ],
  [
    'one message that is missing',
    [
      [1, true],
      [3, true],
      [4, true],
    ],
    [false, true, false],
  ],
  [
    'messages whose lack a keep-alive tells',
    [
      [1, true],
      [4, false],
      [4, true],
    ],
    [false, true, false],
  ],
  [
    'numbers that begin again at 1',
    [
      [0xffffffff, true],
      [1, true],
      [2, true],
    ],
    [false, false, false],
  ],
  [
    'a message that is missing where numbers begin again',
    [
      [0xffffffff, true],
      [2, true],
    ],
    [false, true],
  ],
] as const satisfies readonly (readonly [string, readonly Message[], readonly boolean[]])[]) {
  test(`${what}: ${gaps.includes(true as never) ? 'a gap' : 'no gap'}`, () => {
    assert.deepEqual(gapsIn(messages), gaps);
  });
}
