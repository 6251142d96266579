import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FabricCommands } from './commands.ts';
import { DIALLER_HOST } from './crypto-material.ts';
import { ordererEnvironment, peerEnvironment } from './environments.ts';
import type { Layout, Part } from './layout.ts';
import { packageId } from './package.ts';
import { greets, healthy, listens } from './probes.ts';
import { PartProcess, type PartProgram } from './part-process.ts';
import {
  type Contract,
  CONTRACTS,
  contractPort,
  type NetworkSettings,
  ORDERER_ORGANISATION,
  ordererPorts,
  peerPorts,
  SERVICES,
} from './settings.ts';

const STARTS_WITHIN_MS = 30_000;

/** All parts of one network: how each is started, and how it shows that it works. */
export class NetworkParts {
  readonly #layout: Layout;
  readonly #settings: NetworkSettings;
  readonly #commands: FabricCommands;

  constructor(layout: Layout, settings: NetworkSettings, commands: FabricCommands) {
    this.#layout = layout;
    this.#settings = settings;
    this.#commands = commands;
  }

  process(part: Part): PartProcess {
    return new PartProcess(this.#program(part));
  }

  /** Starts a part and waits until it works. */
  async start(part: Part): Promise<void> {
    const process = this.process(part);
    process.start();
    await process.ready(() => this.answers(part), STARTS_WITHIN_MS);
  }

  /** True when it takes work. */
  async answers(part: Part): Promise<boolean> {
    if (isContract(part)) return listens(contractPort(this.#settings, part));
    const isOrderer = part === 'orderer';
    const ports = isOrderer ? ordererPorts(this.#settings) : peerPorts(this.#settings, organisationOf(part));
    const organisation = isOrderer ? ORDERER_ORGANISATION : organisationOf(part);
    // A part is healthy before it takes calls.
    return (await healthy(ports.operations)) && (await greets(ports.service, readFileSync(this.#layout.tlsRoot(organisation))));
  }

  /** Ports on which a part listens, the one for clients first. */
  ports(part: Part): number[] {
    if (isContract(part)) return [contractPort(this.#settings, part)];
    if (part === 'orderer') return Object.values({ ...ordererPorts(this.#settings) });
    return Object.values({ ...peerPorts(this.#settings, organisationOf(part)) });
  }

  #program(part: Part): PartProgram {
    const [layout, settings] = [this.#layout, this.#settings];
    const traces = { name: part, folder: layout.data(part), log: layout.log(part), processFile: layout.processFile(part) };
    if (part === 'orderer') {
      return { ...traces, program: this.#commands.path('orderer'), args: [], variables: ordererEnvironment(layout, settings) };
    }
    if (isContract(part)) return { ...traces, program: process.execPath, args: this.#serviceArguments(part), variables: {} };
    const variables = peerEnvironment(layout, settings, organisationOf(part));
    return { ...traces, program: this.#commands.path('peer'), args: ['node', 'start'], variables };
  }

  #serviceArguments(contract: Contract): string[] {
    const tls = join(this.#layout.host(SERVICES, contract), 'tls');
    return [
      CHAINCODE_MAIN,
      ...['--name', contract],
      ...['--id', packageId(this.#layout, contract)],
      ...['--address', `127.0.0.1:${contractPort(this.#settings, contract)}`],
      ...['--tls-key', join(tls, 'server.key')],
      ...['--tls-cert', join(tls, 'server.crt')],
      ...['--client-ca', join(this.#layout.host(SERVICES, DIALLER_HOST), 'tls', 'ca.crt')],
    ];
  }
}

/** From sources Node takes the types off as it reads. */
const CHAINCODE_MAIN = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../chaincode/main.ts' : '../chaincode/main.js', import.meta.url),
);

function isContract(part: Part): part is Contract {
  return (CONTRACTS as readonly string[]).includes(part);
}

function organisationOf(part: Part): string {
  return part.slice('peer-'.length);
}
