import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { verifyBlockChain } from '../../src/contract/index.ts';
import { ledgerNetwork, openTestChannel } from '../support/ledger-network.ts';

describe('the embedded ledger', () => {
  test('a chain written by two organisations verifies offline and replays to the same state', async (t) => {
    const { owner, manufacturer, ledgerId } = await ledgerNetwork(t);
    const channel = await openTestChannel(owner, manufacturer);
    const chain = await verifyBlockChain(await manufacturer.blocks(0), ledgerId);
    assert.deepEqual(chain.last, await owner.lastBlock());
    assert.deepEqual(
      chain.events.map(({ event, creator }) => [event.kind, creator]),
      [
        ['registerKey', 'owner'],
        ['registerKey', 'manufacturer'],
        ['openChannel', 'owner'],
      ],
    );
    assert.deepEqual(await chain.state.get(`ch~${channel}`), await owner.query('channel', { channel }));
  });
});
