import { after, mock } from 'node:test';
import type { Ledger } from '../../src/ledger/index.ts';
import { ledgerRefusals } from '../ledger/refusals.ts';
import { fabricLedgers } from '../support/fabric-ledgers.ts';
import { fabricNetwork } from '../support/fabric-network.ts';
import { ORGANISATIONS } from '../support/ledger-network.ts';

const network = await fabricNetwork({ after }, { organisations: ORGANISATIONS });

ledgerRefusals('Fabric', async (t) => {
  const { genesis, open } = await fabricLedgers({ after: (clean) => t.after(clean) }, network);
  return { genesis, open, dated: async (organisation, offMs) => datedBy(await open(organisation), offMs) };
});

/** The gateway's client dates a proposal by this process's clock, which is wrong while one is made. */
function datedBy(ledger: Ledger, offMs: number): Ledger {
  const prepare: Ledger['prepare'] = async (kind, body) => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() + offMs });
    try {
      return await ledger.prepare(kind, body);
    } finally {
      mock.timers.reset();
    }
  };
  return Object.assign(Object.create(ledger) as Ledger, { prepare, submit: ledger.submit.bind(ledger) });
}
