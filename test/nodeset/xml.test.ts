import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasCode } from '../../src/core/index.ts';
import { readNodeset } from '../../src/nodeset/index.ts';

const read = (xml: string) => readNodeset('a.xml', xml);

describe('reading XML', () => {
  test('takes entities, character references, CDATA, comments and either quote', () => {
    const { nodes } = read(`<?xml version="1.0"?><!-- > --><p:UANodeSet xmlns:p='x'>
      <UAObject NodeId='i=1' BrowseName="a&lt;b&#x41;&#66;"><DisplayName>x &amp; y<![CDATA[ <z>]]></DisplayName></UAObject></p:UANodeSet>`);
    assert.deepEqual(
      nodes.map(({ id, browseName, displayName }) => ({ id, browseName, displayName })),
      [{ id: 'i=1', browseName: 'a<bAB', displayName: 'x & y <z>' }],
    );
  });

  const refused: [what: string, xml: string][] = [
    ['an element that is not closed', '<UANodeSet><a>'],
    ['a closing tag that closes nothing', '<UANodeSet></a></UANodeSet>'],
    ['a closing tag without an opening one', '</UANodeSet>'],
    ['a document type, which could name other files', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><UANodeSet/>'],
    ['two root elements', '<UANodeSet/><UANodeSet/>'],
    ['text outside the root element', '<UANodeSet/>text'],
    ['a bare less-than sign', '<UANodeSet>a < b</UANodeSet>'],
    ['nothing at all', ''],
  ];
  for (const [what, xml] of refused) {
    test(`refuses ${what}`, () =>
      assert.throws(
        () => read(xml),
        (error) => hasCode(error, 'BAD_XML'),
      ));
  }

  test('refuses another document, by name', () => {
    assert.throws(
      () => read('<Other/>'),
      (error) => hasCode(error, 'NOT_A_NODESET') && error.message.includes('a.xml'),
    );
  });
});
