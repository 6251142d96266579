import { fromBase64Url, RejectedError, toBase64Url } from '../core/index.ts';
import type { Ledger } from '../ledger/index.ts';
import { SenderStore } from '../store/index.ts';
import { EpochSecrets } from '../transfer/index.ts';
import type { ConfigErrorCode } from './config.ts';
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
    const store = new SenderStore(config.channels[0].store, toBase64Url(loaded.terms.channelId), keys.store);
    undo.push(() => store.close());
    await requireNewestStore(files, store, ledger);
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

/** A store that was restored from a backup would sign other headers under numbers that are on the ledger already. */
async function requireNewestStore({ config, loaded }: SenderFiles, store: SenderStore, ledger: Ledger): Promise<void> {
  const n = store.progress()?.nextBatch;
  if (n === undefined) return;
  const anchored = await ledger.query('batch', { channel: toBase64Url(loaded.terms.channelId), n });
  if (anchored === undefined) return;
  throw new RejectedError<ConfigErrorCode>(
    'BAD_CONFIG',
    `${config.channels[0].store} is older than the ledger, which has batch ${n} already: it is a restored backup. Use the newest store, or make a new agreement.`,
  );
}
