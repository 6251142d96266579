import {
  fromBase64Url,
  intervalStart,
  parseChannelParams,
  parseShape,
  RejectedError,
  requireStrictKey,
  RESERVED_CODES,
} from '../core/index.ts';
import { type Agreement, AgreementShape, type AgreedStream, type Party } from './agreement.ts';
import { requireExchangeKey } from './channel-key.ts';
import type { AgreementErrorCode } from './errors.ts';

/** Epochs for which token sets must be signed ahead: fewer would not outlast an outage of some minutes. */
const LEAST_EPOCHS_AHEAD = 4;

/**
 * Parses an agreement and checks that its parts fit together.
 * @throws RejectedError `BAD_SHAPE`, `BAD_CHANNEL_PARAMS` or an AgreementErrorCode
 */
export function parseAgreement(value: unknown): Agreement {
  const agreement = parseShape(AgreementShape, value, 'agreement');
  parseChannelParams(agreement.params);
  requireParties(agreement.owner, agreement.manufacturer);
  requireCatalogue(agreement);
  requireRawReleases(agreement);
  requireTimes(agreement);
  return agreement;
}

function requireParties(owner: Party, manufacturer: Party): void {
  if (owner.org === manufacturer.org) refuse('SAME_PARTY', 'owner and manufacturer are the same organisation');
  if (owner.applicationUri === manufacturer.applicationUri) refuse('SAME_PARTY', 'owner and manufacturer have the same applicationUri');
  const keys = [owner.evidenceKey, owner.exchangeKey, manufacturer.evidenceKey, manufacturer.exchangeKey];
  if (new Set(keys).size !== keys.length) refuse('SAME_PARTY', 'a key stands twice');
  for (const [role, party] of Object.entries({ owner, manufacturer })) {
    requireKey(role, 'evidenceKey', () => requireStrictKey(fromBase64Url(party.evidenceKey)));
    requireKey(role, 'exchangeKey', () => requireExchangeKey(fromBase64Url(party.exchangeKey)));
  }
}

function requireKey(role: string, field: string, check: () => void): void {
  try {
    check();
  } catch (cause) {
    throw new RejectedError<AgreementErrorCode>(
      'BAD_PARTY_KEY',
      `The agreement is refused: ${role}.${field} is not a key that can be trusted.`,
      { cause },
    );
  }
}

function requireCatalogue({ streams, params }: Agreement): void {
  if (streams.length !== params.streams) {
    refuse('BAD_CATALOGUE', `the catalogue has ${streams.length} streams, the parameters say ${params.streams}`);
  }
  if (!areDistinct(streams.map(({ name }) => name))) refuse('BAD_CATALOGUE', 'two streams have the same name');
  streams.forEach((stream, index) => requireConditions(stream, index, params.codesPerSlot));
}

function requireConditions({ conditions }: AgreedStream, index: number, codesPerSlot: number): void {
  if (!areDistinct(conditions.map(({ code }) => code))) refuse('BAD_CATALOGUE', `stream ${index} has a condition code twice`);
  for (const language of ['en', 'de'] as const) {
    if (areDistinct(conditions.map(({ text }) => text[language]))) continue;
    refuse('BAD_CATALOGUE', `two conditions of stream ${index} read the same in "${language}"`);
  }
  const codes = conditions.length + Object.keys(RESERVED_CODES).length;
  if (codes > codesPerSlot)
    refuse('BAD_CATALOGUE', `stream ${index} has ${codes} codes with the reserved ones, a slot holds ${codesPerSlot}`);
}

function requireRawReleases({ rawReleased, params }: Agreement): void {
  if (!areDistinct(rawReleased.map(({ name }) => name))) refuse('BAD_RAW_RELEASE', 'a tag is released twice');
  if (rawReleased.length + 1 > 2 ** params.topDepth) refuse('BAD_RAW_RELEASE', 'more tags are released than topDepth has room for');
}

function requireTimes({ version, params, lookAheadMs, disputeWindowEpochs, notBeforeMs, notAfterMs }: Agreement): void {
  const epochMs = params.epochIntervals * params.intervalMs;
  if (params.publishDelayMs >= params.intervalMs) refuse('BAD_TERMS_TIME', 'publishDelayMs is not below intervalMs');
  if (lookAheadMs < LEAST_EPOCHS_AHEAD * epochMs)
    refuse('BAD_TERMS_TIME', `lookAheadMs is below ${LEAST_EPOCHS_AHEAD} epochs, ${LEAST_EPOCHS_AHEAD * epochMs} ms`);
  // Deliveries can come that late, and keys before the window are erased.
  const epochsAhead = Math.ceil(lookAheadMs / epochMs);
  if (disputeWindowEpochs < epochsAhead)
    refuse('BAD_TERMS_TIME', `disputeWindowEpochs is below the ${epochsAhead} epochs that lookAheadMs reaches ahead`);
  if (notAfterMs <= notBeforeMs) refuse('BAD_TERMS_TIME', 'notAfterMs is not after notBeforeMs');
  if (notBeforeMs < intervalStart(params, 0)) refuse('BAD_TERMS_TIME', 'notBeforeMs is before interval 0');
  if (version > 1 && (notBeforeMs - params.originMs) % epochMs !== 0) refuse('BAD_TERMS_TIME', 'an amendment must begin with an epoch');
}

function areDistinct(values: readonly (string | number)[]): boolean {
  return new Set(values).size === values.length;
}

function refuse(code: AgreementErrorCode, why: string): never {
  throw new RejectedError<AgreementErrorCode>(code, `The agreement is refused: ${why}.`);
}
