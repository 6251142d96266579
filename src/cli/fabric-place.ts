import { Option } from 'commander';
import { join } from 'node:path';
import type { DevNetwork, FabricMember, FabricPlantLedger } from '../app/index.ts';
import { PROGRAM, spokenPath } from './spoken-paths.ts';

/** What the command line says of a plant's place on a Fabric network. */
export interface FabricPlaceArguments {
  readonly network?: string;
  readonly ownerFabric?: string;
  readonly manufacturerFabric?: string;
  readonly fabricChannel?: string;
  readonly chaincode?: string;
}

export function fabricPlaceOptions(): Option[] {
  const folder = 'folder of %, with connection.json and msp/, in place of the development network';
  return [
    new Option('--network <folder>', 'the development network of dcmb fabric (default: fabric/network)'),
    new Option('--owner-fabric <folder>', folder.replace('%', "the owner's")),
    new Option('--manufacturer-fabric <folder>', folder.replace('%', "the manufacturer's")),
    ...fabricNameOptions(),
  ];
}

export function fabricNameOptions(): Option[] {
  return [
    new Option('--fabric-channel <name>', 'Fabric channel (default: dcmb)'),
    new Option('--chaincode <name>', 'name of the evidence chaincode (default: evidence)'),
  ];
}

/** The ledger of a new plant on Fabric: on the given members' network, or on the development network. */
export async function fabricPlantLedger(options: FabricPlaceArguments): Promise<FabricPlantLedger> {
  const { RejectedError } = await import('../app/index.ts');
  const { ownerFabric, manufacturerFabric, fabricChannel, chaincode } = options;
  const names = { ...(fabricChannel === undefined ? {} : { fabricChannel }), ...(chaincode === undefined ? {} : { chaincode }) };
  if (ownerFabric === undefined && manufacturerFabric === undefined) {
    return { ...onDevelopmentNetwork(await runningNetwork(options.network)), ...names };
  }
  if (ownerFabric === undefined || manufacturerFabric === undefined) {
    throw new RejectedError('BAD_CONFIG', 'Only one of --owner-fabric and --manufacturer-fabric is given. Give both, or none.');
  }
  const terms = { name: 'DCMB', testNetwork: false, certificationRequired: false };
  return { kind: 'fabric', owner: memberIn(ownerFabric), manufacturer: memberIn(manufacturerFabric), terms, ...names };
}

export function onDevelopmentNetwork(network: DevNetwork): FabricPlantLedger {
  const member = (organisation: string): FabricMember => ({ profile: network.profile(organisation), msp: network.msp(organisation) });
  const terms = { name: 'DCMB development network', testNetwork: true, certificationRequired: false };
  return { kind: 'fabric', fabricChannel: network.channel, owner: member('owner'), manufacturer: member('manufacturer'), terms };
}

/** @throws UnavailableError where not all of it runs */
async function runningNetwork(folder: string | undefined): Promise<DevNetwork> {
  const { DevNetwork: Network, UnavailableError } = await import('../app/index.ts');
  const network = Network.open(folder);
  if (await isRunning(network)) return network;
  const where = folder === undefined ? '' : ` --folder ${folder}`;
  throw new UnavailableError(
    'NO_NETWORK',
    `The Fabric network in ${spokenPath(network.folder)} does not run. Bring it up: ${PROGRAM} fabric up${where}`,
  );
}

export async function isRunning(network: DevNetwork): Promise<boolean> {
  return (await network.status()).every(({ state }) => state === 'running');
}

function memberIn(folder: string): FabricMember {
  return { profile: join(folder, 'connection.json'), msp: join(folder, 'msp') };
}
