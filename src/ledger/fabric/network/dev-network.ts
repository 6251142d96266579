import { readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { decodeBlock } from '../../../fabric-blocks/index.ts';
import { bringUp, type NetworkTools } from './bring-up.ts';
import { buildFabric, type OnProgress } from './build.ts';
import { ChaincodeLifecycle } from './chaincode-lifecycle.ts';
import { FabricCommands } from './commands.ts';
import { makeFolder, removeIfEmpty } from './files.ts';
import { Layout, type Part, partsOf } from './layout.ts';
import { locked } from './lock.ts';
import { claimFolder, readNetworkFile } from './network-file.ts';
import { NetworkParts } from './parts.ts';
import { requireAddress } from './preconditions.ts';
import { defaultBinaries, defaultNetworkFolder } from './places.ts';
import type { NetworkSettings } from './settings.ts';

export interface UpOptions {
  /** The network's folder: made, or gone on with. Default: that of {@link defaultNetworkFolder}. */
  readonly folder?: string;
  /** Folder of Fabric's commands; built when they are missing. Default: that of {@link defaultBinaries}. */
  readonly binaries?: string;
  /** `owner`, `manufacturer`, then certification organisations. Default: those of the folder's network, or one more. */
  readonly organisations?: readonly string[];
  /** The first of `portCount` ports in a row. Default: that of the folder's network, or 17050. */
  readonly firstPort?: number;
  readonly progress?: OnProgress;
}

export interface PartStatus {
  readonly part: Part;
  /** `silent`: there, and takes no calls: not yet, or halted. */
  readonly state: 'running' | 'silent' | 'stopped';
  readonly pid?: number;
  /** On 127.0.0.1; the one for clients first. */
  readonly ports: readonly number[];
  readonly log: string;
}

/**
 * A Fabric network for development, on this machine's loopback alone: one orderer, a peer for each organisation, and the
 * two contracts as services. Its processes outlive the one that started them, and are known by its folder.
 */
export class DevNetwork {
  readonly folder: string;
  /** Name of the Fabric channel. */
  readonly channel: string;
  readonly organisations: readonly string[];
  readonly parts: readonly Part[];
  readonly #tools: NetworkTools;

  private constructor(layout: Layout, settings: NetworkSettings, binaries: string) {
    const commands = new FabricCommands(binaries);
    const parts = new NetworkParts(layout, settings, commands);
    this.folder = layout.folder;
    this.channel = settings.channel;
    this.organisations = settings.organisations;
    this.parts = partsOf(settings);
    this.#tools = { layout, settings, commands, parts, lifecycle: new ChaincodeLifecycle(layout, settings, commands) };
  }

  /**
   * Brings a network up, or goes on with one that came up half-way, or that is down. Builds what is missing.
   * @throws RejectedError `BAD_SETTINGS`, `SETTINGS_DIFFER`, `NOT_A_NETWORK`
   * @throws UnavailableError `GO_MISSING`, `BUILD_FAILED`, `NETWORK_BUSY`, `PORT_TAKEN`, `NO_ADDRESS`, `PART_FAILED`, `COMMAND_FAILED`
   */
  static async up(options: UpOptions = {}): Promise<DevNetwork> {
    const { progress = () => undefined } = options;
    const binaries = resolve(options.binaries ?? defaultBinaries());
    const layout = new Layout(resolve(options.folder ?? defaultNetworkFolder()));
    makeFolder(layout.folder);
    return locked(layout.lock, async () => {
      const network = new DevNetwork(layout, claimFolder(layout, options, binaries), binaries);
      requireAddress();
      await buildFabric(binaries, progress);
      await bringUp(network.#tools, progress);
      return network;
    });
  }

  /** The network of a folder, whether it is up or not. @throws UnavailableError `NO_NETWORK`; RejectedError `NOT_A_NETWORK` */
  static open(folder: string = defaultNetworkFolder()): DevNetwork {
    const layout = new Layout(resolve(folder));
    const { settings, binaries } = readNetworkFile(layout);
    return new DevNetwork(layout, settings, binaries);
  }

  async status(): Promise<PartStatus[]> {
    const { parts, layout } = this.#tools;
    return Promise.all(
      this.parts.map(async (part): Promise<PartStatus> => {
        const pid = parts.process(part).running()?.pid;
        const facts = { part, ports: parts.ports(part), log: layout.log(part) };
        if (pid === undefined) return { ...facts, state: 'stopped' };
        return { ...facts, pid, state: (await parts.answers(part)) ? 'running' : 'silent' };
      }),
    );
  }

  /**
   * One more definition of the evidence contract, under a name of its own, and of the certification contract where named.
   * The services that run serve it too.
   * @param policy endorsement policy of the evidence contract in Fabric's own words; any two organisations where absent
   */
  async deploy(name: string, certificationName?: string, policy?: string): Promise<void> {
    const { lifecycle } = this.#tools;
    const committed = await lifecycle.committed();
    if (certificationName !== undefined && !committed.includes(certificationName)) {
      await lifecycle.define(certificationName, 'certification');
    }
    if (!committed.includes(name)) await lifecycle.define(name, 'evidence', policy);
  }

  /** Sends one transaction as a client user of an organisation, endorsed by owner and manufacturer; waits for its commit. */
  async invoke(organisation: string, chaincode: string, args: readonly string[]): Promise<void> {
    await this.#tools.lifecycle.invoke(organisation, chaincode, args);
  }

  /** Starts a part that was stopped, and waits until it works. */
  async start(part: Part): Promise<void> {
    await this.#tools.parts.start(part);
  }

  /** Ends a part in good order, by force when it takes longer than 10 s; true where force was needed. */
  async stop(part: Part): Promise<boolean> {
    return this.#tools.parts.process(part).stop();
  }

  /** Sends a signal; waits until the part is gone where the signal ends it (all but SIGSTOP and SIGCONT). */
  async kill(part: Part, signal: NodeJS.Signals): Promise<void> {
    await this.#tools.parts.process(part).kill(signal);
  }

  /** Stops all parts. Everything that they have stored stays. Gives those that had to be killed. */
  async down(): Promise<Part[]> {
    return locked(this.#tools.layout.lock, () => this.#stopAll());
  }

  /** Stops all parts and removes all that the network has stored. */
  async reset(): Promise<void> {
    await locked(this.#tools.layout.lock, async () => {
      await this.#stopAll();
      // What makes the folder a network's goes last: a removal that was cut off can be repeated.
      for (const path of this.#tools.layout.contents) rmSync(path, { recursive: true, force: true });
    });
    removeIfEmpty(this.folder);
  }

  async #stopAll(): Promise<Part[]> {
    const forced: Part[] = [];
    await Promise.all(
      this.parts.map(async (part) => {
        if (await this.stop(part)) forced.push(part);
      }),
    );
    return forced;
  }

  /** Connection profile of an organisation, by which its clients find its peer. */
  profile(organisation: string): string {
    return this.#tools.layout.profile(this.#known(organisation));
  }

  /** MSP folder of a client user of an organisation. */
  msp(organisation: string): string {
    return this.#tools.layout.user(this.#known(organisation), 'User1');
  }

  /** MSP folder of an organisation's admin. */
  adminMsp(organisation: string): string {
    return this.#tools.layout.user(this.#known(organisation), 'Admin');
  }

  /** All that an organisation's peer stores: blocks and state. */
  peerFolder(organisation: string): string {
    return this.#tools.layout.data(`peer-${this.#known(organisation)}`);
  }

  /** SHA-256 of the header of the Fabric channel's block 0, base64url. */
  genesisBlockHash(): string {
    return decodeBlock(readFileSync(this.#tools.layout.genesisBlock)).hash;
  }

  #known(organisation: string): string {
    if (!this.organisations.includes(organisation)) throw new RangeError(`"${organisation}" is no organisation of this network.`);
    return organisation;
  }
}
