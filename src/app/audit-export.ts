import { type BatchEvidence, withoutUnanchored, writeExport } from '../audit/index.ts';
import { type Bytes, epochOf, fromBase64Url, parseEnvelope, parseShape, toBase64Url } from '../core/index.ts';
import { type BatchHeader, type DeliveryPackage, DeliveryPackageShape, openHeader } from '../evidence/index.ts';
import type { Ledger } from '../ledger/index.ts';
import { loadStoreKey } from '../platform/index.ts';
import { ReceiverStore, SenderStore } from '../store/index.ts';
import { EpochSecrets } from '../transfer/index.ts';
import { loadAgreement, type LoadedAgreement } from './agreement-file.ts';
import { type ChannelView, readChannel } from './channel-view.ts';
import type { ManufacturerConfig } from './config.ts';
import { openOwnLedger, requireSameLedger } from './ledger-access.ts';
import { receiverSecrets } from './receiver-secrets.ts';

const BATCHES_A_PAGE = 500;

/** What one side's store holds of a batch, as far as an auditor may see it. */
interface KeptBatch {
  readonly n: number;
  /** Undefined where the owner's cache has given it up. */
  readonly package: DeliveryPackage | undefined;
  readonly receipt: unknown;
}

/**
 * Everything that an auditor needs, in one file's bytes: the ledger's blocks, the agreement, and of each batch the
 * delivery, the opened conditions and the receipt. No raw reading, no threshold and no seed. Works beside a running module.
 * @param config configuration of either side
 * @param channel its name; may be absent where the configuration has one only
 */
export async function exportAudit(config: string, channel?: string): Promise<Bytes> {
  const own = readChannel(config, channel);
  const [{ agreement: path }] = own.channels;
  const loaded = loadAgreement(path);
  requireSameLedger(loaded.agreement, own.ledger, path);
  const ledger = await openOwnLedger(own);
  try {
    const key = await loadStoreKey(own.keys.store);
    // The store first: a module that runs beside this may anchor in between, and what the file says of a batch must not be
    // older than the blocks that it names.
    const { batches, secrets } = own.role === 'owner' ? ownersBatches(own, loaded, key) : manufacturersBatches(own, loaded, key);
    const blocks = await ledger.blocks(0);
    const evidence = {
      agreement: parseEnvelope(loaded.file.agreement),
      nonce: loaded.file.nonce,
      batches: await Promise.all(batches.map((batch) => evidenceOf(batch, loaded, secrets, ledger))),
    };
    return writeExport(withoutUnanchored({ blocks, channels: [evidence] }));
  } finally {
    await ledger.close();
  }
}

interface Kept {
  readonly batches: readonly KeptBatch[];
  readonly secrets: EpochSecrets | undefined;
}

function ownersBatches({ channels: [own] }: ChannelView, { terms }: LoadedAgreement, key: Bytes): Kept {
  const store = new SenderStore(own.store, toBase64Url(terms.channelId), key);
  try {
    const progress = store.progress();
    return {
      batches: allBatches(store, progress?.nextBatch ?? 0),
      secrets: progress === undefined ? undefined : new EpochSecrets(terms, fromBase64Url(progress.epochKey), progress.epoch),
    };
  } finally {
    store.close();
  }
}

function manufacturersBatches({ channels: [own] }: ManufacturerConfig, { terms }: LoadedAgreement, key: Bytes): Kept {
  const store = new ReceiverStore(own.store, toBase64Url(terms.channelId), key);
  try {
    return { batches: allBatches(store, (store.last()?.n ?? -1) + 1), secrets: receiverSecrets(terms, store) };
  } finally {
    store.close();
  }
}

interface StoredPackage {
  readonly n: number;
  readonly deliveryPackage: unknown;
  readonly receipt: unknown;
}

/**
 * Read in pages, for a stored batch is far larger than what goes into the export.
 * @param store asked for batches by number, both bounds included; some may be absent
 * @param end first number that is not there yet
 */
export function allBatches(store: { batches(from: number, to: number): readonly StoredPackage[] }, end: number): KeptBatch[] {
  const kept: KeptBatch[] = [];
  for (let from = 0; from < end; from += BATCHES_A_PAGE) {
    const page = store.batches(from, from + BATCHES_A_PAGE - 1);
    for (const { n, deliveryPackage, receipt } of page) kept.push({ n, package: packageOf(deliveryPackage), receipt });
  }
  return kept;
}

/** What is left of an expired one is what its anchor needed. */
function packageOf(value: unknown): DeliveryPackage | undefined {
  if (typeof value === 'object' && value !== null && !('delivery' in value)) return undefined;
  return parseShape(DeliveryPackageShape, value, 'delivery package');
}

async function evidenceOf(
  { n, package: delivered, receipt }: KeptBatch,
  { terms }: LoadedAgreement,
  secrets: EpochSecrets | undefined,
  ledger: Ledger,
): Promise<BatchEvidence> {
  const receipts = receipt === undefined ? [] : [parseEnvelope(receipt)];
  if (delivered === undefined) return { n, delivery: [], conditions: [], batchKeyProof: [], receipt: receipts };
  const { value: header } = openHeader(delivered.header, terms.ownerKey);
  return {
    n,
    delivery: [parseEnvelope(delivered.delivery)],
    conditions: [parseShape(DeliveryPackageShape.entries.conditions, delivered.conditions, 'condition opening')],
    batchKeyProof: secrets === undefined ? [] : await batchKeyProof(header, secrets, ledger),
    receipt: receipts,
  };
}

/** Leads from K_batch to the co-signed token set; empty where the ledger has none, and once the epoch's key is erased. */
async function batchKeyProof({ channel, agreement, interval, row }: BatchHeader, secrets: EpochSecrets, ledger: Ledger): Promise<string[]> {
  const epoch = epochOf(secrets.params, interval);
  if (epoch < secrets.oldest.epoch || (await ledger.query('tokenSet', { channel, epoch, agreement })) === undefined) return [];
  const set = await secrets.tokenSet(epoch);
  return set.batchKeyProof(interval, row);
}
