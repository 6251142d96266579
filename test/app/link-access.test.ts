import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTeller } from '../../src/app/link-access.ts';
import type { LinkState } from '../../src/client/index.ts';

test('a link that waits is told when it begins and when the reason changes, not at every try', () => {
  const told: string[] = [];
  const tell = linkTeller('the PLC', (event) => void (event.event === 'link' && told.push(`${event.state}: ${event.message}`)));
  const waiting = (message: string): LinkState => ({ state: 'waiting', error: new Error(message), retryInMs: 0, atMs: 0 });
  const states: LinkState[] = [
    ...Array.from({ length: 3 }, () => waiting('It cannot be reached.')),
    waiting('It is not trusted.'),
    { state: 'connected', resumed: false, atMs: 0 },
    { state: 'disconnected', atMs: 0 },
    waiting('It is not trusted.'),
    waiting('It is not trusted.'),
  ];
  for (const state of states) tell(state);
  assert.deepEqual(told, [
    'waiting: the PLC is not there, and is tried again until it is: It cannot be reached.',
    'waiting: the PLC is not there, and is tried again until it is: It is not trusted.',
    'connected: connected to the PLC',
    'disconnected: connection to the PLC lost',
    'waiting: the PLC is not there, and is tried again until it is: It is not trusted.',
  ]);
});
