import * as v from 'valibot';
import { fromBase64Url, Hash, integer, parseShape, toBase64Url } from '../core/index.ts';
import { codeOfToken } from '../evidence/index.ts';
import type { LedgerEvent } from '../ledger/index.ts';
import type { LedgerSighting } from '../store/index.ts';
import type { ChannelTerms, EpochSecrets } from '../transfer/index.ts';

const AnchorBodyShape = v.object({
  n: integer(0),
  interval: integer(0),
  through: integer(0),
  row: integer(0, 16),
  header: Hash,
  tokens: v.array(Hash),
});
const AnchorSeenShape = v.object({ ...AnchorBodyShape.entries, transaction: v.string(), blockMs: integer(0) });
/** An anchor that an event told of; `blockMs` is the time that the ledger gives its block. */
export type AnchorSeen = Readonly<v.InferOutput<typeof AnchorSeenShape>>;

/** The anchor that a ledger event tells of, if it is one of this channel. */
export function anchorSeen(terms: ChannelTerms, { event, txId, block }: LedgerEvent): AnchorSeen | undefined {
  if (event.kind !== 'anchor' || event.channel !== toBase64Url(terms.channelId)) return undefined;
  return { ...parseShape(AnchorBodyShape, event.body, 'anchor event'), transaction: txId, blockMs: block.timeMs };
}

/** As the store keeps it. */
export function sightingOf(anchor: AnchorSeen, block: number): LedgerSighting {
  return { n: anchor.n, block, event: anchor };
}

export function anchorOf(sighting: LedgerSighting): AnchorSeen {
  return parseShape(AnchorSeenShape, sighting.event, 'anchor in the store');
}

/**
 * The conditions that an anchor's tokens stand for (Algorithms 3 to 5): only the two parties of the channel can tell.
 * @returns a code for each stream, or undefined where the anchor shows none: a call, no tokens, or a token of no condition
 */
export function codesFromLedger(terms: ChannelTerms, secrets: EpochSecrets, anchor: AnchorSeen): number[] | undefined {
  if (anchor.row > 0 || anchor.tokens.length !== terms.codes.length) return undefined;
  const keys = secrets.keysAt(anchor.interval);
  const codes = anchor.tokens.map((token, stream) =>
    codeOfToken(fromBase64Url(token), keys.slotKey(anchor.interval, stream), terms.codes[stream] ?? []),
  );
  return codes.every((code) => code !== undefined) ? codes : undefined;
}
