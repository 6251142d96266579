import type { Clock } from '../core/index.ts';
import { type ConnectionProfile, type FabricIdentity, loadConnectionProfile, loadFabricNetwork } from '../ledger/index.ts';
import { systemRandom } from '../platform/index.ts';
import type { FabricLedgerConfig } from './config.ts';
import { checkIdentity, issuerOf } from './doctor-identity.ts';
import { ASKED, checkNetwork } from './doctor-network.ts';
import type { NetworkReader } from './doctor-scene.ts';
import { checkPeer } from './doctor-peer.ts';
import type { Checks } from './doctor-report.ts';
import { fabricAccess } from './fabric-access.ts';

/** A chaincode that does not answer is told soon. */
const ANSWER_WITHIN_MS = 5000;

export interface FabricScene {
  readonly checks: Checks;
  readonly config: FabricLedgerConfig;
  readonly organisation: string;
  readonly clock: Clock;
}

/** From the files on this machine outwards: profile, identity, each peer, Fabric channel, chaincode, policy, ledger. */
export async function checkFabric(scene: FabricScene): Promise<void> {
  const { checks, config, organisation, clock } = scene;
  const profile = await checks.run('connection profile', 'Correct it, or get it anew from the operator of the peers.', async () => {
    const found = await loadConnectionProfile(config.profile, organisation);
    return [`names ${found.peers.length} peer${found.peers.length === 1 ? '' : 's'} of ${organisation}.`, found];
  });
  const identity = await checkIdentity(checks, config, organisation, clock.now());
  const isReached = profile !== undefined && (await checkPeers(checks, profile, clock));
  if (identity === undefined || !isReached) checks.skip(...ASKED);
  else await askNetwork(scene, identity);
}

/** @returns whether one of them can be asked */
async function checkPeers(checks: Checks, { file, peers }: ConnectionProfile, clock: Clock): Promise<boolean> {
  let isReached = false;
  for (const peer of peers) {
    const isThere = await checks.run(`peer ${peer.name}`, '', () => checkPeer(peer, file, clock.now()));
    isReached ||= isThere === true;
  }
  return isReached;
}

async function askNetwork(scene: FabricScene, identity: FabricIdentity): Promise<void> {
  const access = fabricAccess(scene.config, scene.organisation, systemRandom);
  const asked = await loadFabricNetwork({ ...access, patience: { evaluateMs: ANSWER_WITHIN_MS } });
  const network: NetworkReader = {
    evaluate: (chaincode, name, args, at) => asked.tryOut({ chaincode, name, args, ...(at === undefined ? {} : { at }) }),
  };
  const { id } = scene.config;
  try {
    await checkNetwork({ ...scene, config: { ...access, id }, network, issuer: issuerOf(identity.certificate) });
  } finally {
    asked.close();
    identity.signer.close();
  }
}
