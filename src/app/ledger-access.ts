import type { Agreement } from '../agreement/index.ts';
import {
  type Clock,
  type Envelope,
  fromBase64Url,
  type Json,
  keyIdOf,
  type Random,
  RejectedError,
  type Signer,
  toBase64Url,
} from '../core/index.ts';
import type { TransactionKind } from '../contract/index.ts';
import { type BlockInfo, type Commit, type Ledger, type LedgerEvent, openEmbeddedLedger } from '../ledger/index.ts';
import { isRefusal, pause, untilAvailable } from '../transfer/index.ts';
import { systemRandom } from '../platform/index.ts';
import type { ConfigErrorCode, LedgerConfig } from './config.ts';

export interface LedgerIdentity {
  readonly organisation: string;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly random: Random;
}

/** Opens the configured ledger. @throws RejectedError, UnavailableError in one sentence with file and remedy */
export function openLedger(config: LedgerConfig, { organisation, signer, clock, random }: LedgerIdentity): Promise<Ledger> {
  return openEmbeddedLedger({ file: config.file, ledgerId: config.id, organisation, signer, clock, random });
}

const AFTER_FAULT_MS = 1000;

/**
 * Follows the ledger's events and knows its last block. What a module signs names a block that it had seen.
 */
export class LedgerWatch {
  readonly #ledger: Ledger;
  readonly #stopped = new AbortController();
  readonly #onEvent: (event: LedgerEvent) => void;
  #last: BlockInfo;
  #running: Promise<void> | undefined;

  private constructor(ledger: Ledger, last: BlockInfo, onEvent: (event: LedgerEvent) => void) {
    this.#ledger = ledger;
    this.#last = last;
    this.#onEvent = onEvent;
  }

  /** @param fromBlock first block whose events are told */
  static async start(
    ledger: Ledger,
    fromBlock: number,
    onEvent: (event: LedgerEvent) => void,
    onFault: (error: unknown) => void,
  ): Promise<LedgerWatch> {
    const watch = new LedgerWatch(ledger, await ledger.lastBlock(), onEvent);
    watch.#running = watch.#run(fromBlock, onFault);
    return watch;
  }

  get lastBlock(): BlockInfo {
    return this.#last;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(fromBlock: number, onFault: (error: unknown) => void): Promise<void> {
    let next = fromBlock;
    while (!this.#stopped.signal.aborted) {
      try {
        for await (const event of this.#ledger.events(next, this.#stopped.signal)) {
          next = event.block.number + 1;
          this.#seen(event);
        }
        return;
      } catch (error) {
        onFault(error);
        await pause(AFTER_FAULT_MS, this.#stopped.signal);
      }
    }
  }

  #seen(event: LedgerEvent): void {
    if (event.block.number > this.#last.number) this.#last = event.block;
    this.#onEvent(event);
  }
}

/** Submits a transaction until it is committed. One that the ledger has already, by one of `done`, counts as committed. */
export async function ensureOnLedger(
  ledger: Ledger,
  kind: TransactionKind,
  body: Json,
  done: readonly string[],
  signal: AbortSignal,
): Promise<Commit | undefined> {
  let prepared: Awaited<ReturnType<Ledger['prepare']>> | undefined;
  try {
    return await untilAvailable(
      async () => {
        prepared ??= await ledger.prepare(kind, body);
        return ledger.submit(prepared);
      },
      { firstDelayMs: 250, longestDelayMs: 5000, signal, random: systemRandom },
    );
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
