import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import { AddressSpace, generateAddressSpace } from 'node-opcua';
import {
  DATA_TYPES,
  DCMB_NODESET_FILE,
  DCMB_URI,
  METHODS,
  nodeIdsModule,
  nodesetFiles,
  OBJECT_TYPES,
  readNodeset,
  VARIABLE_TYPES,
} from '../../src/nodeset/index.ts';

const XML = readFileSync(DCMB_NODESET_FILE, 'utf8');
const document = readNodeset('dcmb.NodeSet2.xml', XML);

describe('our nodeset', () => {
  test('node-ids.ts is what the generator makes of it', () => {
    const file = fileURLToPath(new URL('../../src/nodeset/node-ids.ts', import.meta.url));
    assert.equal(readFileSync(file, 'utf8'), nodeIdsModule(XML), 'run: node scripts/generate-node-ids.ts');
  });

  test('every node has a name and a description', () => {
    const silent = document.nodes.filter((node) => node.displayName === '' || node.description === '').map((node) => node.id);
    assert.deepEqual(silent, []);
  });

  test('docs/information-model.md names every type and method', () => {
    const text = readFileSync(new URL('../../docs/information-model.md', import.meta.url), 'utf8');
    const names = document.nodes
      .filter(({ nodeClass }) => ['ObjectType', 'VariableType', 'DataType', 'Method'].includes(nodeClass))
      .map(({ browseName }) => browseName);
    assert.deepEqual(
      names.filter((name) => !text.includes(name)),
      [],
    );
  });

  test('every node stands in our namespace under a String NodeId, so that it never changes', () => {
    const strangers = document.nodes.filter((node) => !node.id.startsWith(`nsu=${DCMB_URI};s=`)).map((node) => node.id);
    assert.deepEqual(strangers, []);
  });

  test('its description of its namespace agrees with its model', () => {
    const [model] = document.models;
    for (const [name, value] of [
      ['NamespaceUri', model?.uri],
      ['NamespaceVersion', model?.version],
      ['NamespacePublicationDate', model?.publicationDate],
    ]) {
      const node = document.nodes.find((candidate) => candidate.id === `nsu=${DCMB_URI};s=${DCMB_URI}.${name}`);
      assert.equal(node?.element.children.find((child) => child.name === 'Value')?.children[0]?.text, value, name);
    }
  });

  test('it requires the very versions that are bundled', () => {
    const bundled = nodesetFiles()
      .filter((file) => file !== DCMB_NODESET_FILE)
      .map((file) => readNodeset(file, readFileSync(file, 'utf8')).models[0]);
    const wanted = document.models[0]?.required;
    assert.deepEqual(
      wanted,
      bundled.map((model) => ({ uri: model?.uri, version: model?.version, publicationDate: model?.publicationDate })),
    );
  });

  test('a server loads it in the fixed order and finds every type and method by its generated id', async () => {
    const space = AddressSpace.create();
    space.registerNamespace('urn:test:own');
    await generateAddressSpace(space, nodesetFiles());
    const uris = space.getNamespaceArray().map((namespace) => namespace.namespaceUri);
    assert.deepEqual(uris.slice(2), [
      'http://opcfoundation.org/UA/DI/',
      'http://opcfoundation.org/UA/IA/',
      'http://opcfoundation.org/UA/Machinery/',
      DCMB_URI,
    ]);
    const ids = [OBJECT_TYPES, VARIABLE_TYPES, DATA_TYPES, METHODS].flatMap((group): string[] => Object.values(group));
    const missing = ids.filter((id) => space.findNode(`ns=${uris.indexOf(DCMB_URI)};${id}`) === null);
    assert.deepEqual(missing, []);
    space.dispose();
  });
});
