import { type ChannelParams, EXTRA_CONDITION_PLACES, RESERVED_CODES } from '../core/index.ts';
import type { Agreement, AgreedStream, Party } from './agreement.ts';
import { parseAgreement } from './check.ts';
import { type AgreementTerms, DEFAULT_EPOCH_INTERVALS } from './terms-file.ts';

/** What an agreement has besides its terms. */
export interface AgreementFacts {
  /** Version of the agreement, from 1. */
  readonly version: number;
  /** Ledger id, base64url. */
  readonly ledger: string;
  readonly owner: Party;
  readonly manufacturer: Party;
  /** The catalogue, in stream order. */
  readonly streams: readonly AgreedStream[];
  /** Tags of the mapping policy. Only the power of two above it shows. */
  readonly tagCount: number;
  /** Commitment to the mapping policy, base64url. */
  readonly policyCommitment: string;
  /** SHA-256 of the module's code, base64url. */
  readonly module: string;
}

/**
 * Makes the agreement that both are to sign of a person's terms and the facts of the two modules.
 * @throws RejectedError as `parseAgreement`
 */
export function draftAgreement(terms: AgreementTerms, facts: AgreementFacts): Agreement {
  const { tagCount, ...named } = facts;
  const params = channelParamsOf(terms, facts.streams, tagCount);
  const epochMs = params.epochIntervals * params.intervalMs;
  const lookAheadMs = terms.epoch?.lookAheadMs ?? 4 * epochMs;
  return parseAgreement({
    v: 0,
    ...named,
    purpose: terms.purpose,
    params,
    rawReleased: terms.rawReleased ?? [],
    disputeWindowEpochs: terms.epoch?.disputeWindow ?? Math.max(16, Math.ceil(lookAheadMs / epochMs)),
    lookAheadMs,
    retentionDays: terms.evidence?.retentionDays ?? 365,
    notBeforeMs: Date.parse(terms.validity.from),
    notAfterMs: Date.parse(terms.validity.to),
  });
}

/** A stream as far as its number of conditions goes. */
interface Catalogued {
  readonly conditions: readonly unknown[];
}

/** Parameters of a channel by a person's terms. @param tagCount tags of the mapping policy */
export function channelParamsOf(terms: AgreementTerms, streams: readonly Catalogued[], tagCount: number): ChannelParams {
  const { lengthMs } = terms.interval;
  const interval = { ...intervalDefaults(lengthMs, Date.parse(terms.validity.from)), ...terms.interval };
  const deadlines = { ...deadlineDefaults(lengthMs), ...terms.deadlines };
  const evidence = { ...evidenceDefaults(lengthMs, mostCodes(streams), interval.calls, tagCount), ...terms.evidence };
  return {
    streams: streams.length,
    codesPerSlot: evidence.codesPerSlot,
    epochIntervals: terms.epoch?.intervals ?? DEFAULT_EPOCH_INTERVALS,
    intervalMs: lengthMs,
    originMs: interval.originMs,
    publications: interval.publications,
    callsPerInterval: interval.calls,
    callGridMs: interval.callGridMs,
    publishDelayMs: interval.publishDelayMs,
    anchorWithinMs: deadlines.anchorWithinMs,
    receiptWithinMs: deadlines.receiptWithinMs,
    depositAfter: deadlines.depositAfterIntervals,
    unreceiptedLimit: deadlines.unreceiptedLimit,
    conditionDepth: depthFor(streams.length * interval.publications + EXTRA_CONDITION_PLACES),
    topDepth: evidence.topDepth,
    argon2Profile: evidence.argon2Profile,
  };
}

function intervalDefaults(lengthMs: number, fromMs: number) {
  return {
    originMs: Math.floor(fromMs / lengthMs) * lengthMs,
    publications: 1,
    calls: 0,
    callGridMs: lengthMs,
    publishDelayMs: Math.min(Math.floor(lengthMs / 2), 500),
  };
}

function deadlineDefaults(lengthMs: number) {
  const withinMs = Math.max(10 * lengthMs, 60_000);
  return { anchorWithinMs: withinMs, receiptWithinMs: withinMs, depositAfterIntervals: 64, unreceiptedLimit: 10_000 };
}

/** Eight places a slot at least: a smaller power of two would tell the ledger's participants more of the catalogue. */
function evidenceDefaults(lengthMs: number, codes: number, calls: number, tagCount: number) {
  return {
    codesPerSlot: 2 ** depthFor(Math.max(codes, calls + 1, 8)),
    topDepth: depthFor(tagCount + 1),
    argon2Profile: lengthMs < 10_000 ? 0 : 1,
  };
}

function mostCodes(streams: readonly Catalogued[]): number {
  return Math.max(...streams.map(({ conditions }) => conditions.length)) + Object.keys(RESERVED_CODES).length;
}

/** Least depth of a binary tree with this many leaves. */
function depthFor(leaves: number): number {
  return Math.ceil(Math.log2(leaves));
}
