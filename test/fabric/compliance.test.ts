import { after } from 'node:test';
import { ledgerCompliance } from '../ledger/compliance.ts';
import { fabricLedgers } from '../support/fabric-ledgers.ts';
import { fabricNetwork } from '../support/fabric-network.ts';
import { ORGANISATIONS } from '../support/ledger-network.ts';

// The third organisation is a party of nothing here.
const network = await fabricNetwork({ after }, { organisations: ORGANISATIONS });

ledgerCompliance('a ledger on Fabric', async (t) => {
  const { genesis, open } = await fabricLedgers({ after: (clean) => t.after(clean) }, network);
  const restart = async (): Promise<void> => {
    for (const part of network.parts) await network.stop(part);
    for (const part of network.parts) await network.start(part);
  };
  return { genesis, open: (organisation) => open(organisation), restart };
});
