import { DcmbError, type Envelope, fromBase64Url, keyIdOf, parseShape, RejectedError } from '../core/index.ts';
import {
  channelIdOf,
  type ChannelDocument,
  type Dispute,
  type DisputeKind,
  offlineState,
  openChannelDocument,
  type OpenChannel,
  parseDispute,
  requireProof,
} from '../contract/index.ts';
import { LedgerClaimShape, type Proof, ReceiptClaimShape } from './proof-format.ts';
import type { Held, ProofReport } from './proof-report.ts';
import { chainState } from './chain-state.ts';
import { judgeLedgerClaim } from './ledger-claims.ts';
import { judgeReceipt } from './receipt-claim.ts';

export interface ProofOptions {
  /** Ledger id that the reader knows from elsewhere. */
  readonly expectedLedgerId?: string;
  /** Channel id that the reader knows from elsewhere. */
  readonly expectedChannel?: string;
}

/**
 * Verifies a proof, offline, trusting neither party nor who wrote the file. Never throws for what the file says: a proof
 * that does not hold convicts nobody, and the report says why.
 */
export async function verifyProof(proof: Proof, options: ProofOptions = {}): Promise<ProofReport> {
  let channel: NonNullable<ProofReport['channel']> | undefined;
  try {
    const document = openChannelDocument(proof.channel);
    channel = channelOf(document);
    requireExpected(channel, options);
    const held = await judge(document, proof);
    return { holds: true, kind: proof.kind, channel, ...held, compare: toCompare(channel, options) };
  } catch (error) {
    if (!(error instanceof DcmbError)) throw error;
    return { holds: false, kind: proof.kind, ...(channel === undefined ? {} : { channel }), fault: error.message, rests: [], compare: [] };
  }
}

function channelOf({ ledger, commitment, owner, manufacturer }: ChannelDocument): NonNullable<ProofReport['channel']> {
  const party = ({ org, key }: ChannelDocument['owner']) => ({ org, key: keyIdOf(fromBase64Url(key)) });
  return { id: channelIdOf(ledger, commitment), ledger, owner: party(owner), manufacturer: party(manufacturer) };
}

function requireExpected({ id, ledger }: NonNullable<ProofReport['channel']>, { expectedLedgerId, expectedChannel }: ProofOptions): void {
  if (expectedLedgerId !== undefined && ledger !== expectedLedgerId)
    throw new RejectedError('OTHER_LEDGER', `The channel is on ledger ${ledger}, expected ledger ${expectedLedgerId}.`);
  if (expectedChannel !== undefined && id !== expectedChannel)
    throw new RejectedError('WRONG_CHANNEL', `The proof is about channel ${id}, expected channel ${expectedChannel}.`);
}

function judge(document: ChannelDocument, proof: Proof): Promise<Held> {
  const { kind, body } = proof;
  switch (kind) {
    case 'late':
    case 'missing':
    case 'skipped':
    case 'unreceipted':
    case 'unsigned':
      return judgeLedgerClaim(document, parseShape(LedgerClaimShape, body, 'proof'), proof.support.blocks);
    case 'receipt':
      return judgeReceipt(document, parseShape(ReceiptClaimShape, body, 'proof'), proof.support);
    default:
      return judgeDispute(document, parseDispute(body), proof);
  }
}

/** By the contract's own code, over the state that the signed documents in the file give. */
async function judgeDispute(document: ChannelDocument, dispute: Dispute, { support }: Proof): Promise<Held> {
  const headers = [...support.headers, ...headersOf(dispute)];
  const onChain = support.blocks.length > 0;
  const { state, channel } = onChain ? await chainState(document, support.blocks) : await offlineState(document, { ...support, headers });
  const n = await requireProof(state, channel, dispute);
  const rests = onChain ? restsOfChain(channel, support.blocks.length) : restsOf(dispute, channel);
  return { n, convicted: { party: 'owner', organisation: channel.owner, of: DEEDS[dispute.kind] }, rests };
}

function restsOfChain(channel: OpenChannel, blocks: number): readonly string[] {
  return [
    `The channel document, signed by both, which says that organisation "${channel.owner}" signs with this key.`,
    `${blocks} blocks of the ledger, replayed through the contract: every signature and rule on them was checked.`,
  ];
}

/** The one that the contract compares with its entry: here its signature is what makes it the owner's. */
function headersOf(dispute: Dispute): readonly Envelope[] {
  switch (dispute.kind) {
    case 'token':
    case 'deposit':
      return [dispute.header];
    case 'delivery':
      return dispute.opening.map(({ header }) => header);
    default:
      return [];
  }
}

const DEEDS: Readonly<Record<DisputeKind, string>> = {
  fork: 'it signed two different headers for one batch number.',
  delivery: 'it signed a delivery that does not fit the header that it signed for the same batch number.',
  token: 'it signed a header whose token does not stand for the condition in the record under the root of the same header.',
  deposit: 'it deposited, under the key of the batch, something else than the delivery of that batch.',
  chain: 'it signed a header that does not follow the one before it, or lies off the grid of the channel.',
};

function restsOf(dispute: Dispute, channel: OpenChannel): readonly string[] {
  return [
    `The channel document, signed by both, which says that organisation "${channel.owner}" signs with this key.`,
    ...EVIDENCE[dispute.kind],
    'Signatures alone: nothing in it depends on the ledger, its order or its clock.',
  ];
}

const EVIDENCE: Readonly<Record<DisputeKind, readonly string[]>> = {
  fork: ['Two headers, both signed by the owner.'],
  delivery: ['A header and a delivery, both signed by the owner; what the delivery signs was recomputed.'],
  token: [
    'A header, signed by the owner; its root and the digest of its tokens were recomputed. The opening publishes that one condition.',
  ],
  deposit: [
    "A deposit transaction, signed by the owner's ledger key, which the genesis in the file names; the ledger id is that of this genesis.",
    'A header, signed by the owner, and an epoch record, signed by both, which commits to the key that was disclosed.',
  ],
  chain: ['Headers signed by the owner; their rules follow from the channel document alone.'],
};

function toCompare({ id, ledger, owner, manufacturer }: NonNullable<ProofReport['channel']>, options: ProofOptions): string[] {
  return [
    ...(options.expectedLedgerId === undefined ? [`Ledger id ${ledger} (--ledger)`] : []),
    ...(options.expectedChannel === undefined
      ? [`Channel id ${id} (--channel): whoever has two keys of its own can sign a channel document`]
      : []),
    `Keys ${owner.key} and ${manufacturer.key}: that they are those of "${owner.org}" and "${manufacturer.org}" stands in the key log of the ledger`,
  ];
}
