import type { Bytes } from '../core/index.ts';
import { type OrdererEndpoint, ordererEndpoints } from '../fabric-blocks/index.ts';
import { type Found, NotLookedAt, Wrong } from './doctor-report.ts';
import type { NetworkScene } from './doctor-scene.ts';
import { dial, type DialFault } from './doctor-tls.ts';

/** Where only the way from here is missing: the peers, which send the transactions on, may have another one. */
const NO_WAY: ReadonlySet<string> = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);

const REMEDY = 'Ask whoever runs the orderers; batches wait meanwhile.';

/** Dials the orderers that the Fabric channel's configuration names. */
export async function checkOrderer({ checks }: NetworkScene, configBlock: Bytes): Promise<void> {
  await checks.run('orderer', REMEDY, () => reachOrderers(ordererEndpoints(configBlock)));
}

/**
 * It is the peers that send transactions to the orderers, so one without a way from here is not looked at; one that refuses
 * is away. They decide by majority.
 * @throws Wrong, NotLookedAt
 */
export async function reachOrderers(endpoints: readonly OrdererEndpoint[]): Promise<Found<true>> {
  if (endpoints.length === 0) throw new NotLookedAt('the configuration of the Fabric channel names none.');
  const dialled = await Promise.all(endpoints.map(async (endpoint) => ({ ...endpoint, fault: await faultAt(endpoint) })));
  const faults = dialled.flatMap(({ address, fault }) => (fault === undefined ? [] : [{ address, code: fault.code ?? 'unknown fault' }]));
  const reached = endpoints.length - faults.length;
  const hidden = faults.filter(({ code }) => NO_WAY.has(code)).length;
  const list = faults.map(({ address, code }) => `${address} ${code}`).join(', ');
  const count = `${reached} of ${endpoints.length} reached${list === '' ? '' : ` (${list})`}`;
  const needed = Math.floor(endpoints.length / 2) + 1;
  if (reached >= needed) return [`${count}.`, true];
  if (reached + hidden >= needed) throw new NotLookedAt(`there is no way from here, though the peers may have one; ${count}.`);
  throw new Wrong(`Of the orderers that the Fabric channel names ${count}: nothing is ordered.`, REMEDY);
}

async function faultAt(endpoint: OrdererEndpoint): Promise<DialFault | undefined> {
  try {
    (await dial(endpoint)).destroy();
    return undefined;
  } catch (error) {
    return error as DialFault;
  }
}
