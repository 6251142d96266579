import { type Envelope, envelopeHashText, type Json, RejectedError } from '../core/index.ts';

/** What the manufacturer answers on the ledger to a proposal that the owner has shown there. */
export type ProposalAnswer =
  { readonly kind: 'epochRecord'; readonly body: Json } | { readonly kind: 'epochObjection'; readonly body: Json };

/**
 * Countersigns a proposal that fits what this side has, and objects to any other. Silence would count against it.
 * @param channel id, base64url
 * @param sign gives the proposal with both signatures; rejects with a RejectedError where this side can't sign it
 */
export async function answerProposal(
  channel: string,
  k: number,
  proposal: Envelope,
  sign: (proposal: Envelope) => Promise<Envelope>,
): Promise<ProposalAnswer> {
  try {
    return { kind: 'epochRecord', body: { record: await sign(proposal) } as unknown as Json };
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error;
    return { kind: 'epochObjection', body: { channel, k, proposal: envelopeHashText(proposal) } };
  }
}
