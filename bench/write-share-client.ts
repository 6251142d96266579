import { TagWriter, type TagWrite } from '../src/client/index.ts';

/*
 * The writing side of write-share.ts, in a process of its own so that its CPU time is not the server's. Told over IPC
 * where to connect, then how many requests to write in each round.
 */

export interface ConnectOrder {
  readonly endpointUrl: string;
  readonly applicationName: string;
  readonly applicationUri: string;
  readonly certificate: string;
  readonly privateKeyPem: string;
  readonly password: string;
  readonly nodeIds: readonly string[];
}
export type Order = { readonly connect: ConnectOrder } | { readonly requests: number } | { readonly end: true };

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

async function write(requests: number): Promise<void> {
  if (writer === undefined) throw new Error('Not connected yet.');
  for (let i = 0; i < requests; i++) {
    written++;
    const writes = nodeIds.map((nodeId): TagWrite => ({ nodeId, value: { type: 'Double', value: written / 7 } }));
    const refused = (await writer.write(writes)).find((result) => !result.accepted);
    if (refused !== undefined) throw new Error(`A write was refused: ${refused.status}.`);
  }
}

async function obey(order: Order): Promise<void> {
  if ('connect' in order) await connect(order.connect);
  else if ('requests' in order) await write(order.requests);
  else await writer?.close();
  process.send?.('done');
  if ('end' in order) process.disconnect();
}

process.on('message', (order) => {
  obey(order as Order).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
