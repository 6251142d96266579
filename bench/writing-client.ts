import { TagWriter, type TagWrite } from '../src/client/index.ts';

/*
 * The writing side of a bench, in a process of its own so that its CPU time is not the server's. Told over IPC where to
 * connect, then how many requests to write in each round.
 */

export interface ConnectOrder {
  readonly endpointUrl: string;
  readonly applicationName: string;
  readonly applicationUri: string;
  /** DER, base64. */
  readonly certificate: string;
  readonly privateKeyPem: string;
  readonly password: string;
  readonly nodeIds: readonly string[];
}
export interface WriteOrder {
  readonly requests: number;
  /** Written in each request; all where absent. */
  readonly nodeIds?: readonly string[];
  /** Requests that are under way together, 1 where absent. */
  readonly atOnce?: number;
}

export type Order = { readonly connect: ConnectOrder } | WriteOrder | { readonly end: true };

/** What came of an order to write; of any other, zeros. */
export interface Answer {
  readonly seconds: number;
  /** The median request's, ms. */
  readonly latencyMs: number;
}

let writer: TagWriter | undefined;
let nodeIds: readonly string[] = [];
let written = 0;

async function connect(order: ConnectOrder): Promise<void> {
  const { endpointUrl, applicationName, applicationUri, privateKeyPem, password } = order;
  writer = new TagWriter({
    endpointUrl,
    identity: { applicationName, applicationUri, certificate: Buffer.from(order.certificate, 'base64'), privateKeyPem },
    trust: { judge: () => Promise.resolve('trusted') },
    user: { kind: 'password', userName: 'plc', password },
  });
  await writer.connect();
  ({ nodeIds } = order);
}

async function write({ requests, nodeIds: chosen = nodeIds, atOnce = 1 }: WriteOrder): Promise<Answer> {
  const latencies: number[] = [];
  const begin = performance.now();
  const writeInTurn = async (): Promise<void> => {
    while (latencies.length + atOnce <= requests) {
      const sent = performance.now();
      await request(chosen);
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, writeInTurn));
  latencies.sort((a, b) => a - b);
  return { seconds: (performance.now() - begin) / 1000, latencyMs: latencies[Math.floor(latencies.length / 2)] ?? 0 };
}

async function request(chosen: readonly string[]): Promise<void> {
  if (writer === undefined) throw new Error('Not connected yet.');
  written++;
  const writes = chosen.map((nodeId): TagWrite => ({ nodeId, value: { type: 'Double', value: written / 7 } }));
  const refused = (await writer.write(writes)).find((result) => !result.accepted);
  if (refused !== undefined) throw new Error(`A write was refused: ${refused.status}.`);
}

async function obey(order: Order): Promise<void> {
  let answer: Answer = { seconds: 0, latencyMs: 0 };
  if ('connect' in order) await connect(order.connect);
  else if ('requests' in order) answer = await write(order);
  else await writer?.close();
  process.send?.(answer);
  if ('end' in order) process.disconnect();
}

process.on('message', (order) => {
  obey(order as Order).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
