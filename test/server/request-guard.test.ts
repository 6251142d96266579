import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  BinaryStream,
  ClientSecureChannelLayer,
  type ClientSession,
  CreateMonitoredItemsRequest,
  type CreateMonitoredItemsResponse,
  GetEndpointsRequest,
  LiteralOperand,
  MessageSecurityMode,
  type OPCUAServer,
  type Response,
  RolePermissionType,
  SecurityPolicy,
} from 'node-opcua';
import { guardRequests } from '../../src/server/request-guard.ts';
import { until } from '../support/until.ts';
import { type Ingest, startIngest } from './ingest-support.ts';

type Send = (
  request: CreateMonitoredItemsRequest,
  callback: (error: Error | null, response?: CreateMonitoredItemsResponse) => void,
) => void;

describe('a request that makes the stack throw', () => {
  let ingest: Ingest;

  before(async () => {
    ingest = await startIngest({ tags: [{ name: 'Pieces', type: 'UInt32', timestamps: { use: 'server' } }] });
  });
  after(() => ingest.stop());

  /** Both kinds of server stand on the same foundation; here a throw that nobody catches ends this very process. */
  async function serves(): Promise<void> {
    const session = await ingest.as('operator');
    assert.equal((await session.read({ nodeId: 'i=2258' })).statusCode.name, 'Good');
  }

  test('for a monitored item refuses that item alone, and leaves nothing behind over which its session’s end stumbles', async () => {
    const session = await ingest.as('operator');
    const subscription = await session.createSubscription2({ requestedPublishingInterval: 100, publishingEnabled: true });
    const itemToMonitor = { nodeId: 'i=2258', attributeId: 13 };
    const request = new CreateMonitoredItemsRequest({
      subscriptionId: subscription.subscriptionId,
      itemsToCreate: [
        // None of the three kinds of filter that OPC UA Part 4, clause 7.22, knows.
        { itemToMonitor, requestedParameters: { filter: new LiteralOperand({}) } },
        { itemToMonitor },
      ],
    });
    const { results } = await itemsCreated(session, request);
    assert.deepEqual(
      results?.map(({ statusCode }) => statusCode.name),
      ['BadMonitoredItemFilterInvalid', 'Good'],
    );
    await subscription.terminate();
    await session.close();
    await serves();
  });

  test('at once or later is answered with BadInternalError, without a text', async () => {
    const sent: Response[] = [];
    const channel = { send_response: (_kind: string, response: Response) => void sent.push(response) };
    const server = {
      endpoints: [],
      on: () => undefined,
      _on_ReadRequest: () => {
        throw new Error('a secret');
      },
      _on_CreateSessionRequest: () => Promise.reject(new Error('a secret')),
      _apply_on_SessionObject: (..._all: unknown[]) => Promise.reject(new Error('a secret')),
    };
    guardRequests(server as unknown as OPCUAServer);
    const serve = server as unknown as Record<string, (message: object, on: typeof channel) => unknown>;
    serve['_on_ReadRequest']?.({}, channel);
    serve['_on_CreateSessionRequest']?.({}, channel);
    await server._apply_on_SessionObject(Object, {}, channel, () => undefined);
    assert.deepEqual(
      sent.map(({ responseHeader }) => [responseHeader.serviceResult.name, responseHeader.stringTable ?? []]),
      sent.map(() => ['BadInternalError', []]),
    );
    assert.equal(sent.length, 3);
  });

  test('because its bytes cannot be decoded closes that connection alone', async () => {
    const layer = new ClientSecureChannelLayer({
      securityMode: MessageSecurityMode.None,
      securityPolicy: SecurityPolicy.None,
      connectionStrategy: { maxRetry: 0 },
    });
    await new Promise<void>((resolve, reject) => {
      layer.create(ingest.server.endpointUrl, (error) => (error ? reject(error) : resolve()));
    });
    layer.performMessageTransaction(undecodable() as never, () => undefined);
    await until('the connection is closed', () => !layer.isOpened());
    layer.dispose();
    await serves();
  });
});

function itemsCreated(session: ClientSession, request: CreateMonitoredItemsRequest): Promise<CreateMonitoredItemsResponse> {
  const { performMessageTransaction } = session as unknown as { performMessageTransaction: Send };
  return new Promise((resolve, reject) => {
    performMessageTransaction.call(session, request, (error, response) => {
      if (response === undefined) reject(error ?? new Error('The server gave no answer.'));
      else resolve(response);
    });
  });
}

/** Ends too early, and holds a flag that does not exist, over which node-opcua's warning about the early end stumbles. */
function undecodable(): object {
  const roleId = 0x5a5a5a5a;
  const additionalHeader = new RolePermissionType({ roleId: `i=${roleId}`, permissions: 0 });
  const request = new GetEndpointsRequest({ requestHeader: { additionalHeader, timeoutHint: 1000 }, endpointUrl: 'x' });
  return {
    schema: request.schema,
    requestHeader: request.requestHeader,
    encode: (stream: BinaryStream) => {
      const whole = new BinaryStream(4096);
      request.encode(whole);
      const bytes = Buffer.from(whole.buffer.subarray(0, whole.length - 1));
      const marker = Buffer.alloc(4);
      marker.writeUInt32LE(roleId);
      bytes.writeUInt32LE(0x02000000, bytes.indexOf(marker) + 4);
      for (const byte of bytes) stream.writeUInt8(byte);
    },
  };
}
