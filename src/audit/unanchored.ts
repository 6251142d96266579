import { agreementCommitment } from '../agreement/index.ts';
import { channelIdOf, type EmbeddedBlock, ledgerIdOf, parseGenesisBlock } from '../contract/index.ts';
import { fromBase64Url, type Json, toBase64Url } from '../core/index.ts';
import type { ChannelEvidence, ExportParts } from './export-format.ts';

/**
 * Leaves out the entries beyond the newest batch that the blocks anchor: they are on their way, and an auditor would find
 * them MISSING. Who exports beside a running module reads the batches first, whatever their state, then the blocks, and
 * passes both through here: so no receipt names a block that came after those in the file.
 * @throws RejectedError where block 0 is no genesis
 */
export function withoutUnanchored({ blocks, channels }: ExportParts): ExportParts {
  const ledgerId = ledgerIdOf(parseGenesisBlock(blocks[0]));
  const newest = newestAnchored(blocks);
  return {
    blocks,
    channels: channels.map((channel) => {
      const last = newest.get(channelId(ledgerId, channel)) ?? -1;
      return { ...channel, batches: channel.batches.filter(({ n }) => n <= last) };
    }),
  };
}

function channelId(ledgerId: string, { nonce, agreement }: ChannelEvidence): string {
  return channelIdOf(ledgerId, toBase64Url(agreementCommitment(fromBase64Url(nonce), agreement)));
}

function newestAnchored(blocks: readonly Json[]): Map<string, number> {
  const newest = new Map<string, number>();
  for (const { transactions } of blocks.slice(1) as unknown as EmbeddedBlock[]) {
    for (const { event } of transactions) {
      const n = event.kind === 'anchor' ? event.body['n'] : undefined;
      if (typeof n === 'number') newest.set(event.channel, Math.max(n, newest.get(event.channel) ?? -1));
    }
  }
  return newest;
}
