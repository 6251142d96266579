import * as opcua from 'node-opcua';
import type { Request } from './fuzz-requests.ts';

/*
 * Requests at and beyond every limit of a server: more operations than it takes, longer than a message may be, deeper than
 * any value is.
 */

const MEGABYTE = 1024 * 1024;

export function hugeRequests(): [string, () => Request][] {
  const many = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);
  const node = { nodeId: 'i=2258', attributeId: 13 };
  return [
    ['50,000 reads', () => new opcua.ReadRequest({ nodesToRead: many(50_000, node) })],
    ['9,999 reads', () => new opcua.ReadRequest({ nodesToRead: many(9999, node) })],
    ['1,000 reads of everything', () => new opcua.ReadRequest({ nodesToRead: many(1000, { nodeId: 'i=2255', attributeId: 13 }) })],
    ['5,000 browses', () => new opcua.BrowseRequest({ nodesToBrowse: many(5000, { nodeId: 'i=84', resultMask: 63 }) })],
    [
      '1,000 browses without bound',
      () => new opcua.BrowseRequest({ requestedMaxReferencesPerNode: 0, nodesToBrowse: many(1000, { nodeId: 'i=2253', resultMask: 63 }) }),
    ],
    ['a path of 5,000 steps', () => pathOf(5000)],
    ['2,000 calls', () => new opcua.CallRequest({ methodsToCall: many(2000, { objectId: 'i=2253', methodId: 'i=11492' }) })],
    [
      '2,000 calls with arguments',
      () =>
        new opcua.CallRequest({
          methodsToCall: many(100, {
            objectId: 'i=2253',
            methodId: 'i=11492',
            inputArguments: many(1000, { dataType: 'Int32', value: 1 }),
          }),
        }),
    ],
    ['a text of 3 MB', () => new opcua.FindServersRequest({ endpointUrl: 'x'.repeat(3 * MEGABYTE) })],
    ['a text of 5 MB', () => new opcua.FindServersRequest({ endpointUrl: 'x'.repeat(5 * MEGABYTE) })],
    [
      'a user name of 3 MB',
      () =>
        new opcua.ActivateSessionRequest({ userIdentityToken: new opcua.UserNameIdentityToken({ userName: 'x'.repeat(3 * MEGABYTE) }) }),
    ],
    ['a nonce of 3 MB', () => new opcua.CreateSessionRequest({ clientNonce: Buffer.alloc(3 * MEGABYTE) })],
    ['a value of 3 MB', () => writeOf(new opcua.Variant({ dataType: 'ByteString', value: Buffer.alloc(3 * MEGABYTE) }))],
    ['500,000 numbers', () => writeOf(new opcua.Variant({ dataType: 'Double', arrayType: 'Array', value: new Float64Array(500_000) }))],
    ['9,000 texts', () => writeOf(new opcua.Variant({ dataType: 'String', arrayType: 'Array', value: many(9000, 'x'.repeat(300)) }))],
    ['values in values', () => writeOf(nested(200))],
    ['values in values without end', () => deep(100_000)],
    ['a filter of 2,000 clauses', () => filterOf(2000, 1)],
    ['a filter whose clauses name themselves', () => filterOf(10, 0)],
    [
      '9,999 monitored items',
      () => new opcua.CreateMonitoredItemsRequest({ subscriptionId: 1, itemsToCreate: many(9999, { itemToMonitor: node }) }),
    ],
    [
      'queues of four thousand millions',
      () =>
        new opcua.CreateMonitoredItemsRequest({
          subscriptionId: 1,
          itemsToCreate: many(500, { itemToMonitor: node, requestedParameters: { queueSize: 0xffffffff, samplingInterval: 0 } }),
        }),
    ],
    ['9,000 locales', () => new opcua.ActivateSessionRequest({ localeIds: many(9000, 'en') })],
  ];
}

function pathOf(steps: number): Request {
  const element = { referenceTypeId: 'i=33', includeSubtypes: true, targetName: { name: 'x' } };
  return new opcua.TranslateBrowsePathsToNodeIdsRequest({
    browsePaths: [{ startingNode: 'i=84', relativePath: { elements: Array.from({ length: steps }, () => element) } }],
  });
}

function writeOf(value: opcua.Variant): Request {
  return new opcua.WriteRequest({ nodesToWrite: [{ nodeId: 'i=2258', attributeId: 13, value: { value } }] });
}

function nested(depth: number): opcua.Variant {
  let value = new opcua.Variant({ dataType: 'Int32', value: 1 });
  for (let level = 0; level < depth; level++) value = new opcua.Variant({ dataType: 'Variant', arrayType: 'Array', value: [value] });
  return value;
}

/** A Write whose value holds a value that holds a value, written by hand: node-opcua's own encoder would not get there. */
function deep(depth: number): Request {
  const request = new opcua.WriteRequest({ nodesToWrite: [{ nodeId: 'i=2258', attributeId: 13, value: { value: { dataType: 'Null' } } }] });
  const encode = request.encode.bind(request);
  request.encode = (stream: opcua.BinaryStream) => {
    encode(stream);
    // Back over the empty value and its status: an array of Variants with one element, again and again.
    stream.length -= 1;
    for (let level = 0; level < depth; level++) {
      stream.writeUInt8(0x80 | 24);
      stream.writeUInt32(1);
    }
    stream.writeUInt8(0);
  };
  return request;
}

function filterOf(clauses: number, next: number): Request {
  const element = (index: number) => ({
    filterOperator: opcua.FilterOperator.Not,
    filterOperands: [new opcua.ElementOperand({ index: index + next })],
  });
  const filter = new opcua.EventFilter({
    selectClauses: Array.from({ length: clauses }, () => ({
      typeDefinitionId: 'i=2041',
      browsePath: [{ name: 'Message' }],
      attributeId: 13,
    })),
    whereClause: { elements: Array.from({ length: clauses }, (_, index) => element(index)) },
  });
  return new opcua.CreateMonitoredItemsRequest({
    subscriptionId: 1,
    itemsToCreate: [{ itemToMonitor: { nodeId: 'i=2253', attributeId: 12 }, requestedParameters: { filter, queueSize: 1000 } }],
  });
}
