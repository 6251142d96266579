import type { TestContext } from 'node:test';
import { type LedgerNetwork, ledgerNetwork } from '../support/ledger-network.ts';
import { ledgerCompliance } from './compliance.ts';

ledgerCompliance('the embedded ledger', async (t: TestContext) => {
  const network: LedgerNetwork = await ledgerNetwork(t);
  return { genesis: network.genesis, open: network.open, restart: network.closeAll };
});
