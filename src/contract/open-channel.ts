import * as v from 'valibot';
import {
  ChannelParamsShape,
  type Envelope,
  EnvelopeShape,
  fromBase64Url,
  Hash,
  type Json,
  labelledHash,
  openEnvelope,
  parseChannelParams,
  parseShape,
  signEnvelope,
  type Signer,
  toBase64Url,
  unverifiedContent,
} from '../core/index.ts';
import { refuse } from './errors.ts';
import { OrganisationId } from './genesis.ts';
import { requireLogged } from './key-log.ts';
import { read, write } from './records.ts';
import type { ContractContext, ContractEvent, ContractState } from './state.ts';

export const CHANNEL_TYPE = 'application/vnd.dcmb.channel.v0+json';

const PartyShape = v.strictObject({
  org: OrganisationId,
  /** Raw Ed25519 key that signs this party's evidence. */
  key: Hash,
});

/** Signed by the owner's key, then by the manufacturer's: the public part of an agreement. */
export const ChannelDocumentShape = v.strictObject({
  v: v.literal(0),
  ledger: Hash,
  /** Commitment to the first agreement. */
  commitment: Hash,
  params: ChannelParamsShape,
  owner: PartyShape,
  manufacturer: PartyShape,
});
export type ChannelDocument = Readonly<v.InferOutput<typeof ChannelDocumentShape>>;

const OpenChannelShape = v.strictObject({ document: EnvelopeShape });

/** Channel id of an agreement commitment on a ledger, 43 characters. */
export function channelIdOf(ledgerId: string, commitment: string): string {
  return toBase64Url(labelledHash('DCMB/0/channel', fromBase64Url(ledgerId), fromBase64Url(commitment)));
}

/** Signs a channel document by both parties; the body of `openChannel` is `{ document }`. */
export function signChannelDocument(document: ChannelDocument, owner: Signer, manufacturer: Signer): Promise<Envelope> {
  return signEnvelope(CHANNEL_TYPE, document, owner, manufacturer);
}

/**
 * Opens a channel under the id that ledger and commitment give.
 * @throws RejectedError `OTHER_LEDGER`, `SAME_PARTY`, `WRONG_CREATOR`, `KEY_NOT_LOGGED`, `KEY_REVOKED`, `CHANNEL_EXISTS`,
 * `BAD_CHANNEL_PARAMS`, and those of form and signature
 */
export async function openChannel(state: ContractState, context: ContractContext, body: Json): Promise<ContractEvent> {
  const document = openChannelDocument(parseShape(OpenChannelShape, body, 'openChannel').document);
  const { owner, manufacturer, commitment } = document;
  if (document.ledger !== context.ledgerId) refuse('OTHER_LEDGER', 'The channel document is for another ledger.');
  if (owner.org === manufacturer.org || owner.key === manufacturer.key) {
    refuse('SAME_PARTY', 'Owner and manufacturer of a channel must be two organisations with a key each.');
  }
  if (context.creator !== owner.org && context.creator !== manufacturer.org) {
    refuse('WRONG_CREATOR', `Organisation "${context.creator}" is no party of the channel.`);
  }
  await requireLogged(state, owner.org, fromBase64Url(owner.key));
  await requireLogged(state, manufacturer.org, fromBase64Url(manufacturer.key));
  const channel = channelIdOf(context.ledgerId, commitment);
  if ((await read(state, 'ch', channel)) !== undefined) refuse('CHANNEL_EXISTS', 'The channel is open already.');
  const params = parseChannelParams(document.params);
  write(state, 'ch', [channel], { params, owner: owner.org, manufacturer: manufacturer.org, agreement: 1, commitment });
  write(state, 'uses', [channel, 'owner'], [{ key: owner.key, from: 0 }]);
  write(state, 'uses', [channel, 'manufacturer'], [{ key: manufacturer.key, from: 0 }]);
  return { kind: 'openChannel', channel, body: { owner, manufacturer, commitment, params } };
}

/**
 * Opens what both parties signed. The keys stand in the document itself: that they are the parties' shows in the key log.
 * @throws RejectedError for its form and signatures
 */
export function openChannelDocument(envelope: Envelope): ChannelDocument {
  const claimed = unverifiedContent(envelope, ChannelDocumentShape, 'channel document');
  return openEnvelope(
    envelope,
    CHANNEL_TYPE,
    ChannelDocumentShape,
    fromBase64Url(claimed.owner.key),
    fromBase64Url(claimed.manufacturer.key),
  );
}
