import * as v from 'valibot';
import { base64Url, concat, type Envelope, EnvelopeShape, fromBase64Url, toBase64Url } from '../core/index.ts';
import { type AnchorTokens, AnchorTokensShape } from './documents.ts';

/*
 * What an anchor says on the ledger: the signed header, and its tokens as one text, for every member keeps every byte of it
 * for ever.
 */

const HASH_BYTES = 32;

/** Tokens as one text: their number in a byte, the tokens, a byte of position each, the path. Empty where there are none. */
const PackedTokens = v.pipe(
  base64Url(),
  v.rawTransform<string, AnchorTokens>(({ dataset, addIssue, NEVER }) => {
    const tokens = v.safeParse(AnchorTokensShape, unpacked(fromBase64Url(dataset.value)));
    if (tokens.success) return tokens.output;
    addIssue({ message: 'packed tokens', expected: 'packed tokens' });
    return NEVER;
  }),
);

/** Body of an `anchor` transaction; gives the tokens unpacked. */
export const AnchorBodyShape = v.strictObject({ header: EnvelopeShape, tokens: PackedTokens });

/** The body of the transaction that anchors a header. */
export function anchorBody(
  header: Envelope,
  { tokens, positions, path }: AnchorTokens,
): { readonly header: Envelope; readonly tokens: string } {
  const parts = [Uint8Array.of(tokens.length), ...tokens.map(fromBase64Url), fromBase64Url(positions), ...path.map(fromBase64Url)];
  return { header, tokens: tokens.length === 0 ? '' : toBase64Url(concat(...parts)) };
}

function unpacked(bytes: Uint8Array): AnchorTokens | undefined {
  if (bytes.length === 0) return { tokens: [], positions: '', path: [] };
  const count = bytes[0] ?? 0;
  const [positionsAt, pathAt] = [1 + HASH_BYTES * count, 1 + (HASH_BYTES + 1) * count];
  if (count === 0 || bytes.length < pathAt || (bytes.length - pathAt) % HASH_BYTES !== 0) return undefined;
  return {
    tokens: hashes(bytes.subarray(1, positionsAt)),
    positions: toBase64Url(bytes.subarray(positionsAt, pathAt)),
    path: hashes(bytes.subarray(pathAt)),
  };
}

function hashes(bytes: Uint8Array): string[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) => toBase64Url(bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)));
}
