import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  AttributeIds,
  type ClientSession,
  type ClientSubscription,
  constructEventFilter,
  DataType,
  type NodeId,
  ofType,
  type StatusCode,
  TimestampsToReturn,
  type Variant,
} from 'node-opcua';
import { channelChildId, channelNodeId, tagChildId, tagId } from '../../src/nodeset/index.ts';
import { thumbprintOf } from '../../src/server/identity/index.ts';
import { passwordUser } from '../support/ua-client.ts';
import { CHANNEL, type Ingest, nodeIdOf, NOW_MS, startIngest, typed, type UserName, write } from './ingest-support.ts';
import { until } from './support.ts';

const SECRET = 53677635;
const FIELDS = [
  ...['EventType', 'SourceNode', 'SourceName', 'ActionTimeStamp', 'Status', 'ServerId', 'ClientAuditEntryId', 'ClientUserId'],
  ...['Message', 'AttributeId', 'IndexRange', 'OldValue', 'NewValue', 'MethodId', 'StatusCodeId', 'InputArguments'],
] as const;
type Audit = Record<(typeof FIELDS)[number], unknown>;

const WRITE = 'ns=0;i=2100';
const CALL = 'ns=0;i=2127';

/** Watches the audit events of the Server object, with every field that they can have. */
async function watchAudits(session: ClientSession, seen: Audit[]): Promise<ClientSubscription> {
  const subscription = await session.createSubscription2({
    requestedPublishingInterval: 50,
    requestedMaxKeepAliveCount: 100,
    publishingEnabled: true,
  });
  const filter = constructEventFilter([...FIELDS], ofType('AuditEventType'));
  const item = await subscription.monitor(
    { nodeId: 'i=2253', attributeId: AttributeIds.EventNotifier },
    { samplingInterval: 0, queueSize: 1000, discardOldest: true, filter },
    TimestampsToReturn.Both,
  );
  item.on('changed', (values) => {
    const fields = values as unknown as Variant[];
    seen.push(Object.fromEntries(FIELDS.map((name, index) => [name, fields[index]?.value as unknown])) as Audit);
  });
  return subscription;
}

describe("the ingest server's audit", () => {
  let ingest: Ingest;
  const sessions = new Map<UserName, ClientSession>();
  const seen: Record<string, Audit[]> = { plc: [], operator: [], auditor: [] };
  const as = (user: UserName): ClientSession => {
    const session = sessions.get(user);
    assert.ok(session);
    return session;
  };
  /** The audits of writes or calls that reached the auditor. */
  const audits = (type: string): Audit[] => (seen['auditor'] ?? []).filter(({ EventType }) => String(EventType) === type);

  before(async () => {
    ingest = await startIngest({
      tags: ['a', 'b', 'c'].map((name) => ({ name, type: 'UInt32', timestamps: { use: 'server' } })),
    });
    for (const user of ['plc', 'operator', 'auditor'] as const) {
      sessions.set(user, await ingest.as(user));
      await watchAudits(as(user), (seen[user] = []));
    }
  });
  after(() => ingest.stop());
  beforeEach(() => {
    for (const list of Object.values(seen)) list.length = 0;
    ingest.told.length = 0;
  });

  async function writeAll(user: UserName, values: Readonly<Record<string, Variant>>): Promise<string[]> {
    const session = as(user);
    const nodes = await Promise.all(
      Object.entries(values).map(async ([tag, value]) => ({
        nodeId: await nodeIdOf(session, tagId(tag)),
        attributeId: 13,
        value: { value },
      })),
    );
    return (await session.write(nodes)).map((status) => status.name);
  }
  const uint = (value: number): Variant => typed(DataType.UInt32, value).value;

  test('tells of a write: who, when, which tag, with commitments in place of values', async () => {
    await write(as('plc'), 'a', typed(DataType.UInt32, SECRET));
    await until('the audit', () => audits(WRITE).length === 1);
    const [audit] = audits(WRITE);
    assert.ok(audit);
    assert.equal(String(audit.SourceNode), await nodeIdOf(as('plc'), tagId('a')));
    assert.equal(audit.SourceName, 'Attribute/Write');
    assert.deepEqual(audit.ActionTimeStamp, new Date(NOW_MS));
    assert.equal(audit.Status, true);
    assert.equal(audit.ServerId, ingest.own.applicationUri);
    assert.equal(audit.ClientUserId, `x509:${thumbprintOf(ingest.plc.certificate)}`);
    assert.equal(audit.AttributeId, 13);
    assert.equal((audit.NewValue as Buffer).length, 32);
    assert.equal((audit.OldValue as Buffer).length, 32);
  });

  test('lets nobody see that the same value was written again', async () => {
    for (let i = 0; i < 2; i++) await write(as('plc'), 'a', typed(DataType.UInt32, SECRET));
    await until('both audits', () => audits(WRITE).length === 2);
    const commitments = audits(WRITE).flatMap(({ OldValue, NewValue }) =>
      [OldValue, NewValue].map((value) => (value as Buffer).toString('hex')),
    );
    assert.equal(new Set(commitments).size, 4);
  });

  test('tells of a request of many values once, and of what was refused once for each status', async () => {
    assert.deepEqual(await writeAll('plc', { a: uint(1), b: typed(DataType.Double, 2).value, c: uint(3) }), [
      'Good',
      'BadTypeMismatch',
      'Good',
    ]);
    await until('both audits', () => audits(WRITE).length === 2);
    const [refused, taken] = audits(WRITE);
    assert.deepEqual([refused?.Status, String(refused?.SourceNode)], [false, await nodeIdOf(as('plc'), tagId('b'))]);
    assert.match((refused?.Message as { text: string }).text, /BadTypeMismatch/);
    assert.deepEqual([taken?.Status, String(taken?.SourceNode)], [true, 'ns=0;i=2253']);
  });

  test('a request of a thousand refused nodes is one event for each status, with their number', async () => {
    const nodeId = await nodeIdOf(as('plc'), tagId('a'));
    const value = { value: typed(DataType.String, 'x').value };
    const nowhere = { nodeId: 'ns=1;s=nowhere', attributeId: 13, value };
    await as('plc').write([...Array.from({ length: 998 }, () => ({ nodeId, attributeId: 13, value })), nowhere, nowhere]);
    await until('both audits', () => audits(WRITE).length === 2);
    const texts = audits(WRITE).map(({ Message }) => (Message as { text: string }).text.replace(/ \d+:/, ':'));
    assert.deepEqual(texts, ['Write: BadTypeMismatch, 998 times', 'Write: BadNodeIdUnknown, 2 times']);
    assert.ok(audits(WRITE).every(({ SourceNode }) => String(SourceNode) === 'ns=0;i=2253'));
  });

  test('a request of a hundred refused calls is one event', async () => {
    const objectId = await nodeIdOf(as('plc'), channelNodeId(CHANNEL.name));
    const calls = Array.from({ length: 100 }, (_, index) => ({ objectId, methodId: `ns=1;s=nowhere${index}` }));
    await as('plc').call(calls);
    await until('the audit', () => audits(CALL).length > 0);
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.deepEqual(
      audits(CALL).map(({ Status, MethodId }) => [Status, String(MethodId as NodeId)]),
      [[false, 'ns=0;i=0']],
    );
  });

  test('tells of a write that the user may not make, and of one to a node that is no tag', async () => {
    await write(as('operator'), 'a', typed(DataType.UInt32, 1));
    const nodeId = await nodeIdOf(as('operator'), tagChildId('a', 'AcceptedCount'));
    await as('operator').write({ nodeId, attributeId: 13, value: { value: uint(1) } });
    await as('operator').write({ nodeId: 'ns=1;s=nowhere', attributeId: 13, value: { value: uint(1) } });
    await until('the audits', () => audits(WRITE).length === 3);
    assert.deepEqual(
      audits(WRITE).map(({ Status, ClientUserId }) => [Status, ClientUserId]),
      Array.from({ length: 3 }, () => [false, 'operator']),
    );
    assert.match((audits(WRITE)[2]?.Message as { text: string }).text, /BadNodeIdUnknown/);
  });

  test('tells of calls, done and denied', async () => {
    for (const user of ['operator', 'plc'] as const) {
      const objectId = await nodeIdOf(as(user), channelNodeId(CHANNEL.name));
      await as(user).call({ objectId, methodId: await nodeIdOf(as(user), channelChildId(CHANNEL.name, 'Anchor')) });
    }
    await until('both audits', () => audits(CALL).length === 2);
    const methodId = await nodeIdOf(as('operator'), channelChildId(CHANNEL.name, 'Anchor'));
    assert.deepEqual(
      audits(CALL).map(({ Status, StatusCodeId, MethodId }) => [Status, (StatusCodeId as StatusCode).name, String(MethodId as NodeId)]),
      [
        [true, 'Good', methodId],
        [false, 'BadUserAccessDenied', methodId],
      ],
    );
    assert.equal((audits(CALL)[0]?.InputArguments as Buffer[])[0]?.length, 32);
  });

  test('tells of a log-in that fails', async () => {
    await assert.rejects(ingest.asUser(passwordUser('operator', 'wrong')));
    const failed = (): Audit | undefined =>
      seen['auditor']?.find(({ EventType, Status }) => String(EventType) === 'ns=0;i=2075' && Status === false);
    await until('the audit', () => failed() !== undefined);
  });

  test('reaches auditors alone, and no value stands in it', async () => {
    await writeAll('plc', { a: uint(SECRET), b: typed(DataType.String, `canary ${SECRET}`).value });
    await write(as('operator'), 'a', typed(DataType.UInt32, SECRET));
    await until('the audits', () => audits(WRITE).length === 3);
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.deepEqual([seen['plc'], seen['operator']], [[], []]);
    for (const audit of audits(WRITE)) assert.doesNotMatch(JSON.stringify(audit), new RegExp(String(SECRET)));
  });

  test('shows auditors nothing else of the machine', async () => {
    const status = async (id: string) => (await as('auditor').read({ nodeId: await nodeIdOf(as('auditor'), id) })).statusCode.name;
    assert.equal(await status(tagId('a')), 'BadNotReadable');
    assert.equal(await status(tagChildId('a', 'AcceptedCount')), 'BadNodeIdUnknown');
    assert.equal(await status(channelChildId(CHANNEL.name, 'ChannelId')), 'BadNodeIdUnknown');
  });

  test('says that the server audits', async () => {
    assert.equal((await as('auditor').read({ nodeId: 'i=2994' })).value.value, true);
  });

  test('counts refusals by service and status, and tells them together', async () => {
    // What was refused before is told within a second.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    ingest.told.length = 0;
    const nodeId = await nodeIdOf(as('operator'), tagId('a'));
    for (let i = 0; i < 3; i++) await as('operator').read({ nodeId });
    await write(as('plc'), 'a', typed(DataType.Double, 1));
    await write(as('plc'), 'a', typed(DataType.UInt32, 1));
    await assert.rejects(as('operator').call([]));
    await assert.rejects(ingest.asUser(passwordUser('nobody', 'wrong')));
    const counted = (): Record<string, number> => {
      const sums: Record<string, number> = {};
      for (const { service, status, count } of ingest.told) sums[`${service} ${status}`] = (sums[`${service} ${status}`] ?? 0) + count;
      return sums;
    };
    await until('the refusals', () => Object.keys(counted()).some((kind) => kind.startsWith('ActivateSession')));
    assert.deepEqual(counted(), {
      'Read BadNotReadable': 3,
      'Write BadTypeMismatch': 1,
      'Call BadNothingToDo': 1,
      'ActivateSession BadUserAccessDenied': 1,
    });
    assert.ok(ingest.told.length <= 8, 'told together');
  });
});
