import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolveNodeId } from '../../src/client/index.ts';

const NAMESPACES = ['http://opcfoundation.org/UA/', 'urn:plc', 'urn:other'];

describe('node ids as a person writes them', () => {
  for (const [text, resolved] of [
    ['nsu=urn:other;s=Line1.Count', 'ns=2;s=Line1.Count'],
    ['nsu=urn:plc;i=1001', 'ns=1;i=1001'],
    ['nsu=urn:plc;s="DB1"."a;b=c"', 'ns=1;s="DB1"."a;b=c"'],
    ['i=2258', 'ns=0;i=2258'],
  ] as const) {
    test(`${text} is found whatever index its namespace has`, () => {
      assert.equal(resolveNodeId(text, NAMESPACES).toString(), resolved);
    });
  }

  for (const text of [
    'ns=2;s=Count',
    'Count',
    '',
    'nsu=urn:plc',
    'nsu=urn:plc;s=',
    'nsu=urn:plc;i=abc',
    'nsu=;s=Count',
    'nsu=urn:plc;i=4294967296',
  ]) {
    test(`"${text}" is refused`, () => {
      assert.throws(() => resolveNodeId(text, NAMESPACES), { code: 'BAD_NODE_ID' });
    });
  }

  test('a namespace that the server does not have is named', () => {
    assert.throws(() => resolveNodeId('nsu=urn:gone;s=x', NAMESPACES), { code: 'NAMESPACE_UNKNOWN', message: /urn:gone/ });
  });
});
