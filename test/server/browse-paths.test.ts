import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AttributeIds,
  BrowseDirection,
  BrowsePath,
  type ClientSession,
  coerceNodeId,
  CreateMonitoredItemsRequest,
  type CreateMonitoredItemsResponse,
  EventFilter,
  type EventFilterResult,
  type ReferenceDescription,
} from 'node-opcua';
import { channelNodeId, INSTANCE_URI, tagId } from '../../src/nodeset/index.ts';
import { CHANNEL, type Ingest, nodeIdOf, startIngest } from './ingest-support.ts';

const SHARED = 'Shared';
const SECRET = 'SecretTag';
const NOTHING = 'NoSuchTag';
const tags = [
  { name: SHARED, type: 'Double', timestamps: { use: 'server' }, readableBy: ['Manufacturer'] },
  { name: SECRET, type: 'Double', timestamps: { use: 'server' } },
] as const;

type Step = readonly [referenceType: string, isInverse: boolean, name: string, namespaceIndex: number];
const TYPE_OF = 'i=40';
const HIERARCHICAL = 'i=33';
const ANY = 'i=0';

describe('a session that may see one tag and not the other', () => {
  let ingest: Ingest;
  let session: ClientSession;
  let plc: ClientSession;
  let namespace: number;
  let type: ReferenceDescription;
  /** The way from a tag up to the Objects folder, without it. */
  const above: ReferenceDescription[] = [];
  before(async () => {
    ingest = await startIngest({ tags });
    plc = await ingest.as('plc');
    session = await ingest.as('manufacturer');
    namespace = (await plc.readNamespaceArray()).indexOf(INSTANCE_URI);
    const secret = await nodeIdOf(plc, tagId(SECRET));
    [type] = (await browsed(plc, secret, TYPE_OF, BrowseDirection.Forward)) as [ReferenceDescription];
    for (let place = secret; ; place = above.at(-1)!.nodeId.toString()) {
      const [next] = await browsed(plc, place, HIERARCHICAL, BrowseDirection.Inverse);
      if (next === undefined || next.browseName.name === 'Objects') break;
      above.push(next);
    }
  });
  after(() => ingest.stop());

  async function browsed(by: ClientSession, nodeId: string, referenceTypeId: string, browseDirection: BrowseDirection) {
    const description = { nodeId, referenceTypeId, browseDirection, includeSubtypes: true, nodeClassMask: 0, resultMask: 63 };
    return (await by.browse(description)).references ?? [];
  }

  async function followed(startingNode: string, steps: readonly Step[], by = session): Promise<string> {
    const elements = steps.map(([referenceTypeId, isInverse, name, namespaceIndex]) => ({
      referenceTypeId: coerceNodeId(referenceTypeId),
      isInverse,
      includeSubtypes: true,
      targetName: { name, namespaceIndex },
    }));
    return (await by.translateBrowsePath(new BrowsePath({ startingNode, relativePath: { elements } }))).statusCode.name;
  }

  test('finds no path to the other, through it or from it: the answers are those for nothing', async () => {
    const up: Step = [TYPE_OF, false, type.browseName.name!, type.browseName.namespaceIndex];
    const [last] = above;
    const back: Step = [HIERARCHICAL, true, last!.browseName.name!, last!.browseName.namespaceIndex];
    const folder = above.toReversed().map(({ browseName }): Step => [HIERARCHICAL, false, browseName.name!, browseName.namespaceIndex]);
    const answers = (name: string, by = session) => {
      const down: Step = [HIERARCHICAL, false, name, namespace];
      const ways: readonly (readonly Step[])[] = [[down], [down, up], [down, back], [down, back, down, up]];
      return Promise.all(ways.map((way) => followed('i=85', [...folder, ...way], by)));
    };
    const fromIt = async (name: string, step: Step) => followed(await nodeIdOf(session, tagId(name)), [step]);
    assert.deepEqual(new Set(await answers(SECRET)), new Set(['BadNoMatch']));
    assert.deepEqual(await answers(SECRET), await answers(NOTHING));
    assert.deepEqual([await fromIt(SECRET, up), await fromIt(NOTHING, up)], ['BadNodeIdUnknown', 'BadNodeIdUnknown']);
    // The same paths lead somewhere for who may see it.
    assert.deepEqual(new Set(await answers(SECRET, plc)), new Set(['Good']));
    assert.deepEqual([await fromIt(SHARED, up), await fromIt(SHARED, back)], ['Good', 'BadNoMatch']);
  });

  test('sees no reference to the other from what it may see, in either direction', async () => {
    const shared = await nodeIdOf(session, tagId(SHARED));
    for (const place of ['i=85', type.nodeId.toString(), shared]) {
      const names = (await browsed(session, place, ANY, BrowseDirection.Both)).map(({ browseName }) => browseName.name);
      assert.ok(names.length > 0 && !names.includes(SECRET) && !names.includes(above[0]!.browseName.name), names.join());
    }
    const status = async (name: string) => {
      const description = { nodeId: await nodeIdOf(session, tagId(name)), browseDirection: BrowseDirection.Inverse };
      return (await session.browse(description)).statusCode.name;
    };
    assert.equal(await status(SECRET), await status(NOTHING));
  });

  test('such as an auditor’s learns nothing of a channel by a filter that names it as a type', async () => {
    const auditor = await ingest.as('auditor');
    const { subscriptionId } = await auditor.createSubscription2({ publishingEnabled: false });
    const results = async (id: string) => {
      const typeDefinitionId = await nodeIdOf(auditor, id);
      const filter = new EventFilter({ selectClauses: [{ typeDefinitionId, browsePath: [{ name: 'Time' }], attributeId: 13 }] });
      const itemToMonitor = { nodeId: 'i=2253', attributeId: AttributeIds.EventNotifier };
      const itemsToCreate = [{ itemToMonitor, monitoringMode: 2, requestedParameters: { clientHandle: 1, queueSize: 100, filter } }];
      const request = new CreateMonitoredItemsRequest({ subscriptionId, timestampsToReturn: 2, itemsToCreate });
      const [created] = (await (auditor as unknown as ItemServices).createMonitoredItems(request)).results ?? [];
      const clauses = (created?.filterResult as EventFilterResult | null)?.selectClauseResults ?? [];
      return [created?.statusCode.name, ...clauses.map((status) => status.name)];
    };
    assert.deepEqual(await results(channelNodeId(CHANNEL.name)), await results(channelNodeId('nochannel')));
  });

  test('has no use of a path longer than any way', async () => {
    const round: readonly Step[] = [
      [HIERARCHICAL, false, 'Server', 0],
      [HIERARCHICAL, true, 'Objects', 0],
    ];
    const rounds = (count: number) => Array<readonly Step[]>(count).fill(round).flat();
    assert.equal(await followed('i=85', rounds(16)), 'Good');
    assert.equal(await followed('i=85', rounds(17)), 'BadNoMatch');
  });
});

interface ItemServices {
  createMonitoredItems(request: CreateMonitoredItemsRequest): Promise<CreateMonitoredItemsResponse>;
}
