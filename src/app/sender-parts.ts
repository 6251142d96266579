import { existsSync } from 'node:fs';
import { fromBase64Url, hasCode, parseShape, RejectedError, toBase64Url, unverifiedContent } from '../core/index.ts';
import * as v from 'valibot';
import type { BlockInfo, Ledger } from '../ledger/index.ts';
import { Journal, SenderStore } from '../store/index.ts';
import { type BatchJournal, EpochSecrets, type JournalEntry } from '../transfer/index.ts';
import type { ConfigErrorCode } from './config.ts';
import { closeAll } from './close-all.ts';
import { LedgerWatch, openLedger, openLedgerPatiently } from './ledger-access.ts';
import { messageOf } from './message-of.ts';
import { firstEpochKey, hasStarted } from './module-keys.ts';
import type { ModulePorts } from './module-options.ts';
import type { SenderFiles } from './sender-files.ts';
import { foreignOnLedger } from './store-age.ts';

/** What of a sender stands on its disk. Opened anew after a fault. */
export interface StoreParts {
  readonly store: SenderStore;
  readonly journal: BatchJournal;
  /** What the journal held when it was opened. */
  readonly entries: readonly JournalEntry[];
  /** The journal is new, though the store is not: what it held of the open batch is gone. */
  readonly isJournalLost: boolean;
  readonly secrets: EpochSecrets;
}

/** What of a sender is open as long as it runs. */
export interface LedgerParts {
  readonly ledger: Ledger;
  readonly watch: LedgerWatch;
}

/** Block that the module had seen when the channel began. */
const FIRST_BLOCK = 'first-block';

/**
 * Opens store and journal; where one fails, the other is closed again.
 * @throws UnavailableError `STORE_…` where the disk may come back; RejectedError, FatalError where a person has to decide
 */
export async function openStoreParts(files: SenderFiles, { adapters }: ModulePorts): Promise<StoreParts> {
  const { config, loaded, keys } = files;
  const [{ store: file, name }] = config.channels;
  const purpose = toBase64Url(loaded.terms.channelId);
  const undo: (() => unknown)[] = [];
  try {
    const mustExist = hasStarted(config.keys);
    const opened = new SenderStore(file, purpose, keys.store, { mustExist });
    undo.push(() => opened.close());
    opened.requireInUse();
    const store = adapters.senderStore?.(opened, name) ?? opened;
    const isJournalLost = mustExist && !existsSync(`${file}.journal`);
    const written = await Journal.open({ file: `${file}.journal`, purpose, key: keys.store });
    undo.push(() => written.close());
    const journal = adapters.journal?.(written) ?? written;
    return { store, journal, entries: await journal.entries(), isJournalLost, secrets: await secretsOf(files, store) };
  } catch (error) {
    await closeAll(...undo.reverse()).catch(() => undefined);
    throw error;
  }
}

/**
 * Opens the ledger. Only the first start of a channel needs it to answer; a later one goes on without it.
 * @throws RejectedError, UnavailableError in one sentence with what to mend
 */
export async function openLedgerParts(files: SenderFiles, store: SenderStore, ports: ModulePorts): Promise<LedgerParts> {
  const { config, keys } = files;
  const { clock, random, listener, adapters } = ports;
  const identity = { organisation: config.organisation, signer: keys.ledger, clock, random };
  const hasRun = store.progress() !== undefined;
  const opened = await (hasRun ? openLedgerPatiently : openLedger)(config.ledger, identity);
  const ledger = adapters.ledger?.(opened) ?? opened;
  try {
    const last = await lastSeen(store, ledger, hasRun);
    const watch = new LedgerWatch(ledger, last, {
      event: () => undefined,
      fault: (error) => listener({ event: 'warning', code: 'LEDGER_FAULT', message: messageOf(error) }),
    });
    watch.follow(last.number + 1);
    return { ledger, watch };
  } catch (error) {
    await ledger.close();
    throw error;
  }
}

/** Keeps the block that the first batch may name, for starts on which the ledger does not answer. */
export function keepFirstBlock(store: SenderStore, block: BlockInfo): void {
  store.setFact(FIRST_BLOCK, JSON.stringify(block));
}

/**
 * A store that was restored from a backup would sign other headers under numbers that are on the ledger already.
 * @throws RejectedError `STORE_BEHIND`; UnavailableError while the ledger does not answer
 */
export async function requireNewestStore(files: SenderFiles, store: SenderStore, ledger: Ledger): Promise<void> {
  const n = await foreignOnLedger(ledger, toBase64Url(files.loaded.terms.channelId), store);
  if (n !== undefined) throw storeBehind(files, n);
}

/** The ledger has another header of this owner's than the store under this number. */
export function storeBehind({ config }: SenderFiles, n: number): RejectedError<ConfigErrorCode> {
  return new RejectedError(
    'STORE_BEHIND',
    `${config.channels[0].store} is older than the ledger, which has another batch ${n} already: it is a restored backup, or a copy of a store that is in use. Use the newest store, or make a new agreement; \`dcmb store restore --accept-old\` keeps this one for its proofs.`,
  );
}

/**
 * The same at a start, as far as the ledger answers; where it does not, the check waits until it does, and nothing is
 * anchored before. @throws RejectedError `STORE_BEHIND`
 */
export async function requireNotBehind(files: SenderFiles, store: SenderStore, ledger: Ledger): Promise<void> {
  try {
    await requireNewestStore(files, store, ledger);
  } catch (error) {
    if (isStoreBehind(error)) throw error;
  }
}

/** True where the store is known to be older than the ledger. */
export function isStoreBehind(error: unknown): boolean {
  return hasCode(error, 'STORE_BEHIND');
}

const BlockShape = v.object({ number: v.number(), hash: v.string() });
const HeaderShape = v.looseObject({ lastBlock: BlockShape });

/** The newest block of the ledger, or the one that the last header names where the ledger does not answer or is behind it. */
async function lastSeen(store: SenderStore, ledger: Ledger, hasRun: boolean): Promise<BlockInfo> {
  const known = hasRun ? remembered(store) : undefined;
  try {
    const last = await ledger.lastBlock();
    return known !== undefined && known.number > last.number ? known : last;
  } catch (error) {
    if (known === undefined) throw error;
    return known;
  }
}

function remembered(store: SenderStore): BlockInfo {
  const batch = store.batch((store.progress()?.nextBatch ?? 0) - 1);
  const block =
    batch === undefined
      ? parseShape(BlockShape, JSON.parse(store.fact(FIRST_BLOCK) ?? 'null'), 'first block')
      : unverifiedContent(batch.header, HeaderShape, 'header').lastBlock;
  return { ...block, timeMs: 0 };
}

/** Epoch keys from the store, or at the very first start from the exchange keys. */
async function secretsOf({ config, loaded }: SenderFiles, store: SenderStore): Promise<EpochSecrets> {
  const progress = store.progress();
  if (progress !== undefined) return new EpochSecrets(loaded.terms, fromBase64Url(progress.epochKey), progress.epoch);
  return new EpochSecrets(loaded.terms, await firstEpochKey(config.keys, loaded, 'owner'), 0);
}

/** Closes all of them, also where one of them fails at that. */
export function closeStoreParts({ store, journal, secrets }: StoreParts): Promise<void> {
  return closeAll(
    () => secrets.close(),
    () => journal.close(),
    () => store.close(),
  );
}
