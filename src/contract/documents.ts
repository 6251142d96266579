import * as v from 'valibot';
import { type Envelope, envelopeHash, Hash, integer, parseCanonical, parseShape, toBase64Url, unverifiedPayload } from '../core/index.ts';

const WithChannel = v.looseObject({ channel: Hash });
const WithNumber = v.looseObject({ n: integer(0) });

/** The channel that a document names, read before its signature can be checked: the channel says whose key it takes. */
export function claimedChannel(envelope: Envelope): string {
  return parseShape(WithChannel, parseCanonical(unverifiedPayload(envelope)), 'signed document').channel;
}

/** The batch number that a document names, read before its signature can be checked: the number says which keys count. */
export function claimedNumber(envelope: Envelope): number {
  return parseShape(WithNumber, parseCanonical(unverifiedPayload(envelope)), 'signed document').n;
}

/** An envelope's hash as it stands in state, documents and events. */
export function hashText(envelope: Envelope): string {
  return toBase64Url(envelopeHash(envelope));
}
