import * as v from 'valibot';
import { hasCode, parseShape, type Random } from '../core/index.ts';
import { anchorBody, AnchorTokensShape, NO_TOKENS } from '../evidence/index.ts';
import type { Commit, Ledger, PreparedTransaction } from '../ledger/index.ts';
import type { StoredBatch } from '../store/index.ts';
import { committedAnchor } from './committed-anchor.ts';
import { isFinalRefusal } from './final-refusal.ts';
import { doublingDelays, isRefusal, isSpent, isUnavailable, pause, pauseAbout } from './persistent-submission.ts';

export interface BatchAnchorParts {
  readonly ledger: Ledger;
  readonly random: Random;
  /** Channel id, base64url. */
  readonly channel: string;
  readonly signal: AbortSignal;
  /** Stores a prepared transaction; it is sent only after that. */
  persist(prepared: PreparedTransaction): void;
  /** The ledger will not take the stored transaction any more: another one is prepared. */
  givenUp(): void;
  retry(error: Error, delayMs: number): void;
}

/** The ledger's word on a batch. */
export type AnchorOutcome = { readonly anchored: Commit } | { readonly refused: unknown };

type Answer<Value> = { readonly value: Value } | { readonly error: unknown };

const StoredTokensShape = v.looseObject({ tokens: AnchorTokensShape });

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 10_000;
/** The contract refused tokens and their absence in turn: sets come and go on the ledger. */
const TOKENS_AGAIN_MS = 100;

/**
 * Brings one header onto the ledger. Only what the contract refuses for good is an end; everything else is tried again, with
 * the same bytes where their outcome is not known.
 * @param stored transaction that was prepared before, if any
 * @param withTokens whether a new transaction carries tokens at first
 * @returns undefined where the signal aborted before there was an outcome
 * @throws what is neither a ledger's refusal nor its absence
 */
export async function anchorBatch(
  batch: StoredBatch,
  stored: PreparedTransaction | undefined,
  withTokens: boolean,
  parts: BatchAnchorParts,
): Promise<AnchorOutcome | undefined> {
  const way = new BatchAnchor(batch, stored, withTokens, parts);
  while (!parts.signal.aborted) {
    const outcome = await way.attempt();
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

class BatchAnchor {
  readonly #batch: StoredBatch;
  readonly #parts: BatchAnchorParts;
  readonly #delay: () => number;
  #prepared: PreparedTransaction | undefined;
  #withTokens: boolean;
  #isUnknown = false;
  #tokenRefusals = 0;
  #spent = 0;

  constructor(batch: StoredBatch, stored: PreparedTransaction | undefined, withTokens: boolean, parts: BatchAnchorParts) {
    this.#batch = batch;
    this.#parts = parts;
    this.#prepared = stored;
    this.#withTokens = withTokens;
    this.#delay = doublingDelays(FIRST_DELAY_MS, LONGEST_DELAY_MS);
  }

  /** @returns undefined where another attempt is needed */
  async attempt(): Promise<AnchorOutcome | undefined> {
    const answer = await this.#send();
    if ('value' in answer) return { anchored: answer.value };
    const { error } = answer;
    this.#isUnknown = hasCode(error, 'OUTCOME_UNKNOWN');
    if (this.#parts.signal.aborted) return undefined;
    const tokens = tokensWanted(error);
    if (tokens !== undefined) return this.#prepareAgain(tokens);
    if (isRefusal(error, 'NUMBER_TAKEN', 'INTERVAL_TAKEN')) return this.#whoseNumber(error);
    if (isSpent(error) && this.#prepared !== undefined) return this.#replaceSpent(error);
    if (isFinalRefusal(error)) return { refused: error };
    return this.#wait(error);
  }

  /** Of the contract's refusals, an embedded ledger gives them when it is sent, Fabric when it is prepared. */
  async #send(): Promise<Answer<Commit>> {
    const answer = this.#prepared === undefined ? await this.#prepare() : { value: this.#prepared };
    if ('error' in answer) return answer;
    const prepared = answer.value;
    return answerOf(() => this.#submit(prepared));
  }

  async #prepare(): Promise<Answer<PreparedTransaction>> {
    const { header, deliveryPackage } = this.#batch;
    const tokens = this.#withTokens ? parseShape(StoredTokensShape, deliveryPackage, 'stored tokens').tokens : NO_TOKENS;
    const answer = await answerOf(() => this.#parts.ledger.prepare('anchor', anchorBody(header, tokens)));
    if ('error' in answer) return answer;
    this.#parts.persist(answer.value);
    this.#prepared = answer.value;
    return answer;
  }

  /** An unknown outcome is asked for. Where the ledger has none the same bytes go again: they give the first commit. */
  async #submit(prepared: PreparedTransaction): Promise<Commit> {
    const { ledger } = this.#parts;
    const known = this.#isUnknown ? await ledger.statusOf(prepared.txId) : undefined;
    return known ?? ledger.submit(prepared);
  }

  /** The contract alone knows whether a set is on the ledger at the moment of the commit; the header fits both ways. */
  async #prepareAgain(withTokens: boolean): Promise<undefined> {
    this.#giveUp();
    this.#withTokens = withTokens;
    this.#tokenRefusals++;
    if (this.#tokenRefusals > 1) await pause(TOKENS_AGAIN_MS, this.#parts.signal);
  }

  /** One that waited through a long outage is made anew at once; where that is spent as well, a clock is wrong. */
  async #replaceSpent(error: Error): Promise<undefined> {
    this.#giveUp();
    this.#spent++;
    if (this.#spent > 1) await this.#wait(error);
  }

  #giveUp(): void {
    if (this.#prepared !== undefined) this.#parts.givenUp();
    this.#prepared = undefined;
  }

  /** A number that is taken by the very header is anchored: an earlier transaction, given up for lost, came through. */
  async #whoseNumber(refusal: unknown): Promise<AnchorOutcome | undefined> {
    const { ledger, channel, signal } = this.#parts;
    const answer = await answerOf(() => committedAnchor(ledger, channel, this.#batch, signal));
    if (signal.aborted) return undefined;
    if ('error' in answer) return this.#wait(answer.error);
    return answer.value === undefined ? { refused: refusal } : { anchored: answer.value };
  }

  async #wait(error: unknown): Promise<undefined> {
    if (!isUnavailable(error) && !isRefusal(error)) throw error;
    if (this.#parts.signal.aborted) return;
    const delayMs = this.#delay();
    this.#parts.retry(error, delayMs);
    await pauseAbout(delayMs, this.#parts.random, this.#parts.signal);
  }
}

/** What a call to the ledger gives. What the module's own store throws must not be taken for it. */
async function answerOf<Value>(call: () => Promise<Value>): Promise<Answer<Value>> {
  try {
    return { value: await call() };
  } catch (error) {
    return { error };
  }
}

/** Whether the next transaction is to carry tokens, where the last one was refused for them or their absence. */
function tokensWanted(error: unknown): boolean | undefined {
  if (isRefusal(error, 'TOKENS_REQUIRED')) return true;
  return isRefusal(error, 'NO_TOKEN_SET', 'UNCERTIFIED_TOKENS') ? false : undefined;
}
