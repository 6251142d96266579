import manifest from '../../package.json' with { type: 'json' };
import { type Bytes, concat, utf8 } from '../core/index.ts';
import { bytesField, decode, text, uint64 } from '../fabric-blocks/index.ts';
import { type About, type AnchoringScene, checkClock, checkLedger, checkPolicy, parseAbout } from './doctor-ledger.ts';
import { checkCertification, checkMembers } from './doctor-members.ts';
import { checkOrderer } from './doctor-orderer.ts';
import { Wrong } from './doctor-report.ts';
import type { NetworkScene } from './doctor-scene.ts';
import { messageOf } from './message-of.ts';

/** What is asked of the network, in this order: each check needs all before it. */
export const ASKED = [
  'Fabric channel',
  'membership',
  'orderer',
  'chaincode',
  'chaincode service',
  'ledger',
  'endorsement policy',
  'certification service',
  'endorsing members',
  'clock',
] as const;

/** What a chaincode's name stands for, as the organisations have committed it (Fabric's peer/lifecycle/lifecycle.proto). */
const DefinitionMessage = { sequence: uint64(1), version: text(2), policy: bytesField(5) };
const ChainInfoMessage = { height: uint64(1) };

/** In Fabric's words, as far as they tell causes apart. */
const NO_CHANNEL = /failed to get config for channel|channel \S+ not found/;
const STRANGER = /does not take the certificate|no peers available to evaluate/;
const NOT_DEFINED = /is not defined/;

/** Asks the network as the module would, without sending a transaction. */
export async function checkNetwork(scene: NetworkScene): Promise<void> {
  await checkInOrder(scene);
  scene.checks.skip(...ASKED);
}

async function checkInOrder(scene: NetworkScene): Promise<void> {
  if ((await checkChannel(scene)) === undefined) return;
  const configBlock = await checkMembership(scene);
  if (configBlock === undefined) return;
  await checkOrderer(scene, configBlock);
  const policy = await checkDefinition(scene);
  if (policy === undefined) return;
  const about = await checkService(scene);
  if (about === undefined) return;
  const genesis = await checkLedger(scene, about);
  if (genesis === undefined) scene.checks.skip('endorsement policy', 'certification service', 'endorsing members');
  else await checkAnchoring(scene, { policy, configBlock, genesis });
  await checkClock(scene, about);
}

/** Whether an anchor would be endorsed. Without the own certification service the own organisation endorses nothing. */
async function checkAnchoring(scene: NetworkScene, anchoring: AnchoringScene): Promise<void> {
  await checkPolicy(scene, anchoring);
  if ((await checkCertification(scene, anchoring.genesis)) === undefined) scene.checks.skip('endorsing members');
  else await checkMembers(scene, anchoring);
}

/** A peer tells a stranger of the channel too: it names the channel in its refusal. */
function checkChannel({ checks, config, network }: NetworkScene): Promise<true | undefined> {
  const { fabricChannel } = config;
  return checks.run('Fabric channel', 'See what the peer logs.', async () => {
    try {
      const { height } = decode(ChainInfoMessage, await network.evaluate('qscc', 'GetChainInfo', [fabricChannel]), 'BlockchainInfo');
      return [`the peers are in "${fabricChannel}", which has ${height} blocks.`, true];
    } catch (error) {
      if (NO_CHANNEL.test(messageOf(error))) {
        const remedy = 'Correct "fabricChannel" in the configuration, or have the peer join the channel.';
        throw new Wrong(`The peers are not in a Fabric channel "${fabricChannel}".`, remedy, error);
      }
      if (!STRANGER.test(messageOf(error))) throw error;
      return [`the peers are in "${fabricChannel}".`, true];
    }
  });
}

/** @returns the channel's configuration block */
function checkMembership({ checks, config, organisation, network, issuer }: NetworkScene): Promise<Bytes | undefined> {
  return checks.run('membership', 'See what the peer logs.', async () => {
    try {
      const block = await network.evaluate('cscc', 'GetConfigBlock', [config.fabricChannel]);
      return [`the peers take the certificate for one of MSP ${organisation}.`, block];
    } catch (error) {
      if (!STRANGER.test(messageOf(error))) throw error;
      throw new Wrong(
        `The peers don't take the certificate for one of MSP ${organisation}: that MSP of the Fabric channel does not know its issuer ${issuer}, or has revoked it.`,
        'Correct "organisation" or "msp" in the configuration, or have the certificate issued by an authority of that MSP.',
        error,
      );
    }
  });
}

/** @returns the committed endorsement policy */
function checkDefinition({ checks, config, network }: NetworkScene): Promise<Bytes | undefined> {
  const { chaincode, fabricChannel } = config;
  return checks.run('chaincode', 'See what the peer logs.', async () => {
    try {
      const bytes = await network.evaluate('_lifecycle', 'QueryChaincodeDefinition', [definitionOf(chaincode)]);
      const { sequence, version, policy } = decode(DefinitionMessage, bytes, 'QueryChaincodeDefinitionResult');
      return [`"${chaincode}" is committed: version ${version}, sequence ${sequence}.`, policy];
    } catch (error) {
      if (!NOT_DEFINED.test(messageOf(error))) throw error;
      throw new Wrong(
        `No chaincode "${chaincode}" is committed in the Fabric channel "${fabricChannel}".`,
        'Correct "chaincode" in the configuration, or approve and commit its definition.',
        error,
      );
    }
  });
}

function checkService({ checks, config, network, clock }: NetworkScene): Promise<About | undefined> {
  const { chaincode } = config;
  const remedy = "See that its service runs, that the address in its package's connection.json leads there, and what the peer logs.";
  return checks.run('chaincode service', remedy, async () => {
    const about = parseAbout(await network.evaluate(chaincode, 'about', []), clock.now());
    const { version } = manifest;
    if (about.contract === version) return [`answers, with this program's version ${version}.`, about];
    throw new Wrong(
      `The service of "${chaincode}" has version ${about.contract}, this program ${version}.`,
      'Bring the older one up to the other: the rules of the contract may differ.',
    );
  });
}

/** QueryChaincodeDefinitionArgs { name = 1 }; a name is shorter than 128 bytes. */
function definitionOf(name: string): Bytes {
  const bytes = utf8(name);
  return concat(Uint8Array.of(0x0a, bytes.length), bytes);
}
