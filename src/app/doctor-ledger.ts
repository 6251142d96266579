import * as v from 'valibot';
import { type FabricGenesis, ledgerIdOf, MOST_CLOCK_SKEW_MS, parseFabricGenesis } from '../contract/index.ts';
import { type Bytes, integer, parseCanonical, parseShape } from '../core/index.ts';
import { decodeBlock, endorsementRule } from '../fabric-blocks/index.ts';
import { Wrong } from './doctor-report.ts';
import type { NetworkScene } from './doctor-scene.ts';

const AboutShape = v.looseObject({ contract: v.string(), ledger: v.string(), timeMs: integer(0) });

/** What the evidence chaincode says of itself. */
export interface About {
  /** Version of the contract's program. */
  readonly contract: string;
  /** Id of the ledger; empty before its genesis. */
  readonly ledger: string;
  /** By how much this machine's clock is ahead of the endorser's, ms. */
  readonly aheadMs: number;
}

/** @param nowMs when it was asked @throws RejectedError `BAD_SHAPE` */
export function parseAbout(bytes: Bytes, nowMs: number): About {
  const { contract, ledger, timeMs } = parseShape(AboutShape, parseCanonical(bytes), 'answer of the chaincode');
  return { contract, ledger, aheadMs: nowMs - timeMs };
}

/** Ledger id and genesis, and that this is the Fabric channel which the genesis names. */
export function checkLedger(scene: NetworkScene, { ledger }: About): Promise<FabricGenesis | undefined> {
  const { checks, config, organisation, network } = scene;
  const { id, chaincode, fabricChannel } = config;
  return checks.run('ledger', 'Use the network of the agreement.', async () => {
    if (ledger === '') throw new Wrong(`"${chaincode}" holds no ledger yet.`, 'Make it: dcmb ledger create.');
    if (ledger !== id) {
      throw new Wrong(`"${chaincode}" holds the ledger ${ledger}, the configuration names ${id}.`, 'Use the network of the agreement.');
    }
    const genesis = parseFabricGenesis(parseCanonical(await network.evaluate(chaincode, 'query', ['genesis', '{}'])));
    const block = decodeBlock(await network.evaluate('qscc', 'GetBlockByNumber', [fabricChannel, '0']));
    if (ledgerIdOf(genesis) !== id || block.hash !== genesis.fabric.genesisBlock) {
      throw new Wrong(
        `The genesis that "${chaincode}" tells is not that of this Fabric channel.`,
        'Ask the other members what network this is.',
      );
    }
    if (!genesis.organisations.some((member) => member.id === organisation)) {
      const members = genesis.organisations.map((member) => member.id).join(', ');
      throw new Wrong(
        `${organisation} is no member of the ledger; members are ${members}.`,
        'Correct "organisation" in the configuration.',
      );
    }
    return [`${id}, with ${genesis.organisations.length} members, ${organisation} among them.`, genesis];
  });
}

/** What decides whether a transaction is endorsed by enough. */
export interface AnchoringScene {
  /** `ApplicationPolicy` of the committed definition. */
  readonly policy: Bytes;
  readonly configBlock: Bytes;
  readonly genesis: FabricGenesis;
}

/** An auditor counts a transaction that enough members have endorsed. The peers must ask for no fewer. */
export async function checkPolicy({ checks, config }: NetworkScene, { policy, configBlock, genesis }: AnchoringScene): Promise<void> {
  const remedy = 'Approve and commit the chaincode anew with the policy of docs/fabric.md.';
  await checks.run('endorsement policy', remedy, () => {
    const rule = endorsementRule(policy, configBlock);
    const members = genesis.organisations.map(({ id }) => id);
    const { endorsements } = genesis.fabric;
    // Whoever is no member counts for nothing, so all of them together with too few members must not be enough.
    const strangers = rule.organisations.filter((id) => !members.includes(id));
    const enough = subsets(members, endorsements - 1).find((few) => rule.isSatisfiedBy(new Set([...strangers, ...few])));
    if (enough !== undefined) {
      const who = enough.length === 0 ? 'strangers alone' : `${enough.join(', ')} alone`;
      throw new Wrong(
        `The policy of "${config.chaincode}", ${rule.text}, takes what ${who} endorsed; the genesis demands ${endorsements} members.`,
        remedy,
      );
    }
    if (!rule.isSatisfiedBy(new Set(members))) {
      throw new Wrong(`The policy of "${config.chaincode}", ${rule.text}, can't be met by the members of the ledger.`, remedy);
    }
    return Promise.resolve([`${rule.text}: no fewer than ${endorsements} members, as the genesis demands.`, true]);
  });
}

function subsets(members: readonly string[], size: number): string[][] {
  if (size === 0) return [[]];
  return members.flatMap((member, index) => subsets(members.slice(index + 1), size - 1).map((others) => [member, ...others]));
}

/** The endorsers refuse what is dated too far from their own clock. */
export async function checkClock({ checks }: NetworkScene, { aheadMs }: About): Promise<void> {
  await checks.run('clock', '', () => {
    if (Math.abs(aheadMs) > MOST_CLOCK_SKEW_MS) {
      const seconds = Math.round(Math.abs(aheadMs) / 1000);
      throw new Wrong(`This clock is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the chaincode's.`, 'Set the one that is wrong.');
    }
    return Promise.resolve(["this machine's and the chaincode's agree.", true]);
  });
}
