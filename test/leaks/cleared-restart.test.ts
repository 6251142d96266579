import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AttributeIds, type OPCUAClient } from 'node-opcua';
import { streamChildId } from '../../src/nodeset/index.ts';
import { CHANNEL, type Cleared, cleared } from '../server/cleared-support.ts';
import { certificateUser, uaClient } from '../support/ua-client.ts';
import { until } from '../support/until.ts';

const GRID_MS = 200;
/** A crash is replaced at once, a hang after its ping has had 4 s; the client's own pause comes on top. */
const WITHIN_MS = { SIGKILL: 30_000, SIGSTOP: 40_000 } as const;

describe('a client that is subscribed to a cleared server', () => {
  for (const [what, signal] of [
    ['crashes', 'SIGKILL'],
    ['hangs', 'SIGSTOP'],
  ] as const) {
    test(`gets values again by itself after the server’s process ${what}`, async (t) => {
      const on = await cleared();
      const publishing = publishForEver(on);
      const { client, shown } = await follow(on);
      try {
        await until('values come', () => shown.length > 3);
        const before = on.server.processId ?? 0;
        const atMs = Date.now();
        process.kill(before, signal);
        await until('values come again', () => (shown.at(-1) ?? 0) > atMs + GRID_MS && on.server.processId !== before, WITHIN_MS[signal]);
        assert.notEqual(on.server.processId, undefined);
        t.diagnostic(`values again after ${Date.now() - atMs} ms`);
      } finally {
        clearInterval(publishing);
        await client.disconnect();
        await on.server.stop();
      }
    });
  }
});

function publishForEver(on: Cleared): NodeJS.Timeout {
  return setInterval(() => {
    const gridMs = Math.floor(Date.now() / GRID_MS) * GRID_MS;
    on.server.publish([{ stream: 0, code: 1, gridMs, nextMs: gridMs + GRID_MS, batch: 3, publishAtMs: gridMs }]);
  }, GRID_MS);
}

/** Follows one stream with a stock client that reconnects. Gives the grid times that it was told. */
async function follow(on: Cleared): Promise<{ readonly client: OPCUAClient; readonly shown: number[] }> {
  const client = uaClient(on.manufacturer, on.own);
  client.connectionStrategy.maxRetry = -1;
  client.connectionStrategy.maxDelay = 1000;
  await client.connect(on.server.endpointUrl);
  const session = await client.createSession(certificateUser(on.manufacturer));
  const index = (await session.readNamespaceArray()).indexOf('urn:dcmb:instance');
  const subscription = await session.createSubscription2({
    requestedPublishingInterval: 50,
    requestedMaxKeepAliveCount: 20,
    publishingEnabled: true,
  });
  const nodeId = `ns=${index};${streamChildId(CHANNEL, 'wear', 'GridTime')}`;
  const item = await subscription.monitor({ nodeId, attributeId: AttributeIds.Value }, { samplingInterval: 0, queueSize: 10 }, 2);
  const shown: number[] = [];
  item.on(
    'changed',
    (value: { value: { value: unknown } }) => void (value.value.value instanceof Date && shown.push(value.value.value.getTime())),
  );
  return { client, shown };
}
