import * as v from 'valibot';
import { type Bytes, canonicalJson, type Json, parseCanonical, parseShape, type Random, RejectedError } from '../../core/index.ts';
import { type Genesis, isMember, ledgerIdOf, parseGenesis } from '../../contract/index.ts';
import type { LedgerErrorCode } from '../port.ts';
import { BlockReader, notAnswered } from './block-reader.ts';
import { BlockTimes } from './block-times.ts';
import { type ConnectionProfile, loadConnectionProfile } from './connection-profile.ts';
import { isDiscoveryRace, isStranger, refusalOf } from './errors.ts';
import { type FabricIdentity, type IdentityFiles, loadFabricIdentity } from './identity.ts';
import { OwnPeers } from './own-peers.ts';
import { BackOff, type FabricPatience, Forbearance, PATIENCE } from './patience.ts';
import type { Call } from './call.ts';
import { PeerGateway } from './peer-gateway.ts';

/** Where a ledger on Fabric is, and as whom to speak to it. */
export interface FabricAccess extends IdentityFiles {
  /** Organisation's id, which is its MSP id. */
  readonly organisation: string;
  /** Path of a connection profile. */
  readonly profile: string;
  readonly fabricChannel: string;
  /** Name of the evidence chaincode. */
  readonly chaincode: string;
  readonly random: Random;
  readonly patience?: Partial<FabricPatience>;
}

const AboutShape = v.looseObject({ contract: v.string(), ledger: v.string() });
/** What the evidence chaincode says of itself: version of its contract, and the ledger's id, empty before there is a genesis. */
export type AboutChaincode = Readonly<Pick<v.InferOutput<typeof AboutShape>, 'contract' | 'ledger'>>;

/** How long a peer that has just started may take until it knows its own chaincodes. */
const OWN_DISCOVERY_MS = 5_000;

/** A Fabric channel as seen through the own organisation's peers. */
export class FabricNetwork {
  readonly access: FabricAccess;
  readonly profile: ConnectionProfile;
  readonly identity: FabricIdentity;
  readonly patience: FabricPatience;
  readonly peers: OwnPeers;
  readonly blocks: BlockReader;
  readonly #race = new Forbearance(OWN_DISCOVERY_MS);

  private constructor(access: FabricAccess, profile: ConnectionProfile, identity: FabricIdentity) {
    const { fabricChannel, chaincode } = access;
    this.access = access;
    this.profile = profile;
    this.identity = identity;
    this.patience = { ...PATIENCE, ...access.patience };
    const { patience } = this;
    this.peers = new OwnPeers(profile.peers.map((peer) => new PeerGateway({ peer, identity, fabricChannel, patience })));
    this.blocks = new BlockReader(this.peers, fabricChannel, new BlockTimes(chaincode));
  }

  /** Reads profile and identity. Nothing is connected before it is needed. @throws RejectedError `BAD_PROFILE`, `BAD_IDENTITY` */
  static async load(access: FabricAccess): Promise<FabricNetwork> {
    const profile = await loadConnectionProfile(access.profile, access.organisation);
    return new FabricNetwork(access, profile, await loadFabricIdentity(access.organisation, access));
  }

  /** @throws UnavailableError `LEDGER_UNAVAILABLE`; RejectedError `NOT_A_MEMBER` */
  async about(): Promise<AboutChaincode> {
    return parseShape(AboutShape, parseCanonical(await this.evaluate('about')), 'answer of the chaincode');
  }

  /** The genesis that the chaincode was given, or `undefined` before that. */
  async genesis(): Promise<Genesis | undefined> {
    const found = await this.query('genesis', {});
    return found === undefined ? undefined : parseGenesis(found);
  }

  async query(name: string, argument: Json): Promise<Json | undefined> {
    const answer = await this.evaluate('query', name, canonicalJson(argument));
    return answer.length === 0 ? undefined : parseCanonical(answer);
  }

  /** SHA-256 of a block's header, 43 characters. */
  async blockHash(number: number): Promise<string> {
    return (await this.blocks.block(number)).hash;
  }

  /** Reads by a function of the evidence chaincode. @throws RejectedError with the contract's code; UnavailableError `LEDGER_UNAVAILABLE` */
  evaluate(name: string, ...args: (string | Bytes)[]): Promise<Bytes> {
    return this.tryOut({ chaincode: this.access.chaincode, name, args });
  }

  async tryOut(call: Call): Promise<Bytes> {
    const backOff = new BackOff(this.access.random, this.peers.signal);
    const refusal = (error: unknown) => refusalOf(error, this.access.organisation);
    for (;;) {
      try {
        const answer = await this.peers.ask(
          (peer) => peer.evaluate(call),
          (error) => refusal(error) !== undefined,
        );
        this.#race.over();
        return answer;
      } catch (error) {
        const refused = refusal(error);
        if (refused !== undefined) throw refused;
        if (isStranger(error)) throw this.#stranger(error);
        if (!isDiscoveryRace(error) || !this.#race.bears()) throw notAnswered(error);
      }
      await backOff.pause();
      this.peers.requireOpen();
    }
  }

  close(): void {
    this.peers.close();
    this.identity.signer.close();
  }

  #stranger(cause: unknown): RejectedError<LedgerErrorCode> {
    const { organisation, msp, fabricChannel } = this.access;
    return new RejectedError(
      'NOT_A_MEMBER',
      `The Fabric channel "${fabricChannel}" does not take the certificate of ${msp} for one of organisation "${organisation}".`,
      { cause },
    );
  }
}

/**
 * Checks that network, chaincode and genesis belong together and are those that the caller expects.
 * @throws RejectedError `NOT_A_LEDGER`, `OTHER_LEDGER`, `NOT_A_MEMBER`; UnavailableError `LEDGER_UNAVAILABLE`
 */
export async function requireLedger(network: FabricNetwork, ledgerId: string): Promise<void> {
  const { organisation, fabricChannel, chaincode } = network.access;
  const genesis = await network.genesis();
  if (genesis === undefined) {
    throw new RejectedError<LedgerErrorCode>(
      'NOT_A_LEDGER',
      `The chaincode "${chaincode}" on the Fabric channel "${fabricChannel}" has no genesis yet.`,
    );
  }
  const found = ledgerIdOf(genesis);
  if (found !== ledgerId) throw other(network, `is of network ${found} ("${genesis.name}"), expected network ${ledgerId}`);
  await requirePlace(network, genesis);
  if (isMember(genesis, organisation)) return;
  throw new RejectedError<LedgerErrorCode>(
    'NOT_A_MEMBER',
    `Organisation "${organisation}" is no member of the ledger "${genesis.name}". Correct the id.`,
  );
}

/** @throws RejectedError `OTHER_LEDGER` unless a genesis names this very chaincode on this very Fabric channel */
export async function requirePlace(network: FabricNetwork, { fabric }: Genesis): Promise<void> {
  const { fabricChannel, chaincode } = network.access;
  if (fabric?.channel !== fabricChannel || fabric.evidence !== chaincode) throw other(network, 'is another place than the genesis names');
  if ((await network.blockHash(0)) === fabric.genesisBlock) return;
  throw other(network, 'is on a Fabric channel that began with another block than the genesis names');
}

function other({ access }: FabricNetwork, why: string): RejectedError<LedgerErrorCode> {
  const { chaincode, fabricChannel } = access;
  return new RejectedError('OTHER_LEDGER', `The chaincode "${chaincode}" on the Fabric channel "${fabricChannel}" ${why}.`);
}
