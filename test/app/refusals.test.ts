import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DcmbError, toBase64Url } from '../../src/core/index.ts';
import { ledgerIdOf } from '../../src/contract/index.ts';
import { createEmbeddedLedger } from '../../src/ledger/index.ts';
import { createExchangeKey, createSigningKey, systemRandom } from '../../src/platform/index.ts';
import { ReceiverStore, SenderStore } from '../../src/store/index.ts';
import { testGenesis } from '../support/ledger-network.ts';
import { until } from '../support/until.ts';
import { TestPlant, Told } from './plant.ts';
import { STORE_KEY } from '../support/store-key.ts';

describe('what does not fit together is refused in one sentence, before anything is taken in', () => {
  let plant: TestPlant;
  before(async () => {
    plant = await TestPlant.create();
  });
  after(() => plant.end());

  const at = (...parts: string[]): string => join(plant.plant.folder, ...parts);

  async function refused(starting: Promise<unknown>, code: string, message: RegExp): Promise<void> {
    await assert.rejects(starting, (error) => {
      assert.ok(error instanceof DcmbError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  }

  const sender = (...args: Parameters<TestPlant['ownerConfig']>): Promise<unknown> =>
    plant.startSender(new Told(), plant.ownerConfig(...args));
  const receiver = (...args: Parameters<TestPlant['manufacturerConfig']>): Promise<unknown> =>
    plant.startReceiver(new Told(), plant.manufacturerConfig(...args));

  test('a ledger file of another network', async () => {
    const file = at('other-ledger.db');
    const genesis = testGenesis();
    await createEmbeddedLedger({ file, genesis });
    const ledger = { ...plant.ownerConfig().ledger, kind: 'embedded' as const, file };
    await refused(sender({}, { ledger }), 'OTHER_LEDGER', /other-ledger\.db/);
    await refused(receiver({}, { ledger }), 'OTHER_LEDGER', /other-ledger\.db/);
    const other = { ...ledger, id: ledgerIdOf(genesis) };
    await refused(sender({}, { ledger: other }), 'BAD_CONFIG', /agreement\.json was agreed for ledger/);
    await refused(receiver({}, { ledger: other }), 'BAD_CONFIG', /agreement\.json was agreed for ledger/);
  });

  test('a ledger file that is not there', async () => {
    const ledger = { ...plant.ownerConfig().ledger, kind: 'embedded' as const, file: at('nowhere.db') };
    await refused(sender({}, { ledger }), 'LEDGER_UNAVAILABLE', /nowhere\.db/);
  });

  test('a mapping policy that was changed by one space, and a nonce that is not its own', async () => {
    const { policy, policyNonce } = plant.ownerConfig().channels[0];
    const changed = at('owner', 'changed.json');
    writeFileSync(changed, `${readFileSync(policy, 'utf8')} `);
    await refused(sender({ policy: changed }), 'BAD_CONFIG', /changed\.json is not the mapping policy that was agreed on/);
    const nonce = at('owner', 'other.nonce');
    writeFileSync(nonce, toBase64Url(systemRandom.bytes(32)));
    assert.notEqual(readFileSync(nonce, 'utf8').trim(), readFileSync(policyNonce, 'utf8').trim());
    await refused(sender({ policyNonce: nonce }), 'BAD_CONFIG', /is not the mapping policy that was agreed on/);
  });

  test('keys that the agreement does not name', async () => {
    const [evidence, exchange] = [at('other-evidence.pem'), at('other-exchange.pem')];
    await createSigningKey(evidence, systemRandom);
    await createExchangeKey(exchange, systemRandom);
    const [owner, manufacturer] = [plant.ownerConfig().keys, plant.manufacturerConfig().keys];
    await refused(
      sender({}, { keys: { ...owner, evidence } }),
      'BAD_CONFIG',
      /other-evidence\.pem is not the key that the agreement names for owner/,
    );
    await refused(receiver({}, { keys: { ...manufacturer, evidence } }), 'BAD_CONFIG', /other-evidence\.pem .* for manufacturer/);
    await refused(sender({}, { keys: { ...owner, exchange } }), 'BAD_CONFIG', /other-exchange\.pem .* for owner/);
    await refused(receiver({}, { keys: { ...manufacturer, exchange } }), 'BAD_CONFIG', /other-exchange\.pem .* for manufacturer/);
    await refused(sender({}, { keys: { ...owner, ledger: evidence } }), 'NOT_A_MEMBER', /owner/);
  });

  test("a store of another channel, and the other side's", async () => {
    const [ofSender, ofReceiver] = [at('sender.db'), at('receiver.db')];
    new SenderStore(ofSender, 'another channel', STORE_KEY).close();
    new ReceiverStore(ofReceiver, plant.plant.channelId, STORE_KEY).close();
    await refused(sender({ store: ofSender }), 'OTHER_STORE', /sender\.db was made for "sender another channel"/);
    await refused(sender({ store: ofReceiver }), 'OTHER_STORE', /receiver\.db was made for "receiver/);
    await refused(receiver({ store: ofSender }), 'OTHER_STORE', /sender\.db/);
  });

  test('an agreement with one changed signature, of another form, or not there', async () => {
    const text = readFileSync(at('owner', 'agreement.json'), 'utf8');
    const forged = at('owner', 'forged.json');
    writeFileSync(
      forged,
      text.replace(/"sig": "(.)/, (_, first: string) => `"sig": "${first === 'A' ? 'B' : 'A'}`),
    );
    await refused(sender({ agreement: forged }), 'BAD_SIGNATURE', /forged\.json: .* Get the agreement anew/);
    await refused(receiver({ agreement: forged }), 'BAD_SIGNATURE', /forged\.json: /);
    writeFileSync(forged, '{}');
    await refused(sender({ agreement: forged }), 'BAD_CONFIG', /forged\.json is not an agreement file/);
    await refused(sender({ agreement: at('none.json') }), 'BAD_CONFIG', /none\.json can't be read \(ENOENT\)/);
  });

  test('an action for a stream that the agreement does not have', async () => {
    const actions = [{ name: 'x', stream: 'Nothing', codes: [1], webhook: { url: 'http://127.0.0.1:9/' } }];
    await refused(receiver({ actions }), 'BAD_CONFIG', /no stream "Nothing"/);
  });

  test('a store or a port in use: a second module in the same folder is refused, and the first goes on undisturbed', async () => {
    const told = new Told();
    await plant.startSender(told, plant.ownerConfig({ firstStartWaitMs: 0 }));
    await until('the first runs', () => told.of('sealed').length >= 1);
    const { applications } = plant.manufacturerConfig().channels[0];
    await Promise.all([
      refused(sender(), 'STORE_BUSY', /store\.db\S* is in use by another process/),
      refused(
        receiver({ applications: { ...applications!, port: plant.port + 1 } }),
        'CLEARED_PORT_IN_USE',
        new RegExp(`${plant.port + 1}`),
      ),
    ]);
    const sealed = told.of('sealed').length;
    await until('the first goes on', () => told.of('sealed').length > sealed + 1);
    assert.deepEqual(told.of('failed'), []);
    const numbers = told.of('sealed').map(({ n }) => n);
    assert.deepEqual(numbers, [...numbers.keys()]);
  });
});
