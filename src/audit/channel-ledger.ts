import * as v from 'valibot';
import {
  ChannelParamsShape,
  type Envelope,
  envelopeHashText,
  EnvelopeShape,
  Hash,
  integer,
  parseShape,
  unverifiedContent,
} from '../core/index.ts';
import type { ChainEvent } from '../contract/index.ts';
import { AnchorBodyShape, BatchHeaderShape, EpochRecordShape, ReceiptShape } from '../evidence/index.ts';
import type { AnchorTokens, BatchHeader, EpochRecord } from '../evidence/index.ts';

/*
 * The transactions of a replayed chain, sorted by channel. The replay has checked every signature and every rule of the
 * contract; what is read here from an envelope is read from a verified one.
 */

/** Where a transaction stands. */
export interface LedgerPlace {
  readonly block: ChainEvent['block'];
  /** Counts all transactions of the chain. */
  readonly order: number;
  /** JSON pointer into the export. */
  readonly pointer: string;
  /** Organisation that sent the transaction. */
  readonly creator: string;
}

const MarkShape = v.picklist(['NO_TOKENS', 'UNCERTIFIED', 'LATE']);

export interface Anchored extends LedgerPlace {
  readonly header: BatchHeader;
  readonly headerHash: string;
  readonly tokens: AnchorTokens;
  /** What the contract found. */
  readonly marks: readonly v.InferOutput<typeof MarkShape>[];
}

export interface LedgerReceipt extends LedgerPlace {
  readonly envelope: Envelope;
}

export interface LedgerDeposit extends LedgerPlace {
  readonly box: string;
}

export interface LedgerDispute extends LedgerPlace {
  readonly n: number;
  readonly kind: string;
  /** Organisation that the proof convicts. */
  readonly against: string;
}

export interface LedgerEpochRecord extends LedgerPlace {
  readonly record: EpochRecord;
}

/** A proposal that the owner showed on the ledger because nobody signed it, or an objection to one. */
export interface LedgerProposal extends LedgerPlace {
  readonly k: number;
  readonly proposal: string;
}

const PartyShape = v.strictObject({ org: v.string(), key: Hash });
const OpenedShape = v.strictObject({ params: ChannelParamsShape, commitment: Hash, owner: PartyShape, manufacturer: PartyShape });

/** What the ledger has of one channel. */
export interface ChannelLedger extends Readonly<v.InferOutput<typeof OpenedShape>> {
  readonly id: string;
  readonly anchors: Map<number, Anchored>;
  readonly receipts: Map<number, LedgerReceipt>;
  readonly deposits: Map<number, LedgerDeposit>;
  readonly disputes: LedgerDispute[];
  /** By interval. */
  readonly overdue: Map<number, LedgerPlace>;
  readonly epochRecords: LedgerEpochRecord[];
  readonly proposals: LedgerProposal[];
  readonly objections: LedgerProposal[];
  /** By epoch. */
  readonly seeds: Map<number, LedgerPlace>;
}

/** @param events of a chain that verified */
export function sortByChannel(events: readonly ChainEvent[]): Map<string, ChannelLedger> {
  const channels = new Map<string, ChannelLedger>();
  events.forEach(({ event, block, creator, body, pointer }, order) => {
    if (event.kind === 'openChannel') channels.set(event.channel, openedChannel(event.channel, event.body));
    const channel = channels.get(event.channel);
    const place = { block, order, pointer: `/ledger/blocks${pointer}`, creator };
    if (channel !== undefined) FILING[event.kind]?.(channel, { body, event: event.body, place });
  });
  return channels;
}

interface Filed {
  readonly body: unknown;
  readonly event: unknown;
  readonly place: LedgerPlace;
}

const AnchorEvent = v.looseObject({ marks: v.array(MarkShape) });
const ReceiptBody = v.strictObject({ receipt: EnvelopeShape });
const DepositBody = v.looseObject({ n: integer(0), box: v.string() });
const DisputeEvent = v.looseObject({ n: integer(0), kind: v.string(), against: v.string() });
const OverdueBody = v.looseObject({ interval: integer(0) });
const EpochRecordBody = v.strictObject({ record: EnvelopeShape });
const ProposalEvent = v.looseObject({ k: integer(0), proposal: Hash });
const SeedEvent = v.looseObject({ epoch: integer(0) });

/** Kinds that are about no batch of a channel are for the replay alone. */
const FILING: Readonly<Partial<Record<ChainEvent['event']['kind'], (channel: ChannelLedger, filed: Filed) => void>>> = {
  anchor(channel, { body, event, place }) {
    const { header: envelope, tokens } = parseShape(AnchorBodyShape, body, 'anchor');
    const header = payloadOf(envelope, BatchHeaderShape);
    const { marks } = parseShape(AnchorEvent, event, 'anchor event');
    channel.anchors.set(header.n, { ...place, header, headerHash: envelopeHashText(envelope), tokens, marks });
  },
  receipt(channel, { body, place }) {
    const { receipt } = parseShape(ReceiptBody, body, 'receipt');
    channel.receipts.set(payloadOf(receipt, ReceiptShape).n, { ...place, envelope: receipt });
  },
  deposit(channel, { body, place }) {
    const { n, box } = parseShape(DepositBody, body, 'deposit');
    channel.deposits.set(n, { ...place, box });
  },
  dispute(channel, { event, place }) {
    const { n, kind, against } = parseShape(DisputeEvent, event, 'dispute event');
    channel.disputes.push({ ...place, n, kind, against });
  },
  overdue(channel, { body, place }) {
    channel.overdue.set(parseShape(OverdueBody, body, 'overdue').interval, place);
  },
  epochRecord(channel, { body, place }) {
    const { record } = parseShape(EpochRecordBody, body, 'epochRecord');
    channel.epochRecords.push({ ...place, record: payloadOf(record, EpochRecordShape) });
  },
  epochProposal(channel, { event, place }) {
    const { k, proposal } = parseShape(ProposalEvent, event, 'epochProposal event');
    channel.proposals.push({ ...place, k, proposal });
  },
  epochObjection(channel, { event, place }) {
    const { k, proposal } = parseShape(ProposalEvent, event, 'epochObjection event');
    channel.objections.push({ ...place, k, proposal });
  },
  seedCommitment(channel, { event, place }) {
    channel.seeds.set(parseShape(SeedEvent, event, 'seedCommitment event').epoch, place);
  },
};

function openedChannel(id: string, event: unknown): ChannelLedger {
  return {
    ...parseShape(OpenedShape, event, 'openChannel event'),
    id,
    anchors: new Map(),
    receipts: new Map(),
    deposits: new Map(),
    disputes: [],
    overdue: new Map(),
    epochRecords: [],
    proposals: [],
    objections: [],
    seeds: new Map(),
  };
}

function payloadOf<const Shape extends v.GenericSchema>(envelope: Envelope, shape: Shape): v.InferOutput<Shape> {
  return unverifiedContent(envelope, shape, 'signed document');
}
