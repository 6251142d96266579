import type { Agreement } from '../agreement/index.ts';
import {
  type Clock,
  type Envelope,
  FatalError,
  fromBase64Url,
  type Json,
  keyIdOf,
  type Random,
  RejectedError,
  type Signer,
  toBase64Url,
} from '../core/index.ts';
import type { TransactionKind } from '../contract/index.ts';
import { type Commit, type Ledger, openEmbeddedLedger } from '../ledger/index.ts';
import { isRefusal, untilCommitted } from '../transfer/index.ts';
import { loadSigningKey, systemClock, systemRandom } from '../platform/index.ts';
import type { ConfigErrorCode, FabricLedgerConfig, KeyPaths, LedgerConfig } from './config.ts';
import { openFabric } from './fabric-access.ts';
import { type IsMistake, PatientLedger } from './patient-ledger.ts';

export { LedgerWatch } from './ledger-watch.ts';

export interface LedgerIdentity {
  readonly organisation: string;
  /** The embedded ledger's; on Fabric the configured MSP signs. */
  readonly signer: Signer | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

/** What of a side's configuration its ledger needs. */
export interface LedgerAccess {
  readonly organisation: string;
  readonly ledger: LedgerConfig;
  readonly keys: Pick<KeyPaths, 'ledger'>;
}

/** Opens the configured ledger. @throws RejectedError, UnavailableError in one sentence with file and remedy */
export async function openLedger(config: LedgerConfig, identity: LedgerIdentity): Promise<Ledger> {
  if (config.kind === 'fabric') return openFabric(config, identity);
  const { organisation, signer, clock, random } = identity;
  if (signer === undefined) throw new FatalError('NO_SIGNER', 'An embedded ledger was opened without a signer.');
  return openEmbeddedLedger({ file: config.file, ledgerId: config.id, organisation, signer, clock, random });
}

/** Opens the ledger of either side's configuration for a command, in the name of its organisation. @throws as `openLedger` */
export async function openOwnLedger(config: LedgerAccess, clock: Clock = systemClock): Promise<Ledger> {
  const signer = await loadLedgerKey(config);
  return openLedger(config.ledger, { organisation: config.organisation, signer, clock, random: systemRandom });
}

/** The key that signs an embedded ledger's transactions; undefined on Fabric. */
export async function loadLedgerKey({ ledger, keys }: Omit<LedgerAccess, 'organisation'>): Promise<Signer | undefined> {
  return ledger.kind === 'fabric' || keys.ledger === undefined ? undefined : loadSigningKey(keys.ledger);
}

/** Of what a network says while it comes back, or a token that is absent, nothing proves a mistake. */
function isFabricMistake({ pkcs11 }: FabricLedgerConfig): IsMistake {
  const codes = ['OTHER_LEDGER', 'BAD_PROFILE', 'BAD_KEY_FILE', ...(pkcs11 === undefined ? ['BAD_IDENTITY'] : [])];
  return ({ code }) => codes.includes(code);
}

/** A file may be damaged by a fault of its disk that passes. */
const isFileMistake: IsMistake = ({ code }) => code !== 'LEDGER_CORRUPT';

/**
 * Opens the configured ledger for a module that has run before: that need not wait until it answers.
 * @throws RejectedError where the configuration names another network, a file that is no ledger, or files that can't be used
 */
export async function openLedgerPatiently(config: LedgerConfig, identity: LedgerIdentity): Promise<Ledger> {
  const isMistake = config.kind === 'fabric' ? isFabricMistake(config) : isFileMistake;
  const ledger = new PatientLedger(config.id, identity.organisation, () => openLedger(config, identity), isMistake);
  await ledger.tryOpen();
  return ledger;
}

/** Submits a transaction until it is committed. One that the ledger has already, by one of `done`, counts as committed. */
export async function ensureOnLedger(
  ledger: Ledger,
  kind: TransactionKind,
  body: Json,
  done: readonly string[],
  signal: AbortSignal,
): Promise<Commit | undefined> {
  try {
    return await untilCommitted(ledger, kind, body, { firstDelayMs: 250, longestDelayMs: 5000, signal, random: systemRandom });
  } catch (error) {
    if (isRefusal(error, ...done)) return undefined;
    throw error;
  }
}

/** Logs the module's own signing key. */
export async function registerOwnKey(ledger: Ledger, key: Signer, moduleDigest: Uint8Array, signal: AbortSignal): Promise<void> {
  const known = await ledger.query('key', { organisation: ledger.organisation, keyId: key.keyId });
  if (known !== undefined) return;
  const body = { key: toBase64Url(key.publicKey), module: toBase64Url(moduleDigest), attestation: 'none' };
  await ensureOnLedger(ledger, 'registerKey', body, ['KEY_EXISTS'], signal);
}

/** True once both parties have logged their keys; then the channel is open. */
export async function openChannelOnLedger(
  ledger: Ledger,
  agreement: Agreement,
  channelId: string,
  document: Envelope,
  signal: AbortSignal,
): Promise<boolean> {
  if ((await ledger.query('channel', { channel: channelId })) !== undefined) return true;
  for (const { org, evidenceKey } of [agreement.owner, agreement.manufacturer]) {
    const keyId = keyIdOf(fromBase64Url(evidenceKey));
    if ((await ledger.query('key', { organisation: org, keyId })) === undefined) return false;
  }
  await ensureOnLedger(ledger, 'openChannel', { document }, ['CHANNEL_EXISTS'], signal);
  return true;
}

/** Agreement, configuration and ledger must speak of the same network. */
export function requireSameLedger(agreement: Agreement, config: LedgerConfig, file: string): void {
  if (agreement.ledger === config.id) return;
  throw new RejectedError<ConfigErrorCode>(
    'BAD_CONFIG',
    `${file} was agreed for ledger ${agreement.ledger}, but the configuration names ${config.id}. Use the ledger of the agreement.`,
  );
}
