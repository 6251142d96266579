import * as v from 'valibot';
import { base64Url, type Envelope, envelopeHashText, Hash, integer, openEnvelope, parseShape } from '../core/index.ts';
import { EPOCH_RECORD_TYPE, EpochRecordShape, openHeader } from '../evidence/index.ts';
import { boxHash } from './deposit.ts';
import { verifyTransaction } from './embedded-block.ts';
import { refuse } from './errors.ts';
import { type Genesis, ledgerIdOf, parseGenesis } from './genesis.ts';
import { everUsedKey } from './key-log.ts';
import { channelIdOf, type ChannelDocument } from './open-channel.ts';
import { type OpenChannel, read, write } from './records.ts';
import { MemoryState, TransactionState } from './state.ts';

/** Signed documents that stand for the entries of a ledger which is not at hand. */
export interface OfflineDocuments {
  /** Headers signed by the owner, as they are anchored. */
  readonly headers: readonly Envelope[];
  /** Epoch records signed by both. */
  readonly epochRecords: readonly Envelope[];
  /** The ledger's genesis, where there are transactions: it names the ledger keys. */
  readonly genesis: readonly unknown[];
  /** `deposit` and `useKey` transactions, signed by the ledger key of the organisation that sent them. */
  readonly transactions: readonly Envelope[];
}

const DepositBody = v.strictObject({ channel: Hash, n: integer(0), box: base64Url() });
const UseKeyBody = v.strictObject({ channel: Hash, key: Hash, from: integer(1) });

/**
 * The part of the contract's state that a proof needs, from what the parties signed and nothing else. It holds what they
 * said, not that the ledger took it: for a contradiction between their own words that is enough.
 * @param document opened channel document
 * @throws RejectedError for whatever is not signed by the party that must have signed it
 */
export async function offlineState(
  document: ChannelDocument,
  documents: OfflineDocuments,
): Promise<{ readonly state: MemoryState; readonly channel: OpenChannel }> {
  const { owner, manufacturer, params, commitment, ledger } = document;
  const id = channelIdOf(ledger, commitment);
  const channel: OpenChannel = { id, params, owner: owner.org, manufacturer: manufacturer.org, agreement: 1, commitment };
  const state = new MemoryState();
  const writes = new TransactionState(state);
  write(writes, 'uses', [id, 'owner'], [{ key: owner.key, from: 0 }]);
  write(writes, 'uses', [id, 'manufacturer'], [{ key: manufacturer.key, from: 0 }]);
  state.apply(writes.writes);
  for (const transaction of documents.transactions) await addTransaction(state, channel, genesisOf(document, documents), transaction);
  for (const record of documents.epochRecords) await addEpochRecord(state, channel, record);
  for (const header of documents.headers) await addHeader(state, channel, header);
  return { state, channel };
}

function genesisOf({ ledger }: ChannelDocument, { genesis: [value] }: OfflineDocuments): Genesis {
  if (value === undefined) refuse('BAD_GENESIS', 'Transactions are shown without the genesis that names the keys of their senders.');
  const genesis = parseGenesis(value);
  if (ledgerIdOf(genesis) !== ledger) refuse('OTHER_LEDGER', 'The genesis is that of another ledger than the channel is on.');
  return genesis;
}

async function addTransaction(state: MemoryState, channel: OpenChannel, genesis: Genesis, envelope: Envelope): Promise<void> {
  const { kind, body, creator } = verifyTransaction(genesis, ledgerIdOf(genesis), envelope);
  const writes = new TransactionState(state);
  if (kind === 'deposit') {
    const { channel: named, n, box } = parseShape(DepositBody, body, kind);
    if (named !== channel.id || creator !== channel.owner) refuse('WRONG_CREATOR', 'The deposit is not one of the owner in this channel.');
    write(writes, 'dp', [channel.id, n], { box: boxHash(box) });
  } else if (kind === 'useKey') {
    const { channel: named, key, from } = parseShape(UseKeyBody, body, kind);
    const role = creator === channel.owner ? 'owner' : 'manufacturer';
    if (named !== channel.id || creator !== channel[role]) refuse('WRONG_CREATOR', 'The key is not used by a party of this channel.');
    write(writes, 'uses', [channel.id, role], [...((await read(state, 'uses', channel.id, role)) ?? []), { key, from }]);
  } else refuse('UNKNOWN_KIND', `A ${kind} transaction supports no proof.`);
  state.apply(writes.writes);
}

async function addEpochRecord(state: MemoryState, channel: OpenChannel, envelope: Envelope): Promise<void> {
  const owner = await everUsedKey(state, channel, 'owner', envelope);
  const manufacturer = await everUsedKey(state, channel, 'manufacturer', envelope, { signature: 1 });
  const record = openEnvelope(envelope, EPOCH_RECORD_TYPE, EpochRecordShape, owner, manufacturer);
  if (record.channel !== channel.id) refuse('NO_CHANNEL', 'The epoch record is of another channel.');
  const writes = new TransactionState(state);
  for (const { epoch, agreement, root } of record.opens) write(writes, 'ts', [channel.id, epoch, agreement], { root, k: record.k });
  state.apply(writes.writes);
}

async function addHeader(state: MemoryState, channel: OpenChannel, envelope: Envelope): Promise<void> {
  const header = openHeader(envelope, await everUsedKey(state, channel, 'owner', envelope)).value;
  if (header.channel !== channel.id) refuse('NO_CHANNEL', 'The header is of another channel.');
  const hash = envelopeHashText(envelope);
  const present = await read(state, 'b', channel.id, header.n);
  if (present !== undefined && present.header !== hash) {
    refuse('NUMBER_TAKEN', `Two headers are shown for batch ${header.n}: that is a proof of its own, of kind fork.`);
  }
  const { n, interval, through, row, agreement, tokensDigest } = header;
  const writes = new TransactionState(state);
  write(writes, 'b', [channel.id, n], { header: hash, interval, through, row, agreement, tokensDigest, marks: [] });
  state.apply(writes.writes);
}
