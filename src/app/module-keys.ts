import { existsSync, rmSync } from 'node:fs';
import { type Agreement, deriveChannelKey } from '../agreement/index.ts';
import { type Bytes, equalBytes, fromBase64Url, RejectedError, type Signer, utf8 } from '../core/index.ts';
import { EpochKeys } from '../evidence/index.ts';
import { loadExchangeKey, loadSigningKey, loadStoreKey } from '../platform/index.ts';
import { policyCommitment } from '../policy/index.ts';
import { type ConfigErrorCode, type KeyPaths, type OwnerConfig, readText } from './config.ts';
import type { LoadedAgreement } from './agreement-file.ts';
import { loadLedgerKey } from './ledger-access.ts';

const NONCE_BYTES = 32;

export interface ModuleKeys {
  readonly evidence: Signer;
  /** Undefined on Fabric. */
  readonly ledger: Signer | undefined;
  /** Encrypts the party's store, 32 bytes. */
  readonly store: Bytes;
}

/** Loads a party's keys; the evidence key must be the one that the agreement names. */
export async function loadKeys(config: Pick<OwnerConfig, 'ledger' | 'keys'>, party: Agreement['owner']): Promise<ModuleKeys> {
  const { keys: paths } = config;
  const evidence = await loadSigningKey(paths.evidence);
  if (!equalBytes(evidence.publicKey, fromBase64Url(party.evidenceKey))) {
    throw bad(`${paths.evidence} is not the key that the agreement names for ${party.org}. Use that key, or make a new agreement.`);
  }
  return { evidence, ledger: await loadLedgerKey(config), store: await loadStoreKey(paths.store) };
}

/**
 * Key of epoch 0 from the exchange keys of both sides. It is needed once: after `eraseExchangeKey` the channel key can't
 * be had again from this side.
 */
export async function firstEpochKey(
  paths: KeyPaths,
  { agreement, commitment }: LoadedAgreement,
  side: 'owner' | 'manufacturer',
): Promise<Bytes> {
  const own = await loadExchangeKey(paths.exchange);
  const other = side === 'owner' ? agreement.manufacturer : agreement.owner;
  if (!equalBytes(own.publicKey, fromBase64Url(agreement[side].exchangeKey))) {
    throw bad(
      `${paths.exchange} is not the key that the agreement names for ${agreement[side].org}. Use that key, or make a new agreement.`,
    );
  }
  return EpochKeys.first(deriveChannelKey(own.privateKey, fromBase64Url(other.exchangeKey), commitment), agreement.params).bytes;
}

/** True once the first start has stored what it took from the exchange key: from then on there is a store. */
export function hasStarted(paths: KeyPaths): boolean {
  return !existsSync(paths.exchange);
}

/** What the store holds now follows from it only forwards; whoever finds the file later must not get further back. */
export function eraseExchangeKey(paths: KeyPaths): void {
  rmSync(paths.exchange, { force: true });
}

/** The mapping policy must be the one that both sides have committed to. */
export function requireAgreedPolicy(agreement: Agreement, policyFile: string, policyText: string, nonceFile: string): void {
  const nonce = readNonce(nonceFile);
  if (equalBytes(policyCommitment(nonce, utf8(policyText)), fromBase64Url(agreement.policyCommitment))) return;
  throw bad(`${policyFile} is not the mapping policy that was agreed on: it was changed since. Restore it, or make a new agreement.`);
}

function readNonce(file: string): Bytes {
  const text = readText(file).trim();
  try {
    const nonce = fromBase64Url(text);
    if (nonce.length === NONCE_BYTES) return nonce;
  } catch {
    // Told below, in the same words as a nonce of another length.
  }
  throw bad(`${file} does not hold the nonce of a mapping policy (43 characters). Restore it from a backup, or make a new agreement.`);
}

function bad(message: string): RejectedError<ConfigErrorCode> {
  return new RejectedError('BAD_CONFIG', message);
}
