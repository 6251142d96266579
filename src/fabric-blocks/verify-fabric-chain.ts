import { type ChainBlock, type FabricGenesis, ledgerIdOf, type MemberChange, type VerifiedChain } from '../contract/index.ts';
import { RejectedError, toBase64Url } from '../core/index.ts';
import { fabricBlockHash, parseBlockJson, type StoredBlock } from './block.ts';
import { verifyBlockSignatures } from './block-signatures.ts';
import { validateBlock } from './block-validation.ts';
import { type ChannelConfig, readConfigEnvelope } from './channel-config.ts';
import { updatedConfig } from './config-update.ts';
import { CONFIG, readPayload, splitEnvelope } from './envelope.ts';
import { refuse } from './errors.ts';
import { EvidenceReplay } from './evidence-replay.ts';
import { attempt } from './transaction-form.ts';
import { findGenesis } from './unverified.ts';
import { VALID } from './validation-codes.ts';
import { WorldState } from './world-state.ts';

/**
 * Verifies a whole Fabric channel's chain as far as the ledger lives on it, trusting no peer and no orderer: block 0 is the one
 * that the genesis names, so it fixes the members' certificates; every block names the one before and is signed by an orderer;
 * which transactions are valid is found out anew; and the contract, executed again, gives exactly what was endorsed.
 * @param blocks parsed JSON of all blocks from number 0 on, see `blockJson`
 * @param expectedLedgerId what the reader knows of the network from elsewhere
 * @throws RejectedError `OTHER_LEDGER`; `BAD_BLOCK` naming the block, with the fault as its cause and, in `details.signed`, whether an
 * orderer has signed what is wrong
 */
export async function verifyFabricChain(blocks: readonly unknown[], expectedLedgerId: string): Promise<VerifiedChain> {
  const genesis = findGenesis(blocks).find((found) => ledgerIdOf(found) === expectedLedgerId);
  if (genesis === undefined) refuse('OTHER_LEDGER', `No block holds the genesis of ledger ${expectedLedgerId}.`);
  const replay = await inBlock(0, () => Promise.resolve(new ChannelReplay(genesis, parseBlockJson(blocks[0]))));
  for (const [number, block] of blocks.entries()) {
    if (number > 0) await inBlock(number, () => replay.add(number, parseBlockJson(block)), replay);
  }
  return replay.result();
}

class ChannelReplay {
  readonly #evidence: EvidenceReplay;
  readonly #state = new WorldState();
  readonly #txIds = new Set<string>();
  readonly #blocks: ChainBlock[] = [];
  readonly #memberChanges: MemberChange[] = [];
  #config: ChannelConfig;
  #lastConfig = 0;
  #envelopes = 1;
  /** Number of the last block of whose envelopes it was found that an orderer has signed them. */
  ordered = 0;

  constructor(genesis: FabricGenesis, block: StoredBlock) {
    const hash = toBase64Url(fabricBlockHash(block));
    if (block.number !== 0 || block.prev.length > 0) refuse('BAD_BLOCK', 'It is no first block.');
    if (hash !== genesis.fabric.genesisBlock) refuse('OTHER_LEDGER', 'The genesis names another first block of the Fabric channel.');
    if (block.data.length !== 1 || block.codes[0] !== VALID || block.signatures.length > 0)
      refuse('BAD_BLOCK', 'It does not hold one configuration, unsigned and valid.');
    this.#config = readConfigEnvelope(block.data[0]!).config;
    if (this.#config.channel !== genesis.fabric.channel) refuse('OTHER_LEDGER', 'The genesis names another Fabric channel.');
    this.#evidence = new EvidenceReplay(genesis);
    this.#txIds.add(readPayload(splitEnvelope(block.data[0]!).payload).header.txId);
    this.#blocks.push({ number: 0, hash, timeMs: 0 });
  }

  async add(number: number, block: StoredBlock): Promise<void> {
    const last = this.#blocks.at(-1)!;
    if (block.number !== number) refuse('BAD_BLOCK', `It says it is block ${block.number}.`);
    if (toBase64Url(block.prev) !== last.hash) refuse('BAD_BLOCK', 'It does not name the hash of the block before.');
    const isConfig = holdsConfig(block);
    verifyBlockSignatures(block, this.#config, isConfig ? number : this.#lastConfig);
    // Signatures are over what is in all envelopes, not over where one of them ends.
    for (const envelope of block.data) splitEnvelope(envelope);
    this.ordered = number;
    this.#envelopes += block.data.length;
    const place = { number, hash: toBase64Url(fabricBlockHash(block)), timeMs: last.timeMs };
    const evidence = this.#evidence;
    const scene = { config: this.#config, state: this.#state, txIds: this.#txIds, concerns: (name: string) => evidence.concerns(name) };
    await validateBlock(block, scene, async (valid) => {
      const timeMs = await evidence.take(valid, this.#config, place);
      place.timeMs = Math.max(place.timeMs, timeMs ?? 0);
    });
    // One that is marked invalid changes nothing.
    if (isConfig && block.codes[0] === VALID) {
      const updated = updatedConfig(this.#config, block.data[0]!);
      for (const { id } of this.#evidence.genesis.organisations)
        if (!updated.hasSameMsp(id, this.#config)) this.#memberChanges.push({ block: number, organisation: id });
      this.#config = updated;
      this.#lastConfig = number;
    }
    this.#blocks.push(place);
  }

  result(): VerifiedChain {
    const { ledgerId, genesis, state, events, hasBegun } = this.#evidence;
    if (!hasBegun) refuse('OTHER_LEDGER', 'The genesis is in no block that holds.');
    const [blocks, memberChanges] = [this.#blocks, this.#memberChanges];
    const passedOver = this.#envelopes - events.length - 1;
    return { ledgerId, genesis, state, blocks, events, last: blocks.at(-1)!, memberChanges, passedOver };
  }
}

/** A configuration stands alone in its block. */
function holdsConfig({ data }: StoredBlock): boolean {
  const types = data.map((envelope) => attempt(() => readPayload(splitEnvelope(envelope).payload).header.type));
  if (!types.includes(CONFIG)) return false;
  if (types.length > 1) refuse('BAD_BLOCK', 'A configuration shares its block with transactions.');
  return true;
}

async function inBlock<T>(number: number, check: () => Promise<T>, replay?: ChannelReplay): Promise<T> {
  try {
    return await check();
  } catch (cause) {
    if (!(cause instanceof RejectedError)) throw cause;
    const signed = replay?.ordered === number && cause.code !== 'WRONG_CODE';
    const details = { block: number, code: String(cause.code), signed };
    return refuse('BAD_BLOCK', `Block ${number} does not verify: ${cause.message}`, { cause, details });
  }
}
