import * as v from 'valibot';
import type { FabricGenesis } from '../contract/index.ts';
import { DcmbError, parseCanonical, parseShape } from '../core/index.ts';
import { endorsementRule } from '../fabric-blocks/index.ts';
import type { AnchoringScene } from './doctor-ledger.ts';
import { Wrong } from './doctor-report.ts';
import type { NetworkScene } from './doctor-scene.ts';

const AboutShape = v.looseObject({ contract: v.string() });

/** An anchor reads what the certification chaincode says, so without its service nothing is endorsed. @returns whether it answers */
export function checkCertification({ checks, network }: NetworkScene, { fabric }: FabricGenesis): Promise<true | undefined> {
  const name = fabric.certification;
  const remedy = `See that the service of "${name}" runs, that the address in its package's connection.json leads there, and what the peer logs.`;
  return checks.run('certification service', remedy, async () => {
    const { contract } = parseShape(AboutShape, parseCanonical(await network.evaluate(name, 'about', [])), 'answer of the chaincode');
    return [`"${name}" answers, version ${contract}.`, true];
  });
}

/**
 * Has each member's peers execute, through the own peer, what an endorsement of an anchor needs: a read of evidence and one
 * of certification. Nothing is signed for a block or sent to an orderer. Those that answer must be enough for the policy.
 */
export async function checkMembers({ checks, network }: NetworkScene, { policy, configBlock, genesis }: AnchoringScene): Promise<void> {
  await checks.run('endorsing members', '', async () => {
    const { fabric, organisations } = genesis;
    const faults = await Promise.all(
      organisations.map(async ({ id }) => {
        try {
          await network.evaluate(fabric.evidence, 'query', ['genesis', '{}'], id);
          await network.evaluate(fabric.certification, 'about', [], id);
          return undefined;
        } catch (error) {
          if (error instanceof DcmbError) return error.message;
          throw error;
        }
      }),
    );
    const there = organisations.filter((_, place) => faults[place] === undefined).map(({ id }) => id);
    const away = organisations.filter(({ id }) => !there.includes(id)).map(({ id }) => id);
    const isEnough = there.length >= fabric.endorsements && endorsementRule(policy, configBlock).isSatisfiedBy(new Set(there));
    if (isEnough) return [`${there.join(', ')} would endorse${away.length === 0 ? '' : `; not now ${away.join(', ')}`}.`, true];
    throw new Wrong(
      `Of the members only ${there.join(', ') || 'none'} would endorse now, not ${away.join(', ')}: too few for the policy${whyOf(faults)}.`,
      `Ask ${away.join(', ')} to look at their peers and at the services of "${fabric.evidence}" and "${fabric.certification}".`,
    );
  });
}

/** The first fault, in Fabric's own words. */
function whyOf(faults: readonly (string | undefined)[]): string {
  const fault = faults.find((each) => each !== undefined) ?? '';
  return /( \(.*\))\.$/.exec(fault)?.[1] ?? '';
}
