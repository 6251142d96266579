import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NotificationOrder, type NotificationPlace } from '../../src/client/notification-order.ts';

type Message = readonly [sequenceNumber: number, hasData: boolean];

function placesOf(messages: readonly Message[]): NotificationPlace[] {
  const order = new NotificationOrder();
  return messages.map(([sequenceNumber, hasData]) => order.take(sequenceNumber, hasData));
}

const CASES: readonly (readonly [what: string, messages: readonly Message[], places: readonly NotificationPlace[]])[] = [
  [
    'messages one after the other are next',
    [
      [1, true],
      [2, true],
      [3, true],
    ],
    ['next', 'next', 'next'],
  ],
  [
    'a keep-alive has the number to come',
    [
      [1, true],
      [2, false],
      [2, true],
    ],
    ['next', 'next', 'next'],
  ],
  [
    'a keep-alive may have the last number',
    [
      [7, true],
      [7, false],
      [8, true],
    ],
    ['next', 'again', 'next'],
  ],
  [
    'a first message may have any number',
    [
      [40, true],
      [41, true],
    ],
    ['next', 'next'],
  ],
  [
    'a message that is sent again is known',
    [
      [1, true],
      [2, true],
      [1, true],
      [3, true],
    ],
    ['next', 'next', 'again', 'next'],
  ],
  [
    'one message that is missing is a gap',
    [
      [1, true],
      [3, true],
      [4, true],
    ],
    ['next', 'afterGap', 'next'],
  ],
  [
    'a keep-alive tells of those that are missing',
    [
      [1, true],
      [4, false],
      [4, true],
    ],
    ['next', 'afterGap', 'next'],
  ],
  [
    'a message that comes late, after its gap, is one more gap',
    [
      [1, true],
      [3, true],
      [2, true],
      [4, true],
    ],
    ['next', 'afterGap', 'afterGap', 'afterGap'],
  ],
  [
    'a server that counts anew is a gap, and goes on',
    [
      [50, true],
      [1, true],
      [2, true],
    ],
    ['next', 'afterGap', 'next'],
  ],
  [
    '1 follows the greatest number',
    [
      [0xffffffff, true],
      [1, true],
      [2, true],
    ],
    ['next', 'next', 'next'],
  ],
  [
    '2 does not follow the greatest number',
    [
      [0xffffffff, true],
      [2, true],
    ],
    ['next', 'afterGap'],
  ],
];

for (const [what, messages, places] of CASES) {
  test(what, () => {
    assert.deepEqual(placesOf(messages), places);
  });
}

test("messages in any order are sorted into the server's, also over the greatest number", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 0xffffffff }),
      fc.integer({ min: 1, max: 30 }),
      fc.infiniteStream(fc.nat()),
      (first, count, keys) => {
        const numbers = Array.from({ length: count + 1 }, (_, i) => ((first - 1 + i) % 0xffffffff) + 1);
        const order = new NotificationOrder();
        order.take(numbers[0]!, true);
        const random = [...keys.take(count)];
        const messages = numbers.slice(1).map((sequenceNumber, i) => ({ sequenceNumber, key: random[i]! }));
        const shuffled = messages.toSorted((one, other) => one.key - other.key);
        assert.deepEqual(
          order.sorted(shuffled).map(({ sequenceNumber }) => sequenceNumber),
          numbers.slice(1),
        );
      },
    ),
  );
});
