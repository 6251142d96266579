import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { ApplicationIdentity } from '../src/server/index.ts';
import type { Answer, Order, WriteOrder } from './writing-client.ts';

export interface ClientPlace {
  readonly endpointUrl: string;
  readonly identity: ApplicationIdentity;
  readonly password: string;
  readonly nodeIds: readonly string[];
}

/** The process of writing-client.ts. */
export class ClientProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start({ endpointUrl, identity, password, nodeIds }: ClientPlace): Promise<ClientProcess> {
    const child = fork(new URL('./writing-client.ts', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.once('exit', (code) => {
      if (code !== 0) throw new Error(`The client process ended with code ${code}.`);
    });
    const client = new ClientProcess(child);
    const { applicationName, applicationUri, certificate, privateKeyPem } = identity;
    const encoded = Buffer.from(certificate).toString('base64');
    await client.#order({
      connect: { endpointUrl, applicationName, applicationUri, certificate: encoded, privateKeyPem, password, nodeIds },
    });
    return client;
  }

  write(order: WriteOrder): Promise<Answer> {
    return this.#order(order);
  }

  async end(): Promise<void> {
    await this.#order({ end: true });
  }

  async #order(order: Order): Promise<Answer> {
    this.#child.send(order);
    const [answer] = (await once(this.#child, 'message')) as [Answer];
    return answer;
  }
}
