import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import {
  checkNodesets,
  DCMB_NODESET_FILE,
  nodesetFiles,
  type NodesetDocument,
  type NodesetRule,
  readNodeset,
} from '../../src/nodeset/index.ts';

const OWN = readFileSync(DCMB_NODESET_FILE, 'utf8');
const NAME = basename(DCMB_NODESET_FILE);
const required: NodesetDocument[] = nodesetFiles()
  .filter((file) => file !== DCMB_NODESET_FILE)
  .map((file) => readNodeset(basename(file), readFileSync(file, 'utf8')));

/** Findings about our nodeset after a text in it was replaced. */
function findingsAfter(search: string | RegExp, replacement: string, documents: readonly NodesetDocument[] = required) {
  const planted = OWN.replace(search, replacement);
  assert.notEqual(planted, OWN, 'the planted violation must change the nodeset');
  return checkNodesets([...documents, readNodeset(NAME, planted)]);
}

describe('integrity of nodesets', () => {
  test('ours and the ones that it needs hold together', () => {
    assert.deepEqual(checkNodesets([...required, readNodeset(NAME, OWN)]), []);
  });

  const planted: { rule: NodesetRule; what: string; search: string | RegExp; replacement: string; subject: string }[] = [
    {
      rule: 'outdated-model',
      what: 'a required model newer than the one that is loaded',
      search: /(RequiredModel ModelUri="http:\/\/opcfoundation.org\/UA\/DI\/" Version="1.05.0" PublicationDate=")2025/,
      replacement: '$12999',
      subject: 'http://opcfoundation.org/UA/DI/',
    },
    {
      rule: 'missing-model',
      what: 'a required model that is not loaded',
      search: 'RequiredModel ModelUri="http://opcfoundation.org/UA/DI/"',
      replacement: 'RequiredModel ModelUri="urn:nobody:has:this"',
      subject: 'urn:nobody:has:this',
    },
    {
      rule: 'duplicate-node',
      what: 'two nodes with one NodeId',
      search: '<UADataType NodeId="ns=1;s=DeliveryStateEnumeration"',
      replacement: '<UADataType NodeId="ns=1;s=LedgerStateEnumeration"',
      subject: 'nsu=urn:dcmb:ua;s=LedgerStateEnumeration',
    },
    {
      rule: 'unresolved-alias',
      what: 'a data type by a name that is no alias',
      search: /(NodeId="ns=1;s=TagType.LastTime"[^>]*DataType=")UtcTime/,
      replacement: '$1UtcTimes',
      subject: 'nsu=urn:dcmb:ua;s=TagType.LastTime',
    },
    {
      rule: 'dangling-reference',
      what: 'a dangling supertype',
      search: /(NodeId="ns=1;s=DcmbModuleType"[\s\S]*?IsForward="false">)ns=2;i=15063/,
      replacement: '$1ns=2;i=15064999',
      subject: 'nsu=urn:dcmb:ua;s=DcmbModuleType',
    },
    {
      rule: 'dangling-reference',
      what: 'a namespace index beyond the table',
      search: /(NodeId="ns=1;s=DcmbModuleType"[\s\S]*?IsForward="false">)ns=2;i=15063/,
      replacement: '$1ns=9;i=15063',
      subject: 'nsu=urn:dcmb:ua;s=DcmbModuleType',
    },
    {
      rule: 'dangling-data-type',
      what: 'a data type that does not exist',
      search: /(NodeId="ns=1;s=TagType.LastTime"[^>]*DataType=")UtcTime/,
      replacement: '$1i=29499999',
      subject: 'nsu=urn:dcmb:ua;s=TagType.LastTime',
    },
    {
      rule: 'no-supertype',
      what: 'a type without a supertype',
      search: /(NodeId="ns=1;s=StreamType"[\s\S]*?)<Reference ReferenceType="HasSubtype" IsForward="false">i=58<\/Reference>/,
      replacement: '$1',
      subject: 'nsu=urn:dcmb:ua;s=StreamType',
    },
    {
      rule: 'supertype-of-other-class',
      what: 'an object type below a variable type',
      search: /(NodeId="ns=1;s=StreamType"[\s\S]*?IsForward="false">)i=58/,
      replacement: '$1i=63',
      subject: 'nsu=urn:dcmb:ua;s=StreamType',
    },
    {
      rule: 'no-type-definition',
      what: 'a variable without a type definition',
      search: /(NodeId="ns=1;s=TagType.LastTime"[\s\S]*?)<Reference ReferenceType="HasTypeDefinition">i=63<\/Reference>/,
      replacement: '$1',
      subject: 'nsu=urn:dcmb:ua;s=TagType.LastTime',
    },
    {
      rule: 'type-definition-of-other-class',
      what: 'a variable of an object type',
      search: /(NodeId="ns=1;s=TagType.LastTime"[\s\S]*?<Reference ReferenceType="HasTypeDefinition">)i=63/,
      replacement: '$1i=61',
      subject: 'nsu=urn:dcmb:ua;s=TagType.LastTime',
    },
    {
      rule: 'argument-without-type',
      what: 'a method argument of an unknown type',
      search: /(NodeId="ns=1;s=ClearedChannelType.FetchDelivery.InputArguments"[\s\S]*?<uax:DataType>\s*<uax:Identifier>)i=7/,
      replacement: '$1i=799999',
      subject: 'nsu=urn:dcmb:ua;s=ClearedChannelType.FetchDelivery.InputArguments',
    },
    {
      rule: 'argument-without-type',
      what: 'a method argument without a type',
      search: /(NodeId="ns=1;s=ClearedChannelType.FetchDelivery.InputArguments"[\s\S]*?)<uax:DataType>[\s\S]*?<\/uax:DataType>/,
      replacement: '$1',
      subject: 'nsu=urn:dcmb:ua;s=ClearedChannelType.FetchDelivery.InputArguments',
    },
  ];
  for (const { rule, what, search, replacement, subject } of planted) {
    test(`${what} is found as ${rule}`, () => {
      const findings = findingsAfter(search, replacement);
      const hit = findings.find((finding) => finding.rule === rule && finding.subject === subject);
      assert.ok(hit, `expected ${rule} at ${subject}, got ${JSON.stringify(findings)}`);
      assert.equal(hit.file, NAME);
    });
  }

  test('a required model that is left out is found, and so is every reference into it', () => {
    const withoutDi = required.filter((document) => !document.name.includes('.Di.'));
    const rules = new Set(
      checkNodesets([...withoutDi, readNodeset(NAME, OWN)])
        .filter(({ file }) => file === NAME)
        .map(({ rule }) => rule),
    );
    assert.deepEqual([...rules].toSorted(), ['dangling-reference', 'missing-model']);
  });

  test('a finding names the line of the node', () => {
    const [finding] = findingsAfter(/(NodeId="ns=1;s=TagType.LastTime"[^>]*DataType=")UtcTime/, '$1UtcTimes');
    const line = OWN.split('\n').findIndex((text) => text.includes('NodeId="ns=1;s=TagType.LastTime"')) + 1;
    assert.equal(finding?.line, line);
  });
});
