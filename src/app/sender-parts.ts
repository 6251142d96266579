import { fromBase64Url, toBase64Url } from '../core/index.ts';
import type { Ledger } from '../ledger/index.ts';
import { SenderStore } from '../store/index.ts';
import { EpochSecrets } from '../transfer/index.ts';
import { LedgerWatch, openLedger } from './ledger-access.ts';
import { messageOf } from './message-of.ts';
import { firstEpochKey } from './module-keys.ts';
import type { ModulePorts } from './module-options.ts';
import type { SenderFiles } from './sender-files.ts';

/** What of a sender is open while it runs. */
export interface OpenParts {
  readonly store: SenderStore;
  readonly ledger: Ledger;
  readonly watch: LedgerWatch;
  readonly secrets: EpochSecrets;
}

/** Opens ledger and store; where one fails, the others are closed again. */
export async function openParts(files: SenderFiles, { clock, random, listener }: ModulePorts): Promise<OpenParts> {
  const { config, loaded, keys } = files;
  const ledger = await openLedger(config.ledger, { organisation: config.organisation, signer: keys.ledger, clock, random });
  const undo: (() => unknown)[] = [() => ledger.close()];
  try {
    const store = new SenderStore(config.channels[0].store, toBase64Url(loaded.terms.channelId));
    undo.push(() => store.close());
    const secrets = await secretsOf(files, store);
    const { number } = await ledger.lastBlock();
    const watch = await LedgerWatch.start(
      ledger,
      number,
      () => undefined,
      (error) => listener({ event: 'warning', code: 'LEDGER_FAULT', message: messageOf(error) }),
    );
    return { store, ledger, watch, secrets };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

/** Epoch keys from the store, or at the very first start from the exchange keys. */
async function secretsOf({ config, loaded }: SenderFiles, store: SenderStore): Promise<EpochSecrets> {
  const progress = store.progress();
  if (progress !== undefined) return new EpochSecrets(loaded.terms, fromBase64Url(progress.epochKey), progress.epoch);
  return new EpochSecrets(loaded.terms, await firstEpochKey(config.keys, loaded, 'owner'), 0);
}
