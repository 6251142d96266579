import * as v from 'valibot';
import { type Envelope, Hash, integer, parseShape } from '../core/index.ts';
import type { ReceiverStore } from '../store/index.ts';
import { answerProposal } from '../transfer/index.ts';
import type { ModuleListener } from './events.ts';

const ProposalSeenShape = v.strictObject({ k: integer(0), proposal: Hash, block: integer(0), transaction: v.string() });
/** A proposal of an epoch record that the owner has shown on the ledger, and where. */
export type ProposalSeen = Readonly<v.InferOutput<typeof ProposalSeenShape>>;

/** Proposals that wait for an answer on the ledger, kept over a restart. */
const TO_ANSWER = 'proposals-to-answer';

export interface ReceiverProposalsParts {
  /** Channel id, base64url. */
  readonly channel: string;
  readonly store: ReceiverStore;
  readonly listener: ModuleListener;
  /** The proposal itself. @throws UnavailableError */
  proposalAt(seen: ProposalSeen): Promise<Envelope>;
  /** The proposal with both signatures. @throws RejectedError where this side can't sign it */
  sign(k: number, proposal: Envelope): Promise<Envelope>;
}

/** Answers on the ledger what the owner asks there: silence would count against the manufacturer. */
export class ReceiverProposals {
  readonly #parts: ReceiverProposalsParts;

  constructor(parts: ReceiverProposalsParts) {
    this.#parts = parts;
  }

  /** The ledger told of a proposal, perhaps once more after a crash. */
  seen(proposal: ProposalSeen): void {
    const waiting = this.#waiting();
    if (!waiting.some(({ transaction }) => transaction === proposal.transaction)) this.#keep([...waiting, proposal]);
  }

  /** Answers what waits, one after the other. @throws UnavailableError while the ledger is away */
  async answer(): Promise<void> {
    for (let [next] = this.#waiting(); next !== undefined; [next] = this.#waiting()) await this.#answer(next);
  }

  async #answer(seen: ProposalSeen): Promise<void> {
    const { channel, store, listener } = this.#parts;
    const { k, proposal } = seen;
    const envelope = await this.#parts.proposalAt(seen);
    const { kind, body } = await answerProposal(channel, k, envelope, (shown) => this.#parts.sign(k, shown));
    store.addClaim({ id: `${kind}:${k}:${proposal}`, kind, n: k, body });
    if (kind === 'epochObjection') {
      const message = `The owner asks on the ledger for a signature under epoch record ${k}, which does not fit what this module has: it objects.`;
      listener({ event: 'finding', n: -1, code: 'BAD_EPOCH_RECORD', message });
    }
    this.#keep(this.#waiting().slice(1));
  }

  #waiting(): readonly ProposalSeen[] {
    const fact = this.#parts.store.fact(TO_ANSWER);
    return fact === undefined ? [] : parseShape(v.array(ProposalSeenShape), JSON.parse(fact), 'list of proposals');
  }

  #keep(proposals: readonly ProposalSeen[]): void {
    this.#parts.store.setFact(TO_ANSWER, JSON.stringify(proposals));
  }
}
