import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { AttributeIds, NodeClass, resolveNodeId, type StatusCode, StatusCodes } from 'node-opcua';
import { inspectNodes } from '../../src/client/conformance-nodes.ts';
import { membersOf } from '../../src/client/conformance-model.ts';
import { channelChildId, channelNodeId, DCMB_NODESET_FILE, INSTANCE_URI, readNodeset } from '../../src/nodeset/index.ts';

const NODE_CLASS = AttributeIds.NodeClass;
const MODEL = readNodeset('dcmb.NodeSet2.xml', readFileSync(DCMB_NODESET_FILE, 'utf8'));

/** A server whose nodes all exist, but for what `answers` says of an attribute; undefined lets the model's be found. */
function view(answers: (id: string, attributeId: AttributeIds) => unknown) {
  const members = ['ClearedChannelType', 'BatchType', 'StreamType'].flatMap((type) => membersOf(MODEL, type));
  const read = ({ nodeId, attributeId }: { nodeId: string; attributeId: AttributeIds }) => {
    const id = nodeId.replace(`nsu=${INSTANCE_URI};`, '');
    const said = answers(id, attributeId);
    const member = members.find(({ name }) => id.endsWith(`-${name}`));
    const usual: Partial<Record<AttributeIds, unknown>> = {
      [AttributeIds.NodeClass]: NodeClass[member?.nodeClass ?? 'Object'],
      [AttributeIds.DataType]: member?.dataType?.startsWith('i=') === true ? resolveNodeId(member.dataType) : null,
      [AttributeIds.AccessLevel]: 1,
    };
    const value = said ?? usual[attributeId];
    const statuses: Partial<Record<string, StatusCode>> = {
      lacking: StatusCodes.BadNodeIdUnknown,
      denied: StatusCodes.BadUserAccessDenied,
    };
    const statusCode = statuses[String(value)] ?? StatusCodes.Good;
    return Promise.resolve({ statusCode, value: { value } });
  };
  return { session: { read }, nodeId: (text: string) => text } as never;
}

async function faults(answers: Parameters<typeof view>[0]): Promise<string[]> {
  const place = { view: view(answers), namespaces: [], model: MODEL, channel: 'press' };
  const lines = await inspectNodes(place, []);
  // The fake server has neither arguments nor our enumerations.
  const known = /Arguments|LedgerState|DeliveryState/;
  return lines
    .filter(({ state, message, about }) => state !== 'found' && !known.test(`${about} ${message}`))
    .map(({ about, state, message }) => `${state} ${about}: ${message}`);
}

describe('nodes that are held against the information model', () => {
  const id = channelChildId('press', 'ChannelId');

  test('are found where all is as it says', async () => assert.deepEqual(await faults(() => undefined), []));

  test('are wrong with another type, writable, or not readable', async () => {
    const change = (attribute: AttributeIds, value: unknown) =>
      faults((node, asked) => (node === id && asked === attribute ? value : undefined));
    assert.deepEqual(await change(AttributeIds.DataType, resolveNodeId('i=11')), [
      'wrong press/ChannelId: its DataType is i=11 instead of i=12',
    ]);
    assert.deepEqual(await change(AttributeIds.AccessLevel, 3), ['wrong press/ChannelId: its AccessLevel lets it be written']);
    assert.deepEqual(await change(AttributeIds.AccessLevel, 4), ['wrong press/ChannelId: its AccessLevel does not let it be read']);
    assert.deepEqual(await change(AttributeIds.NodeClass, NodeClass.Object), ['wrong press/ChannelId: it is no Variable']);
  });

  test('are missing where they are, a channel’s protocol versions apart', async () => {
    const lacking = (gone: string) => faults((node) => (node === gone ? 'lacking' : undefined));
    assert.deepEqual(await lacking(id), [`missing press/ChannelId: there is no node nsu=urn:dcmb:instance;s=Channels/press-ChannelId`]);
    assert.deepEqual(await lacking(channelChildId('press', 'ProtocolVersions')), []);
    const [first] = await lacking(channelNodeId('press'));
    assert.match(first ?? '', /^missing press: there is no node/);
  });

  test('are wrong where they are of another class, or it can’t be read, objects too', async () => {
    assert.deepEqual(await faults((node, asked) => (node === channelNodeId('press') && asked === NODE_CLASS ? 'denied' : undefined)), [
      "wrong press: its NodeClass can't be read (BadUserAccessDenied)",
    ]);
    const lines = await inspectNodes({ view: view(() => 'denied'), namespaces: [], model: MODEL, channel: 'press' }, ['wear']);
    assert.deepEqual(
      lines.filter(({ state }) => state === 'found'),
      [],
    );
    const [other] = await faults((node, asked) =>
      node === channelNodeId('press') && asked === NODE_CLASS ? NodeClass.Variable : undefined,
    );
    assert.equal(other, 'wrong press: it is no Object');
  });

  test('that are methods give nothing where the model says so, and need no property for it', async () => {
    const method = channelChildId('press', 'Acknowledge');
    const [input] = membersOf(MODEL, 'ClearedChannelType').find(({ name }) => name === 'Acknowledge')?.inputs ?? [];
    const text = { name: input?.name, dataType: resolveNodeId('i=12') };
    const withOutputs = async (outputs: unknown): Promise<string | undefined> => {
      const answers: Partial<Record<string, unknown>> = { [`${method}-InputArguments`]: [text], [`${method}-OutputArguments`]: outputs };
      const place = { view: view((node) => answers[node]), namespaces: [], model: MODEL, channel: 'press' };
      return (await inspectNodes(place, [])).find(({ about }) => about === 'press/Acknowledge')?.message;
    };
    for (const none of ['lacking', []]) assert.match((await withOutputs(none)) ?? '', /^takes .*; gives nothing$/);
    assert.match((await withOutputs([text])) ?? '', /^its OutputArguments are .* instead of none$/);
    assert.equal(await withOutputs('denied'), "its OutputArguments can't be read (BadUserAccessDenied)");
  });

  test('include arguments of methods, named and typed', async () => {
    const lines = await inspectNodes({ view: view(() => undefined), namespaces: [], model: MODEL, channel: 'press' }, []);
    assert.ok(
      lines.some(
        ({ about, message }) => about === 'press/FetchDelivery' && message === 'its InputArguments are none instead of BatchId (i=7)',
      ),
    );
  });
});
