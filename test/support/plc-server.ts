import { type Namespace, type StatusCode, StatusCodes, type UAVariable } from 'node-opcua';
import type { UaType, UaValue } from '../../src/core/index.ts';
import { dataTypeOf, fromVariant, toVariant } from '../../src/nodeset/index.ts';
import { TEST_NAMESPACE, type UaServerOptions, UaTestServer } from './ua-server.ts';

export interface PlcVariable {
  readonly name: string;
  readonly type: UaType;
  readonly value: UaValue['value'];
}

/** A simulated PLC with an OPC UA server of its own: a few variables that a program inside it changes. */
export class PlcServer {
  readonly #server: UaTestServer;
  readonly #variables: ReadonlyMap<string, UAVariable>;

  private constructor(server: UaTestServer, variables: ReadonlyMap<string, UAVariable>) {
    this.#server = server;
    this.#variables = variables;
  }

  static async start(options: Omit<UaServerOptions, 'build'> & { readonly variables: readonly PlcVariable[] }): Promise<PlcServer> {
    const variables = new Map<string, UAVariable>();
    const server = await UaTestServer.start({
      ...options,
      build: (namespace) => {
        for (const variable of options.variables) variables.set(variable.name, addVariable(namespace, variable));
      },
    });
    return new PlcServer(server, variables);
  }

  static nodeId(name: string): string {
    return `nsu=${TEST_NAMESPACE};s=${name}`;
  }

  get endpointUrl(): string {
    return this.#server.endpointUrl;
  }

  get port(): number {
    return this.#server.port;
  }

  /** The PLC's program sets a variable. */
  set(name: string, value: UaValue, sourceMs: number = Date.now(), status: StatusCode = StatusCodes.Good): void {
    this.#variable(name).setValueFromSource(toVariant(value), status, new Date(sourceMs));
  }

  get(name: string): UaValue | undefined {
    return fromVariant(this.#variable(name).readValue().value);
  }

  /** Ends all sessions and keeps their subscriptions. */
  endSessions(): void {
    this.#server.endSessions();
  }

  /** Sequence number of the newest message that was sent and not acknowledged; 0 where there is none. */
  get newestSent(): number {
    return Math.max(0, ...this.#server.sentMessages().map(({ sequenceNumber }) => sequenceNumber));
  }

  /** Keeps no message for Republish, as a server with a short queue does. */
  forgetSent(): void {
    this.#server.forgetSent();
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }

  #variable(name: string): UAVariable {
    const variable = this.#variables.get(name);
    if (variable === undefined) throw new Error(`The PLC has no variable ${name}.`);
    return variable;
  }
}

function addVariable(namespace: Namespace, { name, type, value }: PlcVariable): UAVariable {
  return namespace.addVariable({
    organizedBy: namespace.addressSpace.rootFolder.objects,
    browseName: name,
    nodeId: `s=${name}`,
    dataType: dataTypeOf(type),
    minimumSamplingInterval: 0,
    value: toVariant({ type, value }),
  });
}
