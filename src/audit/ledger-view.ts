import { type Bytes, DcmbError, type Envelope, epochOf, fromBase64Url, type Json, keyIdOf } from '../core/index.ts';
import {
  blockHash,
  type ChannelEntry,
  type Genesis,
  genesisBlock,
  type KeyUses,
  ledgerIdOf,
  parseBlock,
  parseGenesisBlock,
  type PartyRole,
  query,
  type TokenSetEntry,
  type VerifiedChain,
  verifyBlockChain,
} from '../contract/index.ts';
import type { BatchHeader } from '../evidence/index.ts';
import { type ChannelLedger, sortByChannel } from './channel-ledger.ts';
import type { Findings } from './findings.ts';

/** The ledger as the replay through the contract gives it, sorted by channel. */
export interface LedgerView {
  readonly id: string;
  readonly genesis: Genesis;
  readonly last: VerifiedChain['last'];
  readonly transactions: number;
  /** First block that did not verify; nothing from it on is in this view. */
  readonly brokenAt: number | undefined;
  /** Hash of a block by its number. */
  readonly hashes: readonly string[];
  /** Time of a block by its number, ms since 1970 UTC; 0 for the genesis. */
  readonly timesMs: readonly number[];
  readonly channels: ReadonlyMap<string, ChannelLedger>;
  /** The party's keys that count for a document about batch n: in use at n or later. */
  keysOf(channel: string, role: PartyRole, n: number): Promise<readonly Bytes[]>;
  /** Module digest under which a key is logged. */
  moduleOf(organisation: string, keyId: string): Promise<string | undefined>;
  /** Root of the token set of a header's epoch and agreement. */
  tokenRoot(channel: string, header: BatchHeader): Promise<string | undefined>;
}

/**
 * Replays the blocks. A block that does not verify is a finding, and the view ends before it.
 * @returns `undefined` where not even the genesis can be read
 */
export async function viewLedger(blocks: readonly Json[], findings: Findings): Promise<LedgerView | undefined> {
  let genesis;
  try {
    genesis = parseGenesisBlock(blocks[0]);
  } catch (error) {
    addLedgerFinding(findings, 0, error);
    return undefined;
  }
  const id = ledgerIdOf(genesis);
  const { chain, brokenAt } = await longestChain(blocks, id, findings);
  findings.checked('blocks', chain.last.number + 1);
  findings.checked('transactions', chain.events.length);
  const sound = blocks.slice(0, chain.last.number + 1);
  const later = sound.slice(1).map((block) => parseBlock(block));
  return {
    id,
    genesis,
    last: chain.last,
    transactions: chain.events.length,
    brokenAt,
    hashes: [blockHash(genesisBlock(genesis)), ...later.map((block) => blockHash(block))],
    timesMs: [0, ...later.map(({ timeMs }) => timeMs)],
    channels: sortByChannel(sound, chain.events),
    keysOf: (channel, role, n) => keysOf(chain, channel, role, n),
    moduleOf: (organisation, keyId) => moduleOf(chain, organisation, keyId),
    tokenRoot: (channel, header) => tokenRoot(chain, channel, header),
  };
}

async function longestChain(
  blocks: readonly Json[],
  id: string,
  findings: Findings,
): Promise<{ chain: VerifiedChain; brokenAt: number | undefined }> {
  try {
    return { chain: await verifyBlockChain(blocks, id), brokenAt: undefined };
  } catch (error) {
    const brokenAt = error instanceof DcmbError ? error.details['block'] : undefined;
    if (typeof brokenAt !== 'number' || brokenAt === 0) throw error;
    addLedgerFinding(findings, brokenAt, error);
    return { chain: await verifyBlockChain(blocks.slice(0, brokenAt), id), brokenAt };
  }
}

function addLedgerFinding(findings: Findings, block: number, error: unknown): void {
  if (!(error instanceof DcmbError)) throw error;
  findings.add({ code: 'BAD_LEDGER', object: `block ${block}`, place: `/ledger/blocks/${block}`, message: error.message, party: 'ledger' });
}

async function keysOf(chain: VerifiedChain, channel: string, role: PartyRole, n: number): Promise<readonly Bytes[]> {
  const uses = ((await query(chain.state, 'keyUses', { channel, role })) ?? []) as unknown as KeyUses;
  const first = uses.findLastIndex(({ from }) => from <= n);
  return uses.slice(Math.max(first, 0)).map(({ key }) => fromBase64Url(key));
}

async function moduleOf(chain: VerifiedChain, organisation: string, keyId: string): Promise<string | undefined> {
  const entry = (await query(chain.state, 'key', { organisation, keyId })) as { readonly module?: string } | undefined;
  return entry?.module;
}

async function tokenRoot(chain: VerifiedChain, channel: string, { interval, agreement }: BatchHeader): Promise<string | undefined> {
  const entry = (await query(chain.state, 'channel', { channel })) as ChannelEntry | undefined;
  if (entry === undefined) return undefined;
  const set = (await query(chain.state, 'tokenSet', { channel, epoch: epochOf(entry.params, interval), agreement })) as
    TokenSetEntry | undefined;
  return set?.root;
}

/** The key among `keys` that an envelope's first signature names. */
export function namedKey(envelope: Envelope, keys: readonly Bytes[]): Bytes | undefined {
  return keys.find((key) => keyIdOf(key) === envelope.signatures[0]?.keyid);
}
