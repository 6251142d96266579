import * as v from 'valibot';
import {
  base64Url,
  DcmbError,
  type Envelope,
  EnvelopeShape,
  Hash,
  integer,
  parseShape,
  toBase64Url,
  UnavailableError,
} from '../core/index.ts';
import { AnchorBodyShape } from '../evidence/index.ts';
import type { BlockInfo, Ledger, LedgerErrorCode, LedgerEvent, LedgerTransaction } from '../ledger/index.ts';
import type { ReceiverStore } from '../store/index.ts';
import {
  type AnchoredBatch,
  type AnchorView,
  type ChannelTerms,
  type DepositedBox,
  type DepositSupport,
  headerOnLedger,
} from '../transfer/index.ts';
import { type AnchorSeen, anchorOf, anchorSeen, sightingOf } from './ledger-conditions.ts';
import type { ProposalSeen } from './receiver-proposals.ts';

const DepositTransaction = v.looseObject({ box: base64Url() });
const DepositEvent = v.looseObject({ n: integer(0) });
const ProposalEvent = v.strictObject({ k: integer(0), proposal: Hash });
const ProposalTransaction = v.strictObject({ record: EnvelopeShape });

/** What an event told of this channel. */
export interface SeenOnLedger {
  readonly anchor?: AnchorSeen;
  /** Number of a batch whose delivery was deposited. */
  readonly deposit?: number;
  /** A proposal that waits for the manufacturer's signature. */
  readonly proposal?: ProposalSeen;
}

/** The ledger as the receiver's inbox asks it: what events have told stands in the store, and needs no ledger. */
export class ReceiverLedger implements AnchorView {
  readonly #ledger: Ledger;
  readonly #store: ReceiverStore;
  readonly #terms: ChannelTerms;
  readonly #lastBlock: () => BlockInfo;

  constructor(ledger: Ledger, store: ReceiverStore, terms: ChannelTerms, lastBlock: () => BlockInfo) {
    this.#ledger = ledger;
    this.#store = store;
    this.#terms = terms;
    this.#lastBlock = lastBlock;
  }

  get channel(): string {
    return toBase64Url(this.#terms.channelId);
  }

  /** Keeps what an event tells of this channel, and in the same transaction the event's position. */
  seen(event: LedgerEvent, position: string): SeenOnLedger {
    const anchor = anchorSeen(this.#terms, event);
    if (anchor !== undefined) {
      this.#store.addAnchor(sightingOf(anchor, event.block.number), position);
      return { anchor };
    }
    if (event.event.kind === 'epochProposal' && event.event.channel === this.channel) {
      const { k, proposal } = parseShape(ProposalEvent, event.event.body, 'epochProposal event');
      return { proposal: { k, proposal, block: event.block.number, transaction: event.txId } };
    }
    if (event.event.kind !== 'deposit' || event.event.channel !== this.channel) return {};
    const { n } = parseShape(DepositEvent, event.event.body, 'deposit event');
    this.#store.addDeposit({ n, block: event.block.number, event: { transaction: event.txId } }, position);
    return { deposit: n };
  }

  anchor(n: number): AnchorSeen | undefined {
    const sighting = this.#store.anchor(n);
    return sighting === undefined ? undefined : anchorOf(sighting);
  }

  lastBlock(): { number: number; hash: string } {
    const { number, hash } = this.#lastBlock();
    return { number, hash };
  }

  async anchoredHeader(n: number): Promise<string | undefined> {
    const seen = this.anchor(n);
    if (seen !== undefined) return seen.header;
    return answered(() => headerOnLedger(this.#ledger, this.channel, n));
  }

  async anchored(n: number): Promise<AnchoredBatch | undefined> {
    const sighting = this.#store.anchor(n);
    if (sighting === undefined) return undefined;
    const { body } = await this.#transaction(sighting.block, anchorOf(sighting).transaction);
    return parseShape(AnchorBodyShape, body, 'anchor');
  }

  async deposited(n: number): Promise<DepositedBox | undefined> {
    const sighting = this.#store.deposit(n);
    if (sighting === undefined) return undefined;
    const { body, envelope } = await this.#transaction(sighting.block, (sighting.event as { transaction: string }).transaction);
    const { box } = parseShape(DepositTransaction, body, 'deposit');
    return { box, support: () => this.#depositSupport(sighting.block, envelope) };
  }

  /** A proposal that an event told of. */
  async proposalAt({ block, transaction }: ProposalSeen): Promise<Envelope> {
    const { body } = await this.#transaction(block, transaction);
    return parseShape(ProposalTransaction, body, 'epochProposal').record;
  }

  async blockHash(number: number): Promise<string | undefined> {
    return (await answered(() => this.#ledger.blockInfo(number)))?.hash;
  }

  /** True where a grid batch of the interval is anchored. */
  async isCovered(interval: number): Promise<boolean> {
    return (await answered(() => this.#ledger.query('interval', { channel: this.channel, interval, row: 0 }))) !== undefined;
  }

  /** An envelope that verifies by itself is enough; where there is none, the chain shows who sent it. */
  async #depositSupport(block: number, envelope: Envelope | undefined): Promise<DepositSupport> {
    if (envelope === undefined) return { transactions: [], genesis: [], blocks: await answered(() => this.#ledger.blocks(0, block)) };
    const genesis = (await answered(() => this.#ledger.query('genesis', {}))) ?? {};
    return { transactions: [envelope], genesis: [genesis], blocks: [] };
  }

  /** The contract checked it when it was committed. */
  async #transaction(block: number, txId: string): Promise<LedgerTransaction> {
    const found = await answered(() => this.#ledger.transaction(block, txId));
    if (found !== undefined) return found;
    throw new UnavailableError<LedgerErrorCode>('LEDGER_UNAVAILABLE', `The ledger does not give block ${block}. It is asked again.`);
  }
}

/** A ledger that fails in a way of its own is away like one that does not answer: the channel goes on without it. */
async function answered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof DcmbError) throw cause;
    throw new UnavailableError<LedgerErrorCode>('LEDGER_UNAVAILABLE', 'The ledger does not answer. It is asked again.', { cause });
  }
}
