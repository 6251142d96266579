import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AddressSpace, AttributeIds, type EnumValueType, generateAddressSpace, type UAVariable } from 'node-opcua';
import { checkNodesets, nodesetFiles, readNodeset, streamChildId } from '../../src/nodeset/index.ts';
import { type LayoutConfig, clearedNodeset } from '../../src/server/cleared/index.ts';
import { CHANNEL, type Cleared, cleared, stream, viewing } from './cleared-support.ts';
import { certificateUser } from './support.ts';

const CONFIG: LayoutConfig = {
  machine: { name: 'Press1', manufacturer: 'Acme', serialNumber: '4711', model: 'P 100' },
  channel: { name: CHANNEL, id: 'C'.repeat(43), ledgerId: 'L'.repeat(43), agreementVersion: 3, intervalMs: 200 },
  streams: [stream('wear'), stream('rate')],
};
const EDITION = { version: '3.0.0', publishedMs: Date.UTC(2026, 0, 1) };
const INSTANCE = 'urn:dcmb:instance';

describe('the address space of a cleared server, exported', () => {
  let xml: string;
  let on: Cleared;
  before(async () => ([xml, on] = await Promise.all([clearedNodeset(CONFIG, EDITION), cleared()])));
  after(() => on.server.stop());

  test('has the very nodes that the server has', async () => {
    const { nodes } = readNodeset('export.xml', xml);
    const ids = nodes.map(({ id }) => id.replace(`nsu=${INSTANCE};`, ''));
    assert.ok(ids.includes(streamChildId(CHANNEL, 'wear', 'Condition')));
    const names = await viewing(on, certificateUser(on.manufacturer), (view) =>
      view.session.read(ids.map((id) => ({ nodeId: view.id(id), attributeId: AttributeIds.BrowseName }))),
    );
    const lacking = ids.filter((_, index) => !names[index]?.statusCode.isGood());
    assert.deepEqual(lacking, []);
  });

  test('fits the nodesets that it requires', () => {
    const documents = [...nodesetFiles().map((file) => readNodeset(file, readFileSync(file, 'utf8'))), readNodeset('export.xml', xml)];
    assert.deepEqual(checkNodesets(documents), []);
  });

  test('is loaded by node-opcua, with the texts of all conditions', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nodeset-'));
    const space = AddressSpace.create();
    try {
      writeFileSync(join(folder, 'export.xml'), xml);
      space.registerNamespace('urn:test:own');
      await generateAddressSpace(space, [...nodesetFiles(), join(folder, 'export.xml')]);
      const index = space.getNamespaceIndex(INSTANCE);
      const value = (id: string) => (space.findNode(`ns=${index};${id}`) as UAVariable).readValue().value.value as unknown;
      const texts = value(`${streamChildId(CHANNEL, 'wear', 'ConditionCode')}-EnumValues`) as EnumValueType[];
      assert.deepEqual(texts.map(({ displayName }) => displayName.text).slice(-2), ['Fine', 'Maintenance imminent']);
    } finally {
      space.dispose();
      rmSync(folder, { recursive: true });
    }
  });

  test('is the same at every export, and holds nothing of the server that made it', async () => {
    assert.equal(await clearedNodeset(CONFIG, EDITION), xml);
    const { models } = readNodeset('export.xml', xml);
    assert.deepEqual([models[0]?.version, models[0]?.publicationDate], ['3.0.0', '2026-01-01T00:00:00Z']);
    assert.ok(!xml.includes('<!--'));
    const values = [...xml.matchAll(/<UAVariable NodeId="([^"]*)"(?:(?!<\/UAVariable>)[\s\S])*<Value>/g)].map(([, id]) => id ?? '');
    const parts = ['MaintenanceRequired-', '-Condition"', '-ConditionCode"', '-BatchId"', '-LedgerState"', '-GridTime"', 'DeviceHealth'];
    assert.deepEqual(
      values.filter((id) => parts.some((part) => `${id}"`.includes(part)) && !id.endsWith('InputArguments')),
      [],
    );
  });

  test('is in one language, the one asked for', async () => {
    const german = await clearedNodeset({ ...CONFIG, locale: 'de', methods: [] }, EDITION);
    assert.ok(german.includes('Titel von wear') && german.includes('Wartung steht bevor'));
    assert.ok(!german.includes('Title of wear') && !german.includes('Maintenance imminent'));
    assert.ok(!xml.includes('Wartung'));
    assert.ok(xml.includes('FetchDelivery') && !german.includes('FetchDelivery'), 'a server for applications has no methods');
  });
});
