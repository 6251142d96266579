import { agreementCommitment } from '../agreement/index.ts';
import { channelIdOf } from '../contract/index.ts';
import { fromBase64Url, type Json, toBase64Url } from '../core/index.ts';
import type { ChannelEvidence, ExportParts } from './export-format.ts';
import { anchoredIn, kindOfBlocks, ledgerIdsIn } from './ledger-blocks.ts';

/**
 * Leaves out the entries beyond the newest batch that the blocks anchor: they are on their way, and an auditor would find
 * them MISSING. Who exports beside a running module reads the batches first, whatever their state, then the blocks, and
 * passes both through here: so no receipt names a block that came after those in the file.
 * @throws RejectedError where block 0 of the embedded ledger is no genesis
 */
export function withoutUnanchored({ blocks, channels }: ExportParts): ExportParts {
  const ledgerIds = ledgerIdsIn(kindOfBlocks(blocks), blocks);
  const newest = newestAnchored(blocks);
  return {
    blocks,
    channels: channels.map((channel) => {
      const last = ledgerIds.reduce((most, id) => Math.max(most, newest.get(channelId(id, channel)) ?? -1), -1);
      return { ...channel, batches: channel.batches.filter(({ n }) => n <= last) };
    }),
  };
}

function channelId(ledgerId: string, { nonce, agreement }: ChannelEvidence): string {
  return channelIdOf(ledgerId, toBase64Url(agreementCommitment(fromBase64Url(nonce), agreement)));
}

function newestAnchored(blocks: readonly Json[]): Map<string, number> {
  const newest = new Map<string, number>();
  for (const { channel, n } of anchoredIn(blocks)) newest.set(channel, Math.max(n, newest.get(channel) ?? -1));
  return newest;
}
