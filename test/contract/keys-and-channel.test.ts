import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseEmbeddedGenesis, parseFabricGenesis, parseGenesis, query, signChannelDocument } from '../../src/contract/index.ts';
import { signEnvelope, toBase64Url, utf8 } from '../../src/core/index.ts';
import {
  evidenceKey,
  ledgerKey,
  TEST_COMMITMENT,
  TEST_MODULE,
  testBytes,
  testChannel,
  testFabricGenesis,
  testGenesis,
  testParams,
  testSigner,
} from '../support/ledger-network.ts';
import { ChannelBench, ContractBench, otherHash } from './fixture.ts';

const entry = (name: string) => ({ key: toBase64Url(testSigner(name).publicKey), module: TEST_MODULE, attestation: 'none' });

describe('genesis', () => {
  test('refuses an organisation or a ledger key that stands twice, and a weak key', () => {
    const { organisations } = testGenesis();
    const first = organisations[0]!;
    assert.throws(() => parseGenesis(testGenesis({ organisations: [first, first] })), { code: 'BAD_GENESIS' });
    assert.throws(() => parseGenesis(testGenesis({ organisations: [first, { ...first, id: 'other' }] })), { code: 'BAD_GENESIS' });
    const weak = { ...first, ledgerKey: toBase64Url(new Uint8Array(32)) };
    assert.throws(() => parseGenesis(testGenesis({ organisations: [weak] })), { code: 'BAD_KEY' });
  });

  test('refuses an organisation id with the character that joins keys of the state', () => {
    const organisations = [{ id: 'a~b', name: 'A', ledgerKey: toBase64Url(ledgerKey('owner').publicKey) }];
    assert.throws(() => parseGenesis(testGenesis({ organisations })), { code: 'BAD_SHAPE' });
  });

  test('is either of an embedded ledger or of one on Fabric', () => {
    assert.deepEqual(parseEmbeddedGenesis(testGenesis()), testGenesis());
    assert.deepEqual(parseFabricGenesis(testFabricGenesis()), testFabricGenesis());
    assert.throws(() => parseEmbeddedGenesis(testFabricGenesis()), { code: 'BAD_GENESIS', message: /on Fabric/ });
    assert.throws(() => parseFabricGenesis(testGenesis()), { code: 'BAD_GENESIS', message: /embedded/ });
  });

  test('refuses the two forms mixed: some keys missing, or keys beside fabric', () => {
    const { organisations } = testGenesis();
    const [first, ...others] = organisations;
    const keyless = { id: 'keyless', name: 'No key' };
    assert.throws(() => parseGenesis(testGenesis({ organisations: [...organisations, keyless] })), { code: 'BAD_GENESIS' });
    assert.throws(() => parseGenesis(testFabricGenesis({ organisations })), { code: 'BAD_GENESIS' });
    assert.throws(() => parseGenesis(testFabricGenesis({ organisations: [keyless, first!, ...others] })), { code: 'BAD_GENESIS' });
    assert.throws(() => parseGenesis({ ...testGenesis(), fabric: undefined }), { code: 'BAD_SHAPE' });
  });

  test('on Fabric names two chaincodes, a channel and endorsements that its members can give', () => {
    const { fabric, organisations } = testFabricGenesis();
    const refused: [Partial<typeof fabric>, string][] = [
      [{ certification: 'evidence' }, 'BAD_GENESIS'],
      [{ evidence: 'with space' }, 'BAD_SHAPE'],
      [{ evidence: '' }, 'BAD_SHAPE'],
      [{ channel: 'Upper' }, 'BAD_SHAPE'],
      [{ genesisBlock: 'short' }, 'BAD_SHAPE'],
      [{ endorsements: 1 as 2 }, 'BAD_SHAPE'],
    ];
    for (const [change, code] of refused) {
      assert.throws(() => parseGenesis(testFabricGenesis({ fabric: { ...fabric, ...change } })), { code }, JSON.stringify(change));
    }
    assert.throws(() => parseGenesis(testFabricGenesis({ organisations: organisations.slice(0, 1) })), { code: 'BAD_GENESIS' });
  });
});

describe('the contract as a whole', () => {
  test('refuses an unknown kind and an unknown query', async () => {
    const bench = new ContractBench();
    await bench.refuses('UNKNOWN_KIND', 'owner', 'genesis' as 'anchor', {});
    await bench.refuses('UNKNOWN_KIND', 'owner', 'constructor' as 'anchor', {});
    await assert.rejects(query(bench.state, 'everything', {}), { code: 'BAD_QUERY' });
    await assert.rejects(query(bench.state, 'channel', { channel: 'short' }), { code: 'BAD_SHAPE' });
  });
});

describe('registerKey', () => {
  test('logs a key under the organisation that sent it', async () => {
    const bench = new ContractBench();
    const { event, keyId } = { event: await bench.run('owner', 'registerKey', entry('a')), keyId: testSigner('a').keyId };
    assert.deepEqual(event, { kind: 'registerKey', channel: '', body: { organisation: 'owner', keyId, ...entry('a') } });
    assert.deepEqual(await query(bench.state, 'key', { organisation: 'owner', keyId }), { ...entry('a'), revoked: false });
    assert.equal(await query(bench.state, 'key', { organisation: 'stranger', keyId }), undefined);
  });

  test('refuses a second entry, and one that another organisation makes blocks nothing', async () => {
    const bench = new ContractBench();
    await bench.run('stranger', 'registerKey', entry('a'));
    await bench.run('owner', 'registerKey', entry('a'));
    await bench.refuses('KEY_EXISTS', 'owner', 'registerKey', entry('a'));
  });

  test('refuses weak keys, unknown fields and an attestation that nobody verifies', async () => {
    const bench = new ContractBench();
    // The identity point, a point of order 8, and a non-canonical encoding of y = 1.
    const weak = [
      '01' + '00'.repeat(31),
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
      'ee' + 'ff'.repeat(30) + '7f',
    ];
    for (const hex of weak) {
      const key = Buffer.from(hex, 'hex').toString('base64url');
      await bench.refuses('BAD_KEY', 'owner', 'registerKey', { ...entry('a'), key });
    }
    await bench.refuses('BAD_SHAPE', 'owner', 'registerKey', { ...entry('a'), organisation: 'owner' });
    await bench.refuses('BAD_SHAPE', 'owner', 'registerKey', { ...entry('a'), attestation: 'simulated' });
  });
});

describe('revokeKey', () => {
  test('from then on nothing signed by the key is taken', async () => {
    const bench = await ChannelBench.open();
    const batch = await bench.seal({ n: 0, interval: 0 });
    await bench.run('owner', 'revokeKey', { key: toBase64Url(evidenceKey('owner').publicKey) });
    await bench.refuses('KEY_REVOKED', 'owner', 'anchor', batch.anchor);
    await bench.refuses('KEY_REVOKED', 'owner', 'epochRecord', { record: await bench.record({ k: 1, opens: bench.opens(2) }) });
    await bench.refuses('KEY_REVOKED', 'owner', 'revokeKey', { key: toBase64Url(evidenceKey('owner').publicKey) });
    await bench.refuses('KEY_REVOKED', 'owner', 'useKey', {
      channel: bench.channel,
      key: toBase64Url(evidenceKey('owner').publicKey),
      from: 1,
    });
  });

  test('only its own organisation can revoke a key', async () => {
    const bench = await ChannelBench.open();
    await bench.refuses('KEY_NOT_LOGGED', 'stranger', 'revokeKey', { key: toBase64Url(evidenceKey('owner').publicKey) });
  });
});

describe('useKey', () => {
  test('headers need the new key from its number on, and the old one before', async () => {
    const bench = await ChannelBench.open();
    const next = testSigner('next');
    await bench.register('owner', next);
    const use = { channel: bench.channel, key: toBase64Url(next.publicKey), from: 1 };
    assert.deepEqual((await bench.run('owner', 'useKey', use)).body, { role: 'owner', keyId: next.keyId, from: 1 });
    await bench.refuses('BAD_ENVELOPE', 'owner', 'anchor', (await bench.seal({ n: 1, interval: 1 })).anchor);
    await bench.refuses('BAD_ENVELOPE', 'owner', 'anchor', (await bench.seal({ n: 0, interval: 0, signer: next })).anchor);
    await bench.anchored({ n: 1, interval: 1, signer: next });
    await bench.anchored({ n: 0, interval: 0 });
  });

  test('refuses strangers, keys that are not logged, unknown channels, and a use that does not begin later', async () => {
    const bench = await ChannelBench.open();
    const next = testSigner('next');
    const use = { channel: bench.channel, key: toBase64Url(next.publicKey), from: 3 };
    await bench.refuses('KEY_NOT_LOGGED', 'owner', 'useKey', use);
    await bench.register('owner', next);
    await bench.register('stranger', next);
    await bench.refuses('WRONG_CREATOR', 'stranger', 'useKey', use);
    await bench.refuses('NO_CHANNEL', 'owner', 'useKey', { ...use, channel: otherHash(bench.channel) });
    await bench.run('owner', 'useKey', use);
    await bench.refuses('USE_NOT_LATER', 'owner', 'useKey', use);
    await bench.refuses('KEY_NOT_LOGGED', 'manufacturer', 'useKey', use);
  });
});

describe('openChannel', () => {
  async function loggedBench(): Promise<ContractBench> {
    const bench = new ContractBench();
    for (const organisation of ['owner', 'manufacturer'] as const) {
      const key = toBase64Url(evidenceKey(organisation).publicKey);
      await bench.run(organisation, 'registerKey', { key, module: TEST_MODULE, attestation: 'none' });
    }
    return bench;
  }

  const document = (ledger: string) => ({
    v: 0 as const,
    ledger,
    commitment: TEST_COMMITMENT,
    params: testParams(),
    owner: { org: 'owner', key: toBase64Url(evidenceKey('owner').publicKey) },
    manufacturer: { org: 'manufacturer', key: toBase64Url(evidenceKey('manufacturer').publicKey) },
  });
  const signed = async (changes: object, ledger: string) => ({
    document: await signChannelDocument({ ...document(ledger), ...changes }, evidenceKey('owner'), evidenceKey('manufacturer')),
  });

  test('either party opens it, once, under the id that ledger and commitment give', async () => {
    for (const creator of ['owner', 'manufacturer']) {
      const bench = await loggedBench();
      const { channel, body } = await testChannel(bench.ledgerId);
      assert.equal((await bench.run(creator, 'openChannel', body)).channel, channel);
      await bench.refuses('CHANNEL_EXISTS', 'owner', 'openChannel', body);
      const opened = await query(bench.state, 'channel', { channel });
      assert.deepEqual(opened, {
        params: testParams(),
        owner: 'owner',
        manufacturer: 'manufacturer',
        agreement: 1,
        commitment: TEST_COMMITMENT,
      });
    }
  });

  test('refuses a stranger, another ledger, one party twice and parameters that do not fit', async () => {
    const bench = await loggedBench();
    const { ledgerId } = bench;
    await bench.refuses('WRONG_CREATOR', 'stranger', 'openChannel', await signed({}, ledgerId));
    await bench.refuses('OTHER_LEDGER', 'owner', 'openChannel', await signed({}, otherHash(ledgerId)));
    const twice = { manufacturer: { org: 'owner', key: toBase64Url(evidenceKey('manufacturer').publicKey) } };
    await bench.refuses('SAME_PARTY', 'owner', 'openChannel', await signed(twice, ledgerId));
    const unfit = { params: { ...testParams(), callGridMs: 300 } };
    await bench.refuses('BAD_CHANNEL_PARAMS', 'owner', 'openChannel', await signed(unfit, ledgerId));
  });

  test('refuses keys that their organisations have not logged', async () => {
    const bench = new ContractBench();
    const { body } = await testChannel(bench.ledgerId);
    await bench.refuses('KEY_NOT_LOGGED', 'owner', 'openChannel', body);
    // Logged, but by an organisation that is no party.
    for (const organisation of ['owner', 'manufacturer'] as const) {
      const key = toBase64Url(evidenceKey(organisation).publicKey);
      await bench.run('stranger', 'registerKey', { key, module: TEST_MODULE, attestation: 'none' });
    }
    await bench.refuses('KEY_NOT_LOGGED', 'owner', 'openChannel', body);
  });

  test('refuses a missing, a swapped and a foreign signature, and another payload type', async () => {
    const bench = await loggedBench();
    const whole = document(bench.ledgerId);
    const type = 'application/vnd.dcmb.channel.v0+json';
    const [owner, manufacturer] = [evidenceKey('owner'), evidenceKey('manufacturer')];
    await bench.refuses('BAD_ENVELOPE', 'owner', 'openChannel', { document: await signEnvelope(type, whole, owner) });
    await bench.refuses('BAD_ENVELOPE', 'owner', 'openChannel', { document: await signEnvelope(type, whole, manufacturer, owner) });
    const foreign = { ...testSigner('other'), keyId: manufacturer.keyId };
    await bench.refuses('BAD_SIGNATURE', 'owner', 'openChannel', { document: await signEnvelope(type, whole, owner, foreign) });
    await bench.refuses('BAD_ENVELOPE', 'owner', 'openChannel', {
      document: await signEnvelope('application/json', whole, owner, manufacturer),
    });
    const nonce = toBase64Url(testBytes('x'));
    await bench.refuses('BAD_SHAPE', 'owner', 'openChannel', {
      document: await signEnvelope(type, { ...whole, nonce }, owner, manufacturer),
    });
  });
});

describe('documents that are not canonical', () => {
  test('are refused, however well they are signed', async () => {
    const bench = new ContractBench();
    const type = 'application/vnd.dcmb.channel.v0+json';
    const send = async (payload: Uint8Array) => {
      const sig = toBase64Url(await evidenceKey('owner').sign(payload));
      const envelope = { payload: toBase64Url(payload), payloadType: type, signatures: [{ keyid: evidenceKey('owner').keyId, sig }] };
      return { document: envelope };
    };
    await bench.refuses('NOT_CANONICAL', 'owner', 'openChannel', await send(utf8('{"v": 0}')));
    await bench.refuses('NOT_CANONICAL', 'owner', 'openChannel', await send(utf8('{"v":0,"v":0}')));
    await bench.refuses('NOT_CANONICAL', 'owner', 'openChannel', await send(Uint8Array.of(0xff)));
  });
});
