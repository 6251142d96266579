import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fabricNetwork, freshEvidence } from '../support/fabric-network.ts';

const network = await fabricNetwork({ after });

test('a fresh ledger is there within one more definition', async () => {
  const fresh = await freshEvidence(network);
  assert.equal(fresh.genesis.fabric?.evidence, fresh.chaincode);
  await assert.rejects(network.invoke('owner', fresh.chaincode, ['genesis', '{}']));
});
