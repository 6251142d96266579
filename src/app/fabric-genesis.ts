import { type FabricGenesis, isFabricGenesis, ledgerIdOf } from '../contract/index.ts';
import { RejectedError, toBase64Url } from '../core/index.ts';
import { channelMembers, decodeBlock } from '../fabric-blocks/index.ts';
import { createFabricLedger, type FabricNetwork, loadFabricNetwork } from '../ledger/index.ts';
import { systemRandom } from '../platform/index.ts';
import { isRefusal } from '../transfer/index.ts';
import { type ConfigErrorCode, type FabricLedgerConfig } from './config.ts';
import { CERTIFICATION, fabricAccess } from './fabric-access.ts';
import { organisationOf } from './fabric-member.ts';

/** As whom, and where on a Fabric network. Names that are absent are those of a configuration. */
export type FabricPlace = Omit<FabricLedgerConfig, 'kind' | 'id'>;

/** What the genesis says of a ledger that is not there yet. */
export interface FabricLedgerTerms {
  /** Of the ledger, for people. */
  readonly name: string;
  /** Whether simulated attestation is admitted and nothing of value hangs on the ledger. */
  readonly testNetwork: boolean;
  /** Whether batches of modules that are not certified are marked. */
  readonly certificationRequired: boolean;
  /** Name under which the certification chaincode is committed; `certification` where absent. */
  readonly certification?: string;
  /** MSP ids of the members; all organisations of the Fabric channel where absent. */
  readonly organisations?: readonly string[];
}

export interface FabricLedger {
  /** 43 characters. */
  readonly id: string;
  readonly genesis: FabricGenesis;
}

/**
 * Makes the ledger of an evidence chaincode that has none: its genesis names the Fabric channel, that channel's block 0, the
 * chaincodes and the members. It is the first transaction, and nothing of it can ever change.
 * @throws RejectedError `LEDGER_EXISTS`, and others in one sentence; UnavailableError where the network does not answer
 */
export function makeFabricLedger(place: FabricPlace, terms: FabricLedgerTerms): Promise<FabricLedger> {
  return withNetwork(place, (network) => made(network, terms));
}

/** The ledger of an evidence chaincode, or undefined where it has none. @throws RejectedError, UnavailableError in one sentence */
export function findFabricLedger(place: FabricPlace): Promise<FabricLedger | undefined> {
  return withNetwork(place, found);
}

/** The ledger that is there, or one that is made now. @throws RejectedError, UnavailableError in one sentence */
export function takeUpFabricLedger(place: FabricPlace, terms: FabricLedgerTerms): Promise<FabricLedger> {
  return withNetwork(place, async (network) => {
    try {
      return (await found(network)) ?? (await made(network, terms));
    } catch (error) {
      // Another one was quicker.
      if (isRefusal(error, 'LEDGER_EXISTS')) return (await found(network)) ?? Promise.reject(error);
      throw error;
    }
  });
}

async function withNetwork<Result>(place: FabricPlace, work: (network: FabricNetwork) => Promise<Result>): Promise<Result> {
  const network = await loadFabricNetwork(fabricAccess(place, organisationOf(place.profile), systemRandom));
  try {
    return await work(network);
  } finally {
    network.close();
  }
}

/** What a chaincode tells counts only as far as the Fabric channel bears it out. */
async function found(network: FabricNetwork): Promise<FabricLedger | undefined> {
  const genesis = await network.genesis();
  if (genesis === undefined) return undefined;
  const { chaincode, fabricChannel } = network.access;
  if (!isFabricGenesis(genesis) || genesis.fabric.channel !== fabricChannel || genesis.fabric.evidence !== chaincode) {
    throw bad(`The chaincode "${chaincode}" bears a genesis for another place. Have it committed under a name of its own.`);
  }
  if ((await network.blockHash(0)) !== genesis.fabric.genesisBlock) {
    throw bad(`The chaincode "${chaincode}" bears the genesis of another Fabric channel. Ask the other members what network this is.`);
  }
  return { id: ledgerIdOf(genesis), genesis };
}

async function made(network: FabricNetwork, terms: FabricLedgerTerms): Promise<FabricLedger> {
  const { fabricChannel, chaincode } = network.access;
  const block = await network.tryOut({ chaincode: 'qscc', name: 'GetBlockByNumber', args: [fabricChannel, '0'] });
  const known = [...channelMembers(block).members.keys()].sort();
  const genesis: FabricGenesis = {
    v: 0,
    nonce: toBase64Url(systemRandom.bytes(32)),
    name: terms.name,
    testNetwork: terms.testNetwork,
    certificationRequired: terms.certificationRequired,
    organisations: membersOf(terms.organisations ?? known, known).map((id) => ({ id, name: id })),
    fabric: {
      channel: fabricChannel,
      genesisBlock: decodeBlock(block).hash,
      evidence: chaincode,
      certification: terms.certification ?? CERTIFICATION,
      endorsements: 2,
    },
  };
  await createFabricLedger({ ...network.access, genesis });
  return { id: ledgerIdOf(genesis), genesis };
}

function membersOf(wanted: readonly string[], known: readonly string[]): readonly string[] {
  const stranger = wanted.find((id) => !known.includes(id));
  if (stranger === undefined) return wanted;
  throw bad(`"${stranger}" is no organisation of the Fabric channel; it has ${known.join(', ')}. Correct its spelling.`);
}

function bad(message: string): RejectedError<ConfigErrorCode> {
  return new RejectedError('BAD_CONFIG', message);
}
