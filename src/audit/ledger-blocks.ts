import * as v from 'valibot';
import { type EmbeddedBlock, ledgerIdOf, parseGenesisBlock, type VerifiedChain, verifyBlockChain } from '../contract/index.ts';
import { canonicalJson, DcmbError, type Json, labelledHash, toBase64Url } from '../core/index.ts';
import { eventPayloads, findGenesis, jsonBlockHash, verifyFabricChain } from '../fabric-blocks/index.ts';

/** Kinds of ledger whose blocks a file can carry. */
export const BLOCK_KINDS = ['embedded', 'fabric'] as const;
export type BlockKind = (typeof BLOCK_KINDS)[number];

/** Told by the first block: that of the embedded ledger is its genesis, those of Fabric hold envelopes. */
export function kindOfBlocks([first]: readonly Json[]): BlockKind {
  return typeof first === 'object' && 'data' in first ? 'fabric' : 'embedded';
}

/**
 * The ledgers that blocks are about, unverified: one, but on a Fabric channel there may be several, or none yet.
 * @throws RejectedError where block 0 of the embedded ledger is no genesis
 */
export function ledgerIdsIn(kind: BlockKind, blocks: readonly Json[]): string[] {
  return kind === 'embedded' ? [ledgerIdOf(parseGenesisBlock(blocks[0]))] : findGenesis(blocks).map(ledgerIdOf);
}

/** @throws RejectedError `OTHER_LEDGER`, `BAD_BLOCK` with the block's number in its details */
export function verifyBlocks(kind: BlockKind, blocks: readonly Json[], ledgerId: string): Promise<VerifiedChain> {
  return kind === 'embedded' ? verifyBlockChain(blocks, ledgerId) : verifyFabricChain(blocks, ledgerId);
}

/** Hash of the last block, 43 characters; of one that cannot be read, something that no other block has. */
export function lastBlockHash(blocks: readonly Json[]): string {
  const last = blocks.at(-1) ?? {};
  try {
    if (kindOfBlocks(blocks) === 'fabric') return jsonBlockHash(last);
  } catch (error) {
    if (!(error instanceof DcmbError)) throw error;
  }
  return toBase64Url(labelledHash('DCMB/0/block', canonicalJson(last)));
}

const AnchorEventShape = v.looseObject({ kind: v.literal('anchor'), channel: v.string(), body: v.looseObject({ n: v.number() }) });

/** Channel and number of every batch that the blocks anchor, unverified. */
export function anchoredIn(blocks: readonly Json[]): { readonly channel: string; readonly n: number }[] {
  const events =
    kindOfBlocks(blocks) === 'fabric'
      ? eventPayloads(blocks)
      : (blocks.slice(1) as unknown as EmbeddedBlock[]).flatMap(({ transactions }) => transactions.map(({ event }) => event));
  return events.flatMap((event) => {
    const { success, output } = v.safeParse(AnchorEventShape, event);
    return success ? [{ channel: output.channel, n: output.body.n }] : [];
  });
}
