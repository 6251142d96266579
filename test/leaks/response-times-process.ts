import { AttributeIds } from 'node-opcua';
import { INSTANCE_URI, streamChildId } from '../../src/nodeset/index.ts';
import { parseApplicationIdentity } from '../../src/server/identity/index.ts';
import { pause } from '../support/pause.ts';
import { certificateUser, uaClient } from '../support/ua-client.ts';

/*
 * A client of a cleared server that reads one variable again and again, in a process of its own, and prints for each read
 * when it began (ms since 1970) and how long it took (ms).
 */

interface Pem {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

const PAUSE_MS = 3;

let text = '';
for await (const piece of process.stdin.setEncoding('utf8') as AsyncIterable<string>) text += piece;
const task = JSON.parse(text) as { readonly endpointUrl: string; readonly own: Pem; readonly server: Pem };
const identityOf = ({ certificatePem, privateKeyPem }: Pem) => parseApplicationIdentity(Buffer.from(certificatePem), privateKeyPem);
const own = identityOf(task.own);
const client = uaClient(own, identityOf(task.server));
await client.connect(task.endpointUrl);
const session = await client.createSession(certificateUser(own));
const index = (await session.readNamespaceArray()).indexOf(INSTANCE_URI);
const nodeId = `ns=${index};${streamChildId('press', 'Maintenance', 'ConditionCode')}`;
for (;;) {
  const [atMs, startMs] = [Date.now(), performance.now()];
  await session.read({ nodeId, attributeId: AttributeIds.Value });
  process.stdout.write(`${JSON.stringify([atMs, performance.now() - startMs])}\n`);
  await pause(PAUSE_MS);
}
