/*
 * What the methods of our types answer, for docs/information-model.md. Beside these, any call can be answered
 * BadArgumentsMissing, BadTooManyArguments, BadInvalidArgument with BadTypeMismatch for an argument, BadMethodInvalid and
 * BadNodeIdUnknown by the stack.
 */

const DENIED = 'The user has not the role for it.';
const NOT_NOW = 'Not now: the module starts, stops, or waits for its store. Call again later.';
const NO_ANSWER = 'The module gave no answer within 8 s. Call again.';
const DOCUMENT_SIZE = 'Longer than 256 KiB (BadOutOfRange for the argument), or the module refuses it: see its log.';

const QUERY = {
  Good: 'Found.',
  BadNotFound: 'There is none with this number, or none any more.',
  BadUserAccessDenied: DENIED,
  BadResourceUnavailable: NOT_NOW,
  BadRequestTimeout: NO_ANSWER,
} as const;

const DOCUMENT = {
  BadInvalidArgument: DOCUMENT_SIZE,
  BadUserAccessDenied: DENIED,
  BadResourceUnavailable: NOT_NOW,
  BadRequestTimeout: NO_ANSWER,
} as const;

export const METHOD_STATUSES = {
  'IngestChannelType.Anchor': {
    Good: 'The open batch will be sealed at the next point of the call grid.',
    BadInvalidState: 'No call is allowed now, such as beyond the agreed number an interval.',
    BadUserAccessDenied: DENIED,
    BadResourceUnavailable: NOT_NOW,
    BadInternalError: 'The module failed; see its log.',
  },
  'ClearedChannelType.FetchDelivery': QUERY,
  'ClearedChannelType.GetEvidence': QUERY,
  'ClearedChannelType.FetchEpochRecord': QUERY,
  'ClearedChannelType.Acknowledge': { Good: 'The receipt is stored. A second one for the same batch changes nothing.', ...DOCUMENT },
  'ClearedChannelType.CountersignEpochRecord': { Good: 'Taken; it goes to the ledger.', ...DOCUMENT },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;
