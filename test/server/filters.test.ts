import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AttributeIds,
  type ClientSession,
  type ClientSubscription,
  ContentFilter,
  CreateMonitoredItemsRequest,
  type CreateMonitoredItemsResponse,
  DataChangeFilter,
  DataType,
  ElementOperand,
  EventFilter,
  type ExtensionObject,
  FilterOperator,
  LiteralOperand,
  ModifyMonitoredItemsRequest,
  type ModifyMonitoredItemsResponse,
  SimpleAttributeOperand,
  Variant,
} from 'node-opcua';
import { streamChildId } from '../../src/nodeset/index.ts';
import { CHANNEL, type Cleared, cleared, View } from './cleared-support.ts';
import { type Ingest, startIngest } from './ingest-support.ts';
import { certificateUser, until } from './support.ts';

const SERVER = 'i=2253';
const { Equals, Or, Not } = FilterOperator;

type Elements = ConstructorParameters<typeof ContentFilter>[0];

function field(name: string): SimpleAttributeOperand {
  return new SimpleAttributeOperand({ typeDefinitionId: 'i=2041', browsePath: [{ name }], attributeId: AttributeIds.Value });
}

function text(value: string): LiteralOperand {
  return new LiteralOperand({ value: new Variant({ dataType: DataType.String, value }) });
}

function events(elements?: NonNullable<Elements>['elements'], fields = ['EventId', 'EventType']): EventFilter {
  return new EventFilter({ selectClauses: fields.map(field), ...(elements ? { whereClause: new ContentFilter({ elements }) } : {}) });
}

/** Compares an instant with a text, over which node-opcua stumbles when there is an event. */
const THROWING = events([{ filterOperator: Equals, filterOperands: [field('Time'), text('x')] }]);

/** Each element names the next one twice: 2 to the power of its depth evaluations. */
function doubling(depth: number): EventFilter {
  const next = (index: number) => new ElementOperand({ index: index + 1 });
  return events([
    ...Array.from({ length: depth }, (_, index) => ({ filterOperator: Or, filterOperands: [next(index), next(index)] })),
    { filterOperator: Equals, filterOperands: [text('a'), text('b')] },
  ]);
}

function deep(depth: number): EventFilter {
  return events([
    ...Array.from({ length: depth }, (_, index) => ({ filterOperator: Not, filterOperands: [new ElementOperand({ index: index + 1 })] })),
    { filterOperator: Equals, filterOperands: [text('a'), text('b')] },
  ]);
}

/** Services that a session offers, though its type does not say so. */
interface ItemServices {
  createMonitoredItems(request: CreateMonitoredItemsRequest): Promise<CreateMonitoredItemsResponse>;
  modifyMonitoredItems(request: ModifyMonitoredItemsRequest): Promise<ModifyMonitoredItemsResponse>;
}

interface Watch {
  readonly subscription: ClientSubscription;
  readonly nodeId: string;
  readonly attributeId?: AttributeIds;
  readonly filter?: ExtensionObject;
}

async function subscribed(session: ClientSession): Promise<ClientSubscription> {
  return session.createSubscription2({ requestedPublishingInterval: 50, publishingEnabled: true });
}

async function item({ subscription, nodeId, attributeId = AttributeIds.EventNotifier, filter }: Watch) {
  const { session, subscriptionId } = subscription;
  const requestedParameters = { clientHandle: 1, queueSize: 100, ...(filter === undefined ? {} : { filter }) };
  const itemsToCreate = [{ itemToMonitor: { nodeId, attributeId }, monitoringMode: 2, requestedParameters }];
  const request = new CreateMonitoredItemsRequest({ subscriptionId, timestampsToReturn: 2, itemsToCreate });
  const { results } = await (session as unknown as ItemServices).createMonitoredItems(request);
  return results![0]!;
}

async function modified(subscription: ClientSubscription, monitoredItemId: number, filter?: ExtensionObject): Promise<string> {
  const requestedParameters = { clientHandle: 1, queueSize: 100, samplingInterval: 0, ...(filter === undefined ? {} : { filter }) };
  const { subscriptionId } = subscription;
  const itemsToModify = [{ monitoredItemId, requestedParameters }];
  const request = new ModifyMonitoredItemsRequest({ subscriptionId, timestampsToReturn: 2, itemsToModify });
  const { results } = await (subscription.session as unknown as ItemServices).modifyMonitoredItems(request);
  return results![0]!.statusCode.name;
}

describe('a filter that throws when it is evaluated, at an ingest server', () => {
  let ingest: Ingest;
  before(async () => {
    ingest = await startIngest({ tags: [{ name: 'Pieces', type: 'UInt32', timestamps: { use: 'server' } }] });
  });
  after(() => ingest.stop());

  test('does not keep anybody from logging in, the module from telling, nor an honest auditor behind it from hearing', async () => {
    const [hostile, honest] = [await subscribed(await ingest.as('auditor')), await subscribed(await ingest.as('auditor'))];
    await item({ subscription: hostile, nodeId: SERVER, filter: THROWING });
    const seen: unknown[] = [];
    const watching = { nodeId: SERVER, attributeId: AttributeIds.EventNotifier };
    const listener = await honest.monitor(watching, { filter: events(), samplingInterval: 0, queueSize: 100 }, 2);
    listener.on('changed', (fields) => void seen.push(fields));
    await (await ingest.as('plc')).close();
    await until('the honest auditor hears of it', () => seen.length > 0);
    ingest.server.publishModuleState('Degraded', 'a reason');
    await Promise.all([hostile.terminate(), honest.terminate()]);
  });

  test('counts as not matching, for its own item alone', async () => {
    const subscription = await subscribed(await ingest.as('auditor'));
    const counts = [0, 0];
    const watching = { nodeId: SERVER, attributeId: AttributeIds.EventNotifier };
    for (const [index, filter] of [THROWING, events()].entries()) {
      const listener = await subscription.monitor(watching, { filter, samplingInterval: 0, queueSize: 100 }, 2);
      listener.on('changed', () => void counts[index]!++);
    }
    await (await ingest.as('plc')).close();
    await until('the other item has events', () => counts[1]! > 0);
    assert.equal(counts[0], 0);
    await subscription.terminate();
  });

  test('is refused where it would cost much more than it says, or is none', async () => {
    const subscription = await subscribed(await ingest.as('auditor'));
    const statusOf = async (filter?: ExtensionObject): Promise<string> => {
      const watch = { subscription, nodeId: SERVER, ...(filter === undefined ? {} : { filter }) };
      return (await item(watch)).statusCode.name;
    };
    assert.equal(await statusOf(doubling(30)), 'BadEventFilterInvalid');
    assert.equal(await statusOf(deep(198)), 'Good');
    assert.equal(await statusOf(deep(200)), 'BadEventFilterInvalid');
    assert.equal(
      await statusOf(events([{ filterOperator: Not, filterOperands: [new ElementOperand({ index: 0 })] }])),
      'BadEventFilterInvalid',
    );
    assert.equal(await statusOf(events(undefined, Array<string>(201).fill('Time'))), 'BadEventFilterInvalid');
    const long = events([{ filterOperator: Equals, filterOperands: [text('a'), text('b'.repeat(20_000))] }]);
    assert.equal(await statusOf(long), 'BadMonitoredItemFilterInvalid');
    assert.equal(await statusOf(), 'BadMonitoredItemFilterInvalid');
    assert.equal(await statusOf(new DataChangeFilter({})), 'BadMonitoredItemFilterInvalid');
    await (await ingest.as('plc')).close();
    await subscription.terminate();
  });

  test('does not get in by a modification, after which the item has the filter that it had', async () => {
    const subscription = await subscribed(await ingest.as('auditor'));
    const watching = { nodeId: SERVER, attributeId: AttributeIds.EventNotifier };
    const listener = await subscription.monitor(watching, { filter: events(), samplingInterval: 0, queueSize: 100 }, 2);
    const { monitoredItemId } = listener as unknown as { readonly monitoredItemId: number };
    assert.equal(await modified(subscription, monitoredItemId, doubling(30)), 'BadEventFilterInvalid');
    assert.equal(await modified(subscription, monitoredItemId, new DataChangeFilter({})), 'BadMonitoredItemFilterInvalid');
    assert.equal(await modified(subscription, monitoredItemId), 'Good');
    let seen = 0;
    listener.on('changed', () => void seen++);
    await (await ingest.as('plc')).close();
    await until('it still has events', () => seen > 0);
    await subscription.terminate();
  });
});

describe('a filter that throws when it is evaluated, at a cleared server', () => {
  let on: Cleared;
  before(async () => {
    on = await cleared();
  });
  after(() => on.server.stop());

  /** Shows something new, and waits until it is there. */
  async function shows(view: View, code: number, batch: number): Promise<void> {
    const gridMs = Math.ceil(Date.now() / 100) * 100;
    on.server.publish([0, 1].map((stream) => ({ stream, code, gridMs, nextMs: gridMs + 200, batch, publishAtMs: Date.now() })));
    await until('it is shown', async () => (await view.read('wear', 'BatchId')).value.value === batch);
  }

  test('leaves its process running', async () => {
    const view = await View.open(on, certificateUser(on.manufacturer));
    const { processId } = on.server;
    const subscription = await subscribed(view.session);
    for (const nodeId of [SERVER, view.id(`s=${CHANNEL}`)]) await item({ subscription, nodeId, filter: THROWING });
    for (const batch of [1, 2, 3]) await shows(view, batch % 2, batch);
    assert.equal(on.server.processId, processId);
    assert.deepEqual(
      on.events.filter(({ kind }) => kind === 'lost'),
      [],
    );
    await view.close();
  });

  test('for values, a deadband that is no number, is refused', async () => {
    const view = await View.open(on, certificateUser(on.manufacturer));
    const subscription = await subscribed(view.session);
    const nodeId = view.id(streamChildId(CHANNEL, 'wear', 'Importance'));
    for (const deadbandType of [1, 2]) {
      for (const deadbandValue of [NaN, Infinity, -1]) {
        const filter = new DataChangeFilter({ trigger: 1, deadbandType, deadbandValue });
        const { statusCode } = await item({ subscription, nodeId, attributeId: AttributeIds.Value, filter });
        assert.equal(statusCode.name, 'BadDeadbandFilterInvalid', `${deadbandType} ${deadbandValue}`);
      }
    }
    await shows(view, 1, 9);
    await view.close();
  });
});
