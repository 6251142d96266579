import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test, type TestContext } from 'node:test';
import { type Genesis, ledgerIdOf, MOST_TRANSACTION_BYTES } from '../../src/contract/index.ts';
import { toBase64Url } from '../../src/core/index.ts';
import { createFabricLedger, loadFabricNetwork, openFabricLedger } from '../../src/ledger/index.ts';
import { systemRandom } from '../../src/platform/index.ts';
import { fabricLedgers } from '../support/fabric-ledgers.ts';
import { fabricNetwork } from '../support/fabric-network.ts';
import { send, TEST_MODULE, testSigner } from '../support/ledger-network.ts';

const network = await fabricNetwork({ after });

const ledgersOf = (t: TestContext, changes: Partial<Genesis> = {}) => fabricLedgers({ after: (clean) => t.after(clean) }, network, changes);

test('a handle is refused that expects another ledger, chaincode or Fabric channel', async (t) => {
  const { access, genesis } = await ledgersOf(t);
  const other = ledgerIdOf({ ...genesis, name: 'another' });
  await assert.rejects(openFabricLedger({ ...access('owner'), ledgerId: other }), {
    kind: 'Rejected',
    code: 'OTHER_LEDGER',
    message: new RegExp(other),
  });
  const neighbour = await ledgersOf(t);
  await assert.rejects(openFabricLedger({ ...access('owner'), chaincode: neighbour.chaincode }), { code: 'OTHER_LEDGER' });
  await assert.rejects(
    openFabricLedger({ ...access('owner'), fabricChannel: 'nowhere', patience: { discoveryMs: 100 } }),
    (error: { code: string }) => {
      assert.ok(['LEDGER_UNAVAILABLE', 'NOT_A_MEMBER'].includes(error.code), error.code);
      return true;
    },
  );
});

test('a handle is refused of whom the genesis does not name, or whose certificate is of another organisation', async (t) => {
  const members = ['owner', 'manufacturer'].map((id) => ({ id, name: id }));
  const { access, open } = await ledgersOf(t, { organisations: members });
  await open('manufacturer');
  await assert.rejects(openFabricLedger(access('certifier1')), { kind: 'Rejected', code: 'NOT_A_MEMBER', message: /certifier1/ });
  const foreign = { ...access('owner'), msp: network.msp('manufacturer') };
  await assert.rejects(openFabricLedger(foreign), { kind: 'Rejected', code: 'NOT_A_MEMBER', message: /certificate/ });
});

test('a chaincode becomes a ledger once, by a genesis that names this very place', async () => {
  const chaincode = `evidence-${randomBytes(4).toString('hex')}`;
  await network.deploy(chaincode);
  const access = {
    organisation: 'owner',
    profile: network.profile('owner'),
    msp: network.msp('owner'),
    fabricChannel: network.channel,
    chaincode,
    random: systemRandom,
  };
  const fresh = await loadFabricNetwork(access);
  assert.deepEqual([(await fresh.about()).ledger, await fresh.genesis()], ['', undefined]);
  const fabric = {
    channel: network.channel,
    genesisBlock: await fresh.blockHash(0),
    evidence: chaincode,
    certification: 'certification',
    endorsements: 2 as const,
  };
  fresh.close();
  assert.equal(fabric.genesisBlock, network.genesisBlockHash());
  const genesis: Genesis = {
    v: 0,
    nonce: toBase64Url(randomBytes(32)),
    name: 'made by a test',
    testNetwork: true,
    certificationRequired: false,
    organisations: network.organisations.map((id) => ({ id, name: id })),
    fabric,
  };
  const ledgerId = ledgerIdOf(genesis);
  await assert.rejects(openFabricLedger({ ...access, ledgerId }), { kind: 'Rejected', code: 'NOT_A_LEDGER' });
  const elsewhere = [
    { ...fabric, channel: 'another' },
    { ...fabric, evidence: 'another' },
    { ...fabric, genesisBlock: toBase64Url(randomBytes(32)) },
  ];
  for (const each of elsewhere)
    await assert.rejects(createFabricLedger({ ...access, genesis: { ...genesis, fabric: each } }), { code: 'OTHER_LEDGER' });
  await createFabricLedger({ ...access, genesis });
  await assert.rejects(createFabricLedger({ ...access, genesis }), { kind: 'Rejected', code: 'LEDGER_EXISTS' });
  const ledger = await openFabricLedger({ ...access, ledgerId });
  assert.deepEqual(await ledger.query('genesis', {}), genesis);
  await ledger.close();
});

test('bytes that are no transaction of this organisation, chaincode or form are refused before they are sent', async (t) => {
  const [one, other] = [await ledgersOf(t), await ledgersOf(t)];
  const [owner, manufacturer, elsewhere] = [await one.open('owner'), await one.open('manufacturer'), await other.open('owner')];
  const body = { key: toBase64Url(testSigner('x').publicKey), module: TEST_MODULE, attestation: 'none' };
  const prepared = await owner.prepare('registerKey', body);
  const bad = { kind: 'Rejected', code: 'BAD_TRANSACTION' };
  await assert.rejects(manufacturer.submit(prepared), bad);
  await assert.rejects(elsewhere.submit(prepared), bad);
  await assert.rejects(owner.submit({ ...prepared, bytes: new Uint8Array([...prepared.bytes, 0]) }), bad);
  await assert.rejects(owner.submit({ ...prepared, bytes: prepared.bytes.slice(0, -1) }), bad);
  await assert.rejects(owner.submit({ txId: prepared.txId, bytes: new Uint8Array(0) }), bad);
  const tooLarge = { kind: 'Rejected', code: 'TRANSACTION_TOO_LARGE' };
  await assert.rejects(owner.submit({ ...prepared, bytes: new Uint8Array(5 * MOST_TRANSACTION_BYTES) }), tooLarge);
  await assert.rejects(owner.prepare('registerKey', { ...body, module: 'x'.repeat(MOST_TRANSACTION_BYTES) }), tooLarge);
  assert.equal((await owner.submit(prepared)).txId, prepared.txId);
});

test('a committed transaction is given with its sender, kind and body, and nothing that is none', async (t) => {
  const { open } = await ledgersOf(t);
  const owner = await open('owner');
  const body = { key: toBase64Url(testSigner('x').publicKey), module: TEST_MODULE, attestation: 'none' };
  const { txId, block } = await send(owner, 'registerKey', body);
  assert.deepEqual(await owner.transaction(block.number, txId), { txId, creator: 'owner', kind: 'registerKey', body });
  assert.equal(await owner.transaction(block.number, '0'.repeat(64)), undefined);
  assert.equal(await owner.transaction(block.number - 1, txId), undefined);
  assert.equal(await owner.transaction(block.number + 1, txId), undefined);
});

test('a handle that is closed gives up what is under way, at once', async (t) => {
  const { open, access } = await ledgersOf(t);
  const owner = await open('owner');
  const slow = await openFabricLedger({ ...access('owner'), patience: { closeMs: 200 } });
  const body = (name: string) => ({ key: toBase64Url(testSigner(name).publicKey), module: TEST_MODULE, attestation: 'none' });
  const prepared = await slow.prepare('registerKey', body('a'));
  await network.kill('peer-owner', 'SIGSTOP');
  const calls = [slow.submit(prepared), slow.prepare('registerKey', body('b')), slow.lastBlock(), slow.query('genesis', {})];
  const ended = Promise.allSettled(calls);
  await slow.close();
  const outcomes = (await ended).map((outcome) =>
    outcome.status === 'rejected' ? (outcome.reason as { kind: string; code: string }) : undefined,
  );
  await network.kill('peer-owner', 'SIGCONT');
  assert.deepEqual(
    outcomes.map((outcome) => outcome?.code),
    ['OUTCOME_UNKNOWN', 'CLOSED', 'CLOSED', 'CLOSED'],
  );
  // Whether the bytes were taken is for the next handle to ask.
  assert.equal((await owner.submit(prepared)).txId, prepared.txId);
});
