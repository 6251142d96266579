import { type ChannelParams, fromBase64Url, toBase64Url } from '../core/index.ts';
import { type AnchorTokens, type BatchHeader, requireTokenForm, tokensDigest, verifyAnchorTokens } from '../evidence/index.ts';
import { refuse } from './errors.ts';

/**
 * Whether an anchor carries the tokens that it must. NO_TOKENS is found, not claimed: a grid batch of a certified module
 * whose epoch has a set must have them; without a set it can't. A called batch always carries filler of the same form,
 * of which only the lengths can be checked here.
 * @param root of the epoch's token set, if one is on the ledger
 * @throws RejectedError `TOKENS_REQUIRED`, `NO_TOKEN_SET`, `UNCERTIFIED_TOKENS`, `TOKENS_DIGEST_MISMATCH`,
 * `BAD_TOKENS`
 */
export function requireTokens(
  params: ChannelParams,
  header: BatchHeader,
  tokens: AnchorTokens,
  root: string | undefined,
  certified: boolean,
): void {
  if (header.row > 0) return requireFiller(params, header, tokens);
  const absent = tokens.tokens.length + tokens.positions.length + tokens.path.length === 0;
  if (absent) {
    if (root !== undefined && certified) refuse('TOKENS_REQUIRED', 'The epoch has a token set: the anchor must carry tokens.');
    return;
  }
  if (root === undefined) refuse('NO_TOKEN_SET', 'The epoch has no token set on the ledger: anchor the header without tokens.');
  if (!certified) refuse('UNCERTIFIED_TOKENS', 'The module is not certified at that time: anchor the header without tokens.');
  requireDigest(header, tokens);
  verifyAnchorTokens(params, fromBase64Url(root), header.interval, tokens);
}

function requireFiller(params: ChannelParams, header: BatchHeader, tokens: AnchorTokens): void {
  requireTokenForm(params, tokens);
  requireDigest(header, tokens);
}

function requireDigest(header: BatchHeader, tokens: AnchorTokens): void {
  if (toBase64Url(tokensDigest(tokens)) !== header.tokensDigest) {
    refuse('TOKENS_DIGEST_MISMATCH', 'The tokens are not those whose digest the header signs.');
  }
}
