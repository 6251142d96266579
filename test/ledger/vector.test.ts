import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { verifyBlockChain } from '../../src/contract/index.ts';

/*
 * The worked example of docs/ledger.md, checked by a reader that has only that page: nothing here but node:crypto, and our
 * own verifier at the end for comparison.
 */

interface Transaction {
  readonly txId: string;
  readonly envelope: {
    readonly payload: string;
    readonly payloadType: string;
    readonly signatures: readonly { keyid: string; sig: string }[];
  };
  readonly event: object;
}
interface Vector {
  readonly genesisCanonical: string;
  readonly ledgerId: string;
  readonly channel: string;
  readonly firstTransaction: { readonly payloadCanonical: string; readonly txId: string };
  readonly blockHashes: readonly string[];
  readonly blocks: readonly { readonly prev?: string; readonly transactions?: readonly Transaction[] }[];
}

const vector = JSON.parse(readFileSync(new URL('../vectors/ledger.json', import.meta.url), 'utf8')) as Vector;
const genesis = JSON.parse(vector.genesisCanonical) as { organisations: { id: string; ledgerKey: string }[] };

/** SHA-256 over label and fields, each after its length as a big-endian 32-bit number. */
function labelled(label: string, ...fields: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const field of [Buffer.from(label), ...fields]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    hash.update(length).update(field);
  }
  return hash.digest('base64url');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}

function verifySignature({ envelope }: Transaction): void {
  const payload = Buffer.from(envelope.payload, 'base64url');
  const { creator } = JSON.parse(payload.toString()) as { creator: string };
  const member = genesis.organisations.find(({ id }) => id === creator);
  assert.ok(member);
  const message = Buffer.concat([Buffer.from(`DSSEv1 ${envelope.payloadType.length} ${envelope.payloadType} ${payload.length} `), payload]);
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: member.ledgerKey }, format: 'jwk' });
  assert.equal(envelope.signatures.length, 1);
  assert.equal(envelope.signatures[0]?.keyid, labelled('DCMB/0/key-id', Buffer.from(member.ledgerKey, 'base64url')));
  assert.ok(verify(null, message, key, Buffer.from(envelope.signatures[0].sig, 'base64url')));
}

describe('the worked example of docs/ledger.md', () => {
  test('ledger id and channel id follow from the genesis and the commitment', () => {
    assert.equal(canonical(JSON.parse(vector.genesisCanonical)), vector.genesisCanonical);
    assert.equal(labelled('DCMB/0/ledger', Buffer.from(vector.genesisCanonical)), vector.ledgerId);
    const opened = vector.blocks[3]?.transactions?.[0]?.event as { channel: string; body: { commitment: string } };
    const commitment = Buffer.from(opened.body.commitment, 'base64url');
    assert.equal(labelled('DCMB/0/channel', Buffer.from(vector.ledgerId, 'base64url'), commitment), vector.channel);
    assert.equal(opened.channel, vector.channel);
  });

  test('block hashes, transaction ids and signatures hold', () => {
    vector.blocks.forEach((block, number) => {
      assert.equal(labelled('DCMB/0/block', Buffer.from(canonical(block))), vector.blockHashes[number]);
      if (number > 0) assert.equal(block.prev, vector.blockHashes[number - 1]);
      for (const transaction of block.transactions ?? []) {
        const { payload, payloadType } = transaction.envelope;
        assert.equal(labelled('DCMB/0/object', Buffer.from(payloadType), Buffer.from(payload, 'base64url')), transaction.txId);
        verifySignature(transaction);
      }
    });
    const first = vector.blocks[1]?.transactions?.[0];
    assert.equal(first?.txId, vector.firstTransaction.txId);
    assert.equal(Buffer.from(first.envelope.payload, 'base64url').toString(), vector.firstTransaction.payloadCanonical);
  });

  test('our own verifier agrees', async () => {
    const { last } = await verifyBlockChain(vector.blocks, vector.ledgerId);
    assert.equal(last.hash, vector.blockHashes.at(-1));
  });
});
