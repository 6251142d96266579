import { setTimeout as pause } from 'node:timers/promises';
import type { CommandOutput, FabricCommands } from './commands.ts';
import { commandEnvironment, tlsRoots } from './environments.ts';
import type { Layout } from './layout.ts';
import { packageId } from './package.ts';
import { type Contract, type NetworkSettings, ORDERER_ORGANISATION, ordererPorts, peerPorts } from './settings.ts';

const DEFINITION_VERSION = '1';

/** The answer of an orderer that has just started. */
const NO_LEADER = 'SERVICE_UNAVAILABLE';
const LEADER_WITHIN_MS = 30_000;
const ASKED_AGAIN_AFTER_MS = 100;

interface CommittedDefinition {
  readonly name: string;
  readonly sequence: number;
}

/** Fabric's chaincode lifecycle: packages on the peers, definitions on the Fabric channel. */
export class ChaincodeLifecycle {
  readonly #layout: Layout;
  readonly #settings: NetworkSettings;
  readonly #commands: FabricCommands;

  constructor(layout: Layout, settings: NetworkSettings, commands: FabricCommands) {
    this.#layout = layout;
    this.#settings = settings;
    this.#commands = commands;
  }

  /** Installs a contract's package on an organisation's peer unless it is there. */
  async install(organisation: string, contract: Contract): Promise<void> {
    const { stdout } = await this.#peer(organisation, ['lifecycle', 'chaincode', 'queryinstalled', '--output', 'json']);
    if (stdout.includes(`"${packageId(this.#layout, contract)}"`)) return;
    await this.#peer(organisation, ['lifecycle', 'chaincode', 'install', this.#layout.package(contract)]);
  }

  /** Names of the definitions that are in force. */
  async committed(): Promise<string[]> {
    const args = ['lifecycle', 'chaincode', 'querycommitted', '-C', this.#settings.channel, '--output', 'json'];
    const { stdout } = await this.#peer(this.#firstOrganisation, args);
    const answer = JSON.parse(stdout) as { chaincode_definitions?: CommittedDefinition[] };
    return (answer.chaincode_definitions ?? []).map(({ name }) => name);
  }

  /** Has every organisation approve a definition of the contract's package, and commits it. @param policy in Fabric's own words, or the path of one */
  async define(name: string, contract: Contract, policy = this.#anyTwo): Promise<void> {
    const organisations = this.#settings.organisations;
    const definition = this.#definition(name, policy);
    const approval = ['approveformyorg', ...definition, '--package-id', packageId(this.#layout, contract)];
    await Promise.all(organisations.map((each) => this.#approve(each, approval)));
    const peers = this.#peerAddresses(organisations);
    await this.#peer(this.#firstOrganisation, ['lifecycle', 'chaincode', 'commit', ...definition, ...peers]);
  }

  /** Fabric refuses an approval that changes nothing; it is there then. */
  async #approve(organisation: string, approval: readonly string[]): Promise<void> {
    try {
      await this.#peer(organisation, ['lifecycle', 'chaincode', ...approval]);
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('unchanged content'))) throw error;
    }
  }

  /** Sends one transaction, endorsed by the first two organisations, and waits for its commit. */
  async invoke(organisation: string, chaincode: string, args: readonly string[]): Promise<void> {
    const call = JSON.stringify({ Args: args });
    const peers = this.#peerAddresses(this.#settings.organisations.slice(0, 2));
    const options = ['-C', this.#settings.channel, '-n', chaincode, '-c', call, '--waitForEvent', ...this.#orderer(), ...peers];
    await this.#peer(organisation, ['chaincode', 'invoke', ...options], 'User1');
  }

  get #firstOrganisation(): string {
    return this.#settings.organisations[0] ?? '';
  }

  /** No organisation alone can write, and none is needed: any two agree. */
  get #anyTwo(): string {
    return `OutOf(2, ${this.#settings.organisations.map((each) => `'${each}.peer'`).join(', ')})`;
  }

  #definition(name: string, policy: string): string[] {
    const { channel } = this.#settings;
    const what = ['--channelID', channel, '--name', name, '--version', DEFINITION_VERSION, '--sequence', '1'];
    return [...what, policy.startsWith('/') ? '--channel-config-policy' : '--signature-policy', policy, ...this.#orderer()];
  }

  #orderer(): string[] {
    const address = `127.0.0.1:${ordererPorts(this.#settings).service}`;
    return ['-o', address, '--tls', '--cafile', this.#layout.tlsRoot(ORDERER_ORGANISATION)];
  }

  #peerAddresses(organisations: readonly string[]): string[] {
    return organisations.flatMap((each) => {
      const address = `127.0.0.1:${peerPorts(this.#settings, each).service}`;
      return ['--peerAddresses', address, '--tlsRootCertFiles', tlsRoots(this.#layout)];
    });
  }

  /** Runs a command as an organisation's admin or client user; again as long as the orderer has no leader and takes nothing. */
  async #peer(organisation: string, args: readonly string[], user: 'Admin' | 'User1' = 'Admin'): Promise<CommandOutput> {
    const limit = Date.now() + LEADER_WITHIN_MS;
    for (;;) {
      try {
        return await this.#commands.run('peer', args, commandEnvironment(this.#layout, this.#settings, organisation, user));
      } catch (error) {
        if (!(error instanceof Error && error.message.includes(NO_LEADER)) || Date.now() > limit) throw error;
        await pause(ASKED_AGAIN_AFTER_MS);
      }
    }
  }
}
