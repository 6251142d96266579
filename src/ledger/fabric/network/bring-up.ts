import { existsSync } from 'node:fs';
import type { OnProgress } from './build.ts';
import type { ChaincodeLifecycle } from './chaincode-lifecycle.ts';
import { makeGenesisBlock } from './channel-config.ts';
import type { FabricCommands } from './commands.ts';
import { makeCrypto } from './crypto-material.ts';
import { writeConfig } from './environments.ts';
import { type Layout, partsOf } from './layout.ts';
import { joinOrderer, joinPeer } from './membership.ts';
import { makePackage } from './package.ts';
import type { NetworkParts } from './parts.ts';
import { requireFreePort } from './preconditions.ts';
import { writeProfile } from './profile.ts';
import { CONTRACTS, type NetworkSettings } from './settings.ts';

/** What the steps of bringing a network up work on. */
export interface NetworkTools {
  readonly layout: Layout;
  readonly settings: NetworkSettings;
  readonly commands: FabricCommands;
  readonly parts: NetworkParts;
  readonly lifecycle: ChaincodeLifecycle;
}

type Tell = (text: string) => void;

/** Goes from whatever there is to a network that works. Each step does what is missing, and says so: it can be repeated. */
export async function bringUp(tools: NetworkTools, progress: OnProgress): Promise<void> {
  const tell = (text: string): void => progress({ key: text, text });
  const isNew = !existsSync(tools.layout.genesisBlock);
  tell(isNew ? 'Making keys, certificates and the first block' : 'Keys, certificates and the first block are there');
  await makeFiles(tools);
  await startParts(tools, tell);
  tell(isNew ? 'Joining the Fabric channel' : 'Looking whether all have joined the Fabric channel');
  await joinAll(tools);
  await defineContracts(tools, tell);
}

async function makeFiles({ layout, settings, commands }: NetworkTools): Promise<void> {
  await makeCrypto(layout, settings, commands);
  writeConfig(layout, settings);
  await makeGenesisBlock(layout, settings, commands);
  for (const contract of CONTRACTS) await makePackage(layout, settings, contract);
  for (const each of settings.organisations) writeProfile(layout, settings, each);
}

async function startParts({ settings, parts }: NetworkTools, tell: Tell): Promise<void> {
  const missing = partsOf(settings).filter((part) => parts.process(part).running() === undefined);
  tell(missing.length === 0 ? 'All parts run' : `Starting ${missing.join(', ')}`);
  for (const part of missing) for (const port of parts.ports(part)) await requireFreePort(port, part);
  await settleAll(partsOf(settings).map((part) => parts.start(part)));
}

async function joinAll({ layout, settings, commands, lifecycle }: NetworkTools): Promise<void> {
  await joinOrderer(layout, settings, commands);
  await settleAll(
    settings.organisations.map(async (organisation) => {
      await joinPeer(layout, settings, commands, organisation);
      for (const contract of CONTRACTS) await lifecycle.install(organisation, contract);
    }),
  );
}

async function defineContracts({ lifecycle }: NetworkTools, tell: Tell): Promise<void> {
  const committed = await lifecycle.committed();
  const missing = CONTRACTS.filter((contract) => !committed.includes(contract));
  tell(missing.length === 0 ? 'The chaincodes are deployed' : `Deploying the chaincodes ${missing.join(', ')}`);
  for (const contract of missing) await lifecycle.define(contract, contract);
}

/** Like Promise.all, but nothing is still at work when it fails. */
async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) if (outcome.status === 'rejected') throw outcome.reason;
}
