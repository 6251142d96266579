import { type LinkState, type PlcGap, type PlcReading, PlcSubscription, type PlcSubscriptionOptions } from '../../src/client/index.ts';
import type { ApplicationIdentity } from '../../src/server/identity/index.ts';
import { PlcServer, type PlcVariable } from '../support/plc-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { testIdentity, trusting } from '../support/ua-server.ts';

const VARIABLES: readonly PlcVariable[] = [
  { name: 'count', type: 'Int32', value: 0 },
  { name: 'speed', type: 'Double', value: 0 },
];

/** Everything that a subscription told, in order. */
export class FollowerLog {
  readonly readings: PlcReading[] = [];
  readonly gaps: PlcGap[] = [];
  readonly refused: { tag: string; reason: Error }[] = [];
  readonly states: LinkState[] = [];
  readonly order: string[] = [];

  readonly hooks = {
    reading: (reading: PlcReading) => {
      this.readings.push(reading);
      this.order.push(`${reading.tag}=${String(reading.value?.value)}`);
    },
    gap: (gap: PlcGap) => {
      this.gaps.push(gap);
      this.order.push(`gap ${gap.reason}`);
    },
    refused: (tag: string, reason: Error) => this.refused.push({ tag, reason }),
    state: (state: LinkState) => this.states.push(state),
  };

  values(tag: string): unknown[] {
    return this.readings.filter((reading) => reading.tag === tag).map((reading) => reading.value?.value);
  }
}

/** A PLC with two variables, a network before it that can be cut, and whoever follows them. */
export class PlcScene {
  server: PlcServer;
  readonly proxy: TcpProxy;
  log = new FollowerLog();
  subscription: PlcSubscription | undefined;
  readonly #identities: Identities;

  private constructor(identities: Identities, server: PlcServer, proxy: TcpProxy) {
    this.#identities = identities;
    this.server = server;
    this.proxy = proxy;
  }

  static async start(): Promise<PlcScene> {
    identities ??= Promise.all([testIdentity('plc'), testIdentity('client')]).then(([plc, client]) => ({ plc, client }));
    const known = await identities;
    const server = await serverOf(known);
    return new PlcScene(known, server, await TcpProxy.start(server.port));
  }

  /** Begins a new log. */
  follow(overrides: Partial<PlcSubscriptionOptions> = {}): PlcSubscription {
    this.log = new FollowerLog();
    const { plc, client } = this.#identities;
    this.subscription = new PlcSubscription(
      {
        endpointUrl: `opc.tcp://localhost:${this.proxy.port}`,
        identity: client,
        trust: trusting(plc.certificate),
        user: { kind: 'password', userName: 'module', password: 'secret' },
        tags: VARIABLES.map(({ name }) => ({ tag: name, nodeId: PlcServer.nodeId(name) })),
        publishingMs: 50,
        ...overrides,
      },
      this.log.hooks,
    );
    return this.subscription;
  }

  /** Another server in the place of the one that was stopped. */
  async replaceServer(port: number, namespaces: readonly string[]): Promise<void> {
    this.server = await serverOf(this.#identities, port, namespaces);
  }

  async end(): Promise<void> {
    await this.subscription?.stop();
    await this.proxy.stop();
    await this.server.stop();
  }
}

interface Identities {
  readonly plc: ApplicationIdentity;
  readonly client: ApplicationIdentity;
}
let identities: Promise<Identities> | undefined;

function serverOf({ plc, client }: Identities, port = 0, namespaces: readonly string[] = []): Promise<PlcServer> {
  const passwords = { module: 'secret' };
  return PlcServer.start({ identity: plc, clients: [client.certificate], passwords, variables: VARIABLES, port, namespaces });
}
