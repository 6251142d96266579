import { type Bytes, type DcmbError, fromUtf8, type Random, UnavailableError } from '../../core/index.ts';
import type { FabricEnvelope } from '../../fabric-blocks/index.ts';
import type { LedgerErrorCode, PreparedTransaction } from '../port.ts';
import { type BlockReader, type Standing, VALID } from './block-reader.ts';
import {
  isCertificationAway,
  isDiscoveryRace,
  isLagOfOthers,
  isRefusedByOrderer,
  isTransportFault,
  isUnsent,
  refusalOf,
  textOf,
  unavailable,
} from './errors.ts';
import type { OwnPeers } from './own-peers.ts';
import { BackOff, type FabricPatience, Forbearance } from './patience.ts';
import type { Call } from './call.ts';
import { openPrepared, type OwnPlace } from './prepared.ts';

export interface SubmissionParts {
  readonly place: OwnPlace;
  readonly peers: OwnPeers;
  readonly random: Random;
  readonly patience: FabricPatience;
  readonly blocks: BlockReader;
  /** Asks the contract for a transaction's effect without sending it. */
  readonly tryOut: (call: Call) => Promise<unknown>;
}

/** Where Fabric's validation code is not known. */
const UNKNOWN_CODE = 255;

/** Transactions that were prepared here and never submitted: of these nobody has to ask whether they are on the chain. */
const MOST_FRESH = 1024;

/** Brings transactions through Fabric's stages: propose and endorse, then, with bytes that stay the same, submit and commit status. */
export class Submission {
  readonly #parts: SubmissionParts;
  readonly #fresh = new Set<string>();
  readonly #underWay = new Map<string, Promise<Standing>>();
  /** No organisation at the height or in the sight of the own peers: each is waited for once an outage. */
  readonly #race: Forbearance;
  readonly #lag: Forbearance;

  constructor(parts: SubmissionParts) {
    this.#parts = parts;
    this.#race = new Forbearance(parts.patience.discoveryMs);
    this.#lag = new Forbearance(parts.patience.lagMs);
  }

  /**
   * @throws RejectedError with the contract's code, as the own organisation's peer gives it
   * @throws UnavailableError `NOT_ENDORSED`, `CERTIFICATION_UNAVAILABLE`, `LEDGER_UNAVAILABLE`
   */
  async prepare(name: 'execute' | 'genesis', ...args: (string | Bytes)[]): Promise<PreparedTransaction> {
    const { chaincode } = this.#parts.place;
    const prepared = await this.#endorse({ chaincode, name, args });
    this.#fresh.add(prepared.txId);
    if (this.#fresh.size > MOST_FRESH) this.#fresh.delete(this.#fresh.keys().next().value as string);
    return prepared;
  }

  /**
   * Sends a transaction and gives the place where it stands, valid. The same bytes at the same time are one submission.
   * @throws RejectedError `BAD_TRANSACTION`, or with the contract's code where Fabric marked the transaction invalid for a reason
   * that the contract knows
   * @throws UnavailableError `NOT_ORDERED`, `LEDGER_UNAVAILABLE`, `OUTCOME_UNKNOWN`, `INVALIDATED`
   */
  async submit(prepared: PreparedTransaction): Promise<Standing> {
    const envelope = openPrepared(prepared, this.#parts.place);
    const known = this.#underWay.get(prepared.txId);
    if (known !== undefined) return known;
    const bringing = this.#bring(prepared, envelope).finally(() => this.#underWay.delete(prepared.txId));
    this.#underWay.set(prepared.txId, bringing);
    return bringing;
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#underWay.values());
  }

  async #endorse(call: Call): Promise<PreparedTransaction> {
    const { peers, random, patience } = this.#parts;
    const backOff = new BackOff(random, peers.signal);
    for (;;) {
      try {
        const endorsed = await peers.ask(
          (peer) => peer.endorse(call),
          (error) => this.#refusal(error) !== undefined,
        );
        this.#race.over();
        this.#lag.over();
        return endorsed;
      } catch (error) {
        const refusal = this.#refusal(error);
        if (refusal !== undefined) await this.#parts.blocks.requireNotBehind();
        if (refusal !== undefined) throw refusal;
        if (!this.#isPassing(error)) throw this.#notEndorsed(error, patience);
      }
      await backOff.pause();
      peers.requireOpen();
    }
  }

  #refusal(error: unknown): DcmbError | undefined {
    return refusalOf(error, this.#parts.place.organisation);
  }

  #isPassing(error: unknown): boolean {
    if (isDiscoveryRace(error)) return this.#race.bears();
    return isLagOfOthers(error) && this.#lag.bears();
  }

  #notEndorsed(error: unknown, { endorseMs }: FabricPatience): DcmbError {
    if (isCertificationAway(error)) {
      const what = 'The certification chaincode gives an endorser no answer. See that its service runs';
      return unavailable('CERTIFICATION_UNAVAILABLE', 'endorse', what, error);
    }
    if (!isTransportFault(error)) return unavailable('NOT_ENDORSED', 'endorse', 'Fabric does not endorse the transaction now', error);
    const what = isUnsent(error)
      ? 'No peer of the organisation can be reached'
      : `No peer of the organisation answers within ${endorseMs} ms`;
    return unavailable('LEDGER_UNAVAILABLE', 'propose', what, error);
  }

  async #bring(prepared: PreparedTransaction, envelope: FabricEnvelope): Promise<Standing> {
    const { txId, bytes } = prepared;
    // Bytes that may have been sent before are asked for first: a repeat would take a place in a block.
    const known = this.#fresh.delete(txId) ? undefined : await this.#parts.blocks.standing(txId);
    const standing = known ?? (await this.#send(txId, bytes));
    if (standing?.transaction.code === VALID) return standing;
    return this.#whyInvalid(envelope, standing);
  }

  /** @returns undefined where the transaction is spent, and stands nowhere that can be read */
  async #send(txId: string, bytes: Bytes): Promise<Standing | undefined> {
    const { peers, blocks } = this.#parts;
    const question = await this.#order(bytes);
    if (question === undefined) return blocks.standing(txId);
    try {
      const { blockNumber } = await peers.ask((peer) => peer.commitStatus(question));
      return await blocks.standingAt(Number(blockNumber), txId);
    } catch (error) {
      throw this.#unknown('commitStatus', error);
    }
  }

  /**
   * Also another peer may send the same bytes: they are one transaction, however often they come.
   * @returns undefined where an orderer refuses them for good
   */
  async #order(bytes: Bytes): Promise<Bytes | undefined> {
    let isSent = false;
    let isAnswered = false;
    const watch = (error: unknown): boolean => {
      if (isTransportFault(error)) isSent ||= !isUnsent(error);
      else isAnswered = true;
      return false;
    };
    try {
      return await this.#parts.peers.ask((peer) => peer.submit(bytes), watch);
    } catch (error) {
      if (isSent || this.#parts.peers.signal.aborted) throw this.#unknown('submit', error);
      if (isRefusedByOrderer(error)) return undefined;
      if (isAnswered) throw unavailable('NOT_ORDERED', 'submit', 'No orderer takes the transaction now', error);
      throw unavailable('LEDGER_UNAVAILABLE', 'submit', 'No peer of the organisation can be reached', error);
    }
  }

  #unknown(stage: 'submit' | 'commitStatus', cause: unknown): UnavailableError<LedgerErrorCode> {
    const what = 'It is not known whether the transaction is committed. Ask for its status, or submit the same bytes again';
    return new UnavailableError('OUTCOME_UNKNOWN', `${what} (${textOf(cause).slice(0, 300)}).`, { cause, details: { stage } });
  }

  /** Fabric says that it is invalid, and not why: the contract says what speaks against it now. */
  async #whyInvalid({ txId, args, chaincode }: FabricEnvelope, standing: Standing | undefined): Promise<never> {
    const [name, ...rest] = args;
    if (name !== undefined) await this.#parts.tryOut({ chaincode, name: fromUtf8(name), args: rest });
    const code = standing?.transaction.code ?? UNKNOWN_CODE;
    const why =
      standing === undefined ? 'is not taken by the orderers, or is hidden by another one of its id' : `is marked invalid (code ${code})`;
    throw new UnavailableError<LedgerErrorCode>('INVALIDATED', `Transaction ${txId} ${why}, and has no effect. Prepare another one.`, {
      details: { stage: standing === undefined ? 'submit' : 'commitStatus', code },
    });
  }
}
