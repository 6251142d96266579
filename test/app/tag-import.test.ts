import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { addTagsToPolicy, importTags } from '../../src/app/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'dcmb-tags-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const NODESET = (variables: string): string => `<?xml version="1.0" encoding="utf-8"?>
<UANodeSet xmlns="http://opcfoundation.org/UA/2011/03/UANodeSet.xsd">
  <NamespaceUris><Uri>urn:press</Uri></NamespaceUris>
  <Aliases><Alias Alias="Float">i=10</Alias><Alias Alias="HasTypeDefinition">i=40</Alias><Alias Alias="HasModellingRule">i=37</Alias></Aliases>
  ${variables}
</UANodeSet>`;

const variable = (id: string, name: string, attributes = 'DataType="Float"', references = ''): string =>
  `<UAVariable NodeId="${id}" BrowseName="1:${name}" ${attributes}><DisplayName>${name}</DisplayName><References>${references}</References></UAVariable>`;

describe('a list of tags in CSV', () => {
  test('is read whatever its delimiter, its order of columns, and its further columns', () => {
    for (const delimiter of [',', ';', '\t']) {
      const lines = [
        ['Path', 'Name', 'Data Type', 'Comment', 'Node ID', 'Min', 'Max'],
        ['DB1', 'Oil', 'Real', 'says "hot", at times', 'nsu=urn:press;s=Oil', '-5', '150.5'],
        ['DB1', 'Strokes', 'UDInt', '', '', '', ''],
        ['DB1', 'Zones', 'Array[0..7] of LREAL', '', '', '', ''],
      ];
      const quoted = lines.map((line) =>
        line.map((cell) => (/[";,]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(delimiter),
      );
      const found = importTags(file('list.csv', `${quoted.join('\r\n')}\r\n`));
      assert.deepEqual(found.tags, [
        { name: 'Oil', type: 'Float', description: 'says "hot", at times', minimum: -5, maximum: 150.5 },
        { name: 'Strokes', type: 'UInt32' },
        { name: 'Zones', type: 'Double', length: 8 },
      ]);
      assert.deepEqual(found.nodes, { Oil: 'nsu=urn:press;s=Oil' });
    }
  });

  test('is read with a byte order mark, and in UTF-16', () => {
    const text = 'Name,Type\nÖldruck,REAL\n';
    for (const content of [Buffer.from(`\uFEFF${text}`, 'utf8'), Buffer.from(`\uFEFF${text}`, 'utf16le')]) {
      assert.deepEqual(importTags(file('list.csv', content)).tags, [{ name: 'Öldruck', type: 'Float' }]);
    }
  });

  test('knows the elementary types of IEC 61131-3 and those of OPC UA', () => {
    const types = {
      ...{ BOOL: 'Boolean', SINT: 'SByte', USINT: 'Byte', BYTE: 'Byte', INT: 'Int16', UINT: 'UInt16', WORD: 'UInt16' },
      ...{ DINT: 'Int32', UDINT: 'UInt32', DWORD: 'UInt32', LINT: 'Int64', ULINT: 'UInt64', LWORD: 'UInt64' },
      ...{ REAL: 'Float', LREAL: 'Double', 'STRING[20]': 'String', 'WSTRING(8)': 'String', DATE_AND_TIME: 'DateTime', DTL: 'DateTime' },
      ...{ Int32: 'Int32', ByteString: 'ByteString', double: 'Double' },
    };
    const rows = Object.keys(types).map((type, index) => `t${index},${type}`);
    const { tags } = importTags(file('list.csv', ['Name,Type', ...rows].join('\n')));
    assert.deepEqual(
      tags.map(({ type }) => type),
      Object.values(types),
    );
  });

  for (const [what, content, says] of [
    ['nothing in it', '', ['it is empty', 'Name and Type']],
    ['headings alone', 'Name,Type\n', ['there is no tag in it']],
    ['no heading for the type', 'Name,Kind\nA,REAL\n', ['line 1', 'no column has the heading Type']],
    ['a tag without a name', 'Name,Type\nA,REAL\n,REAL\n', ['line 3', 'the tag has no name']],
    ['a type that no tag can have', 'Name,Type\nA,TIMER\n', ['line 2', '"TIMER" is no type']],
    ['an array of two dimensions', 'Name,Type\nA,"ARRAY[0..1,0..1] OF REAL"\n', ['line 2', 'is no type']],
    ['an array without an element', 'Name,Type\nA,ARRAY[1..0] OF REAL\n', ['line 2', 'is no type']],
    ['a limit that is no number', 'Name,Type,Max\nA,REAL,"1,5"\n', ['line 2', '"1,5" is no number']],
    ['a name that stands twice', 'Name,Type\nA,REAL\nA,INT\n', ['"A" stands twice']],
    ['an array that is too long', 'Name,Type\nA,ARRAY[0..1000] OF REAL\n', ['line 2', 'up to 1000']],
    ['a limit of a BOOL', 'Name,Type,Min\nA,BOOL,0\n', ['line 2', 'a tag of type Boolean has no range', 'Remove it']],
    ['a limit beyond the type', 'Name,Type,Max\nA,USINT,256\n', ['line 2', 'Byte ends at 0 and 255']],
    ['a limit of an integer that is none', 'Name,Type,Max\nA,INT,1.5\n', ['line 2', 'integer bounds']],
    ['a minimum above the maximum', 'Name,Type,Min,Max\nA,REAL,2,1\n', ['line 2', '2 is above "maximum", 1']],
    ['a quotation mark out of place', 'Name,Type\nA,"REAL\n', ['line 2', 'quotation mark']],
  ] as const) {
    test(`with ${what} is refused, and the message says where and what to do`, () => {
      const path = file('bad.csv', content);
      assert.throws(
        () => importTags(path),
        (error: { code: string; kind: string; message: string }) => {
          assert.deepEqual([error.kind, error.code], ['Rejected', 'BAD_TAG_LIST']);
          for (const part of [path, ...says]) assert.ok(error.message.includes(part), `${part} in ${error.message}`);
          return true;
        },
      );
    });
  }
});

describe('a list of tags in an exported address space', () => {
  test('gives variables by their BrowseNames, or NodeIds where those stand twice, with node ids that last', () => {
    const xml = NODESET(
      [
        variable('ns=1;s=Oil', 'Oil'),
        variable('ns=1;s=A.Speed', 'Speed'),
        variable('ns=1;s=B.Speed', 'Speed', 'DataType="i=6" ValueRank="1" ArrayDimensions="4"'),
      ].join(''),
    );
    const found = importTags(file('plc.xml', xml));
    assert.deepEqual(found.tags, [
      { name: 'Oil', type: 'Float' },
      { name: 'A.Speed', type: 'Float' },
      { name: 'B.Speed', type: 'Int32', length: 4 },
    ]);
    assert.deepEqual(found.nodes, { Oil: 'nsu=urn:press;s=Oil', 'A.Speed': 'nsu=urn:press;s=A.Speed' });
    assert.deepEqual(found.arrays, ['B.Speed'], 'whose elements would need a node each');
    assert.deepEqual(found.left, []);
  });

  test('leaves out properties and what belongs to a type, and tells what no tag can be made of', () => {
    const xml = NODESET(
      [
        variable('ns=1;s=Oil', 'Oil'),
        variable('ns=1;s=EURange', 'EURange', 'DataType="i=884"', '<Reference ReferenceType="HasTypeDefinition">i=68</Reference>'),
        variable('ns=1;s=Decl', 'Decl', 'DataType="Float"', '<Reference ReferenceType="HasModellingRule">i=78</Reference>'),
        variable('ns=1;s=Struct', 'Struct', 'DataType="i=22"'),
        variable('ns=1;s=Matrix', 'Matrix', 'DataType="Float" ValueRank="2" ArrayDimensions="2,2"'),
        variable('ns=1;s=Long', 'Long', 'DataType="Float" ValueRank="1" ArrayDimensions="1001"'),
        variable('ns=1;s=Endless', 'Endless', 'DataType="Float" ValueRank="1"'),
      ].join(''),
    );
    const found = importTags(file('plc.xml', xml));
    assert.deepEqual(
      found.tags.map(({ name }) => name),
      ['Oil'],
    );
    assert.deepEqual(
      found.left.map((line) => line.split(':')[0]),
      ['Struct', 'Matrix', 'Long', 'Endless'],
    );
  });

  test('is refused where a reference names no character, with the line', () => {
    for (const reference of ['&#x110000;', '&#xD800;', '&#0;', '&#99999999999;']) {
      const text = NODESET(variable('ns=1;s=Oil', `Oil${reference}`));
      assert.throws(() => importTags(file('plc.xml', text)), { code: 'BAD_XML', message: /line 5: .* is no character/ });
    }
  });

  test('is refused where there is nothing of use in it', () => {
    assert.throws(() => importTags(file('plc.xml', '<a/>')), { code: 'NOT_A_NODESET' });
    assert.throws(() => importTags(file('plc.xml', NODESET(''))), { code: 'BAD_TAG_LIST' });
    assert.throws(() => importTags(file('plc.xml', NODESET(variable('ns=1;s=S', 'S', 'DataType="i=22"')))), { code: 'BAD_TAG_LIST' });
  });
});

describe('adding tags to a mapping policy', () => {
  const POLICY = '{\n  // ours\n  "tags": [\n    { "name": "Oil", "type": "Float" } // kept\n  ],\n  "streams": []\n}\n';

  test('leaves everything that stands in it as it is', async () => {
    const policy = file('policy.json', POLICY);
    const { tags } = importTags(file('list.csv', 'Name,Type\nOil,REAL\nStrokes,UDINT\n'));
    assert.deepEqual(await addTagsToPolicy(policy, tags), { added: ['Strokes'], kept: ['Oil'] });
    const inserted = '"Float" },\n    { "name": "Strokes", "type": "UInt32" } // kept';
    assert.equal(readFileSync(policy, 'utf8'), POLICY.replace('"Float" } // kept', inserted));
    assert.deepEqual(await addTagsToPolicy(policy, tags), { added: [], kept: ['Oil', 'Strokes'] });
  });

  test('lets nobody else read it, and leaves no other file behind', async () => {
    const policy = file('own.json', POLICY);
    chmodSync(policy, 0o600);
    await addTagsToPolicy(policy, [{ name: 'New', type: 'Int16' }]);
    assert.equal(statSync(policy).mode & 0o777, 0o600);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('own')),
      ['own.json'],
    );
  });

  test('begins an empty list', async () => {
    const policy = file('policy.json', '{ "tags": [] }');
    await addTagsToPolicy(policy, [{ name: 'Oil', type: 'Float' }]);
    assert.deepEqual(JSON.parse(readFileSync(policy, 'utf8')), { tags: [{ name: 'Oil', type: 'Float' }] });
  });

  for (const [what, tags] of [
    ['type', [{ name: 'Oil', type: 'Double' }]],
    ['length', [{ name: 'Oil', type: 'Float', length: 2 }]],
  ] as const) {
    test(`writes nothing where a tag stands there with another ${what}`, async () => {
      const policy = file('policy.json', POLICY);
      await assert.rejects(addTagsToPolicy(policy, [{ name: 'New', type: 'Int16' }, ...tags]), { code: 'BAD_TAG_LIST' });
      assert.equal(readFileSync(policy, 'utf8'), POLICY);
    });
  }

  test('asks for a list to add them to', async () => {
    await assert.rejects(addTagsToPolicy(file('policy.json', '{}'), [{ name: 'Oil', type: 'Float' }]), { code: 'BAD_TAG_LIST' });
  });
});
