import { openEmbeddedLedger } from '../../src/ledger/index.ts';
import { CountingRandom, ledgerKey, ledgerNetwork } from '../support/ledger-network.ts';
import { ledgerRefusals } from './refusals.ts';

ledgerRefusals('the embedded ledger', async (t) => {
  const { genesis, ledgerId, file, clock, open } = await ledgerNetwork(t);
  return {
    genesis,
    open,
    dated: async (organisation, offMs) => {
      const ledger = await open(organisation);
      const off = await openEmbeddedLedger({
        file,
        ledgerId,
        organisation,
        signer: ledgerKey(organisation),
        clock: { now: () => clock.now() + offMs },
        random: new CountingRandom(`dated ${offMs}`),
      });
      t.after(() => off.close());
      // Dated by a clock that is off, and sent to a writer whose clock is right.
      return Object.assign(Object.create(ledger) as typeof ledger, {
        prepare: off.prepare.bind(off),
        submit: ledger.submit.bind(ledger),
      });
    },
  };
});
