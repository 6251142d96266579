import { type Bytes, DcmbError, type Envelope, epochOf, fromBase64Url, type Json, keyIdOf, RejectedError } from '../core/index.ts';
import {
  type ChannelEntry,
  type Genesis,
  type KeyUses,
  type MemberChange,
  type PartyRole,
  query,
  type TokenSetEntry,
  type VerifiedChain,
} from '../contract/index.ts';
import type { BatchHeader } from '../evidence/index.ts';
import { type ChannelLedger, sortByChannel } from './channel-ledger.ts';
import type { LedgerEvidence } from './export-format.ts';
import type { Findings } from './findings.ts';
import { type BlockKind, ledgerIdsIn, verifyBlocks } from './ledger-blocks.ts';

/** The ledger as the replay through the contract gives it, sorted by channel. */
export interface LedgerView {
  readonly id: string;
  readonly kind: BlockKind;
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
 * @param wanted ids of the ledgers that the reader asks about, the likeliest first: a Fabric channel can hold several ledgers
 * @returns `undefined` where not even the genesis can be read
 */
export async function viewLedger(
  { kind, blocks }: LedgerEvidence,
  findings: Findings,
  wanted: readonly string[] = [],
): Promise<LedgerView | undefined> {
  try {
    const ids = ledgerIdsIn(kind, blocks);
    // The only one in the file, but not just any that somebody has put into a Fabric channel.
    const id = wanted.find((asked) => ids.includes(asked)) ?? (kind === 'fabric' && wanted.length > 0 ? undefined : ids[0]);
    if (id === undefined) throw new RejectedError('BAD_GENESIS', 'No block holds the genesis of the ledger that is asked for.');
    return viewOf(kind, await longestChain(kind, blocks, id, findings), findings);
  } catch (error) {
    if (!(error instanceof DcmbError)) throw error;
    // A chain that breaks before its genesis is one fault, not two.
    if (!findings.list.some(({ code }) => code === 'BAD_LEDGER')) addLedgerFinding(findings, blockOf(error) ?? 0, error);
    return undefined;
  }
}

interface LongestChain {
  readonly chain: VerifiedChain;
  readonly brokenAt: number | undefined;
}

function viewOf(kind: BlockKind, { chain, brokenAt }: LongestChain, findings: Findings): LedgerView {
  findings.checked('blocks', chain.blocks.length);
  findings.checked('transactions', chain.events.length);
  if (kind === 'fabric') {
    findings.checked('orderers', chain.blocks.length - 1);
    findings.checked('endorsements', chain.events.length + 1);
    findings.checked('passedOver', chain.passedOver ?? 0);
  }
  for (const change of chain.memberChanges ?? []) addMemberChange(findings, change);
  return {
    id: chain.ledgerId,
    kind,
    genesis: chain.genesis,
    last: chain.last,
    transactions: chain.events.length,
    brokenAt,
    hashes: chain.blocks.map(({ hash }) => hash),
    timesMs: chain.blocks.map(({ timeMs }) => timeMs),
    channels: sortByChannel(chain.events),
    keysOf: (channel, role, n) => keysOf(chain, channel, role, n),
    moduleOf: (organisation, keyId) => moduleOf(chain, organisation, keyId),
    tokenRoot: (channel, header) => tokenRoot(chain, channel, header),
  };
}

async function longestChain(kind: BlockKind, blocks: readonly Json[], id: string, findings: Findings): Promise<LongestChain> {
  try {
    return { chain: await verifyBlocks(kind, blocks, id), brokenAt: undefined };
  } catch (error) {
    const brokenAt = blockOf(error);
    if (brokenAt === undefined || brokenAt === 0) throw error;
    addLedgerFinding(findings, brokenAt, error);
    return { chain: await verifyBlocks(kind, blocks.slice(0, brokenAt), id), brokenAt };
  }
}

function blockOf(error: unknown): number | undefined {
  const block = error instanceof DcmbError ? error.details['block'] : undefined;
  return typeof block === 'number' ? block : undefined;
}

function addMemberChange(findings: Findings, { block, organisation }: MemberChange): void {
  const message = `From here on other authorities vouch for organisation "${organisation}" than those that the ledger's id fixes.`;
  findings.add({ code: 'MEMBER_CHANGED', object: `block ${block}`, place: `/ledger/blocks/${block}`, message, party: 'undecided' });
}

/** What no orderer has signed may have been changed by whoever wrote the file; nobody signs a block of the embedded ledger. */
function addLedgerFinding(findings: Findings, block: number, error: unknown): void {
  if (!(error instanceof DcmbError)) throw error;
  const party = error.details['signed'] === true ? 'ledger' : 'exporter';
  findings.add({ code: 'BAD_LEDGER', object: `block ${block}`, place: `/ledger/blocks/${block}`, message: error.message, party });
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
