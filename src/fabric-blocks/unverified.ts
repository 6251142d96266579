import { type FabricGenesis, ledgerIdOf, parseFabricGenesis } from '../contract/index.ts';
import { type Bytes, equalBytes, type Json, parseCanonical, utf8 } from '../core/index.ts';
import { parseBlockJson } from './block.ts';
import { decodeEnvelope, type FabricEnvelope } from './committed-block.ts';
import { attempt } from './transaction-form.ts';
import { VALID } from './validation-codes.ts';

/*
 * What stands in a chain before anything of it is verified: to find out which ledger it is about, and what it is worth to
 * look at.
 */

/**
 * The genesis documents in a chain: one for each evidence chaincode that the Fabric channel holds, and whatever else somebody
 * may have sent as one.
 * @param blocks parsed JSON, see `blockJson`
 */
export function findGenesis(blocks: readonly unknown[]): FabricGenesis[] {
  const found = markedValid(blocks).flatMap(({ chaincode, args }) => attempt(() => genesisIn(chaincode, args)) ?? []);
  return [...new Map(found.map((genesis) => [ledgerIdOf(genesis), genesis])).values()];
}

const GENESIS = utf8('genesis');

function genesisIn(chaincode: string, [name, document]: readonly Bytes[]): FabricGenesis | undefined {
  if (name === undefined || document === undefined || !equalBytes(name, GENESIS)) return undefined;
  const genesis = parseFabricGenesis(parseCanonical(document));
  return genesis.fabric.evidence === chaincode ? genesis : undefined;
}

/** Payloads of the events of transactions that are marked valid, as far as they are canonical JSON. */
export function eventPayloads(blocks: readonly unknown[]): Json[] {
  return markedValid(blocks).flatMap(({ event }) => {
    const payload = event === undefined ? undefined : attempt(() => parseCanonical(event.payload));
    return payload === undefined ? [] : [payload];
  });
}

function markedValid(blocks: readonly unknown[]): FabricEnvelope[] {
  return blocks.flatMap((value) => {
    const block = attempt(() => parseBlockJson(value));
    const envelopes = (block?.data ?? []).filter((_, index) => block?.codes[index] === VALID);
    return envelopes.flatMap((envelope) => attempt(() => decodeEnvelope(envelope)) ?? []);
  });
}
