import * as v from 'valibot';
import { type Envelope, Hash, integer, unverifiedContent } from '../core/index.ts';

const WithChannel = v.looseObject({ channel: Hash });
const WithNumber = v.looseObject({ n: integer(0) });

/** The channel that a document names, read before its signature can be checked: the channel says whose key it takes. */
export function claimedChannel(envelope: Envelope): string {
  return unverifiedContent(envelope, WithChannel, 'signed document').channel;
}

/** The batch number that a document names, read before its signature can be checked: the number says which keys count. */
export function claimedNumber(envelope: Envelope): number {
  return unverifiedContent(envelope, WithNumber, 'signed document').n;
}
