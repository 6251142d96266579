import { type ChannelDocument, type ChannelEntry, channelIdOf, type MemoryState, type OpenChannel, query } from '../contract/index.ts';
import { canonicalJson, equalBytes, type Json, RejectedError } from '../core/index.ts';
import { kindOfBlocks, verifyBlocks } from './ledger-blocks.ts';

/**
 * The contract's state at the end of a chain of blocks, and the channel of a document in it.
 * @throws RejectedError where the chain does not verify, is of another ledger, or opened the channel in another way
 */
export async function chainState(
  document: ChannelDocument,
  blocks: readonly Json[],
): Promise<{ readonly state: MemoryState; readonly channel: OpenChannel }> {
  const { ledger, commitment, owner, manufacturer, params } = document;
  const { state } = await verifyBlocks(kindOfBlocks(blocks), blocks, ledger);
  const id = channelIdOf(ledger, commitment);
  const entry = (await query(state, 'channel', { channel: id })) as ChannelEntry | undefined;
  const isSame = entry?.owner === owner.org && entry.manufacturer === manufacturer.org;
  if (!isSame || !equalBytes(canonicalJson(entry.params), canonicalJson(params)))
    throw new RejectedError(
      'PROOF_DOES_NOT_HOLD',
      'The proof does not hold: the channel is not open in these blocks as its document says.',
    );
  return { state, channel: { ...entry, id } };
}
