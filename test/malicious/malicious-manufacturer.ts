import type { ModuleOptions } from '../../src/app/index.ts';
import type { Envelope } from '../../src/core/index.ts';
import type { Receipt } from '../../src/evidence/index.ts';
import type { ReceiverStore } from '../../src/store/index.ts';
import type { TestPlant } from '../app/plant.ts';
import { replacing } from './replaced.ts';
import { Signing } from './signing.ts';

/** Beyond every record that there will be. */
const NEVER = '999999';

/** A manufacturer that has its module's keys and replaces parts of it. */
export class MaliciousManufacturer {
  readonly signing: Signing;

  constructor(plant: TestPlant) {
    this.signing = new Signing(plant.manufacturerConfig().keys.evidence);
  }

  /** Hands over forged receipts in the place of its own. */
  receipting(forge: (n: number, receipt: Envelope) => Envelope): ModuleOptions {
    return this.#with((store) => ({
      unacknowledged: () => store.unacknowledged().map(({ n, receipt, ...rest }) => ({ ...rest, n, receipt: forge(n, receipt) })),
    }));
  }

  /** A receipt for another header or delivery, signed by the right key. */
  forged(receipt: Envelope, changes: Partial<Receipt>): Envelope {
    return this.signing.changed<Receipt>(receipt, changes);
  }

  /** Takes everything and receipts nothing, neither over the link nor on the ledger. */
  withholdingReceipts(): ModuleOptions {
    return this.#with((store) => ({ unacknowledged: () => [], ...withoutClaims(store, 'receipt') }));
  }

  /** Signs no epoch record, neither over the link nor on the ledger. */
  withholdingSignatures(): ModuleOptions {
    return this.#with((store) => ({
      fact: (name: string) => (name === 'epoch-records-handed-over' ? NEVER : store.fact(name)),
      ...withoutClaims(store, 'epochRecord', 'epochObjection'),
    }));
  }

  #with(replaced: (store: ReceiverStore) => Partial<ReceiverStore>): ModuleOptions {
    return { adapters: { receiverStore: (store) => replacing(store, replaced(store)) } };
  }
}

/** The module does not send what it owes the ledger. */
function withoutClaims(store: ReceiverStore, ...kinds: readonly string[]): Pick<ReceiverStore, 'addClaim'> {
  return { addClaim: (claim) => (kinds.includes(claim.kind) ? false : store.addClaim(claim)) };
}
