import { parseApplicationIdentity } from '../../src/server/identity/index.ts';
import { SeededRandom } from '../crash/random.ts';
import { certificateUser } from '../support/ua-client.ts';
import { HostileChannel } from './fuzz-channel.ts';
import { sendGarbage } from './fuzz-garbage.ts';
import { type Request } from './fuzz-requests.ts';
import { Heard, newStructure, Values } from './fuzz-values.ts';

/*
 * Floods a server until it is killed: strangers with garbage, and sessions of a trusted client that read without a pause.
 * Reads its task from the standard input; prints a line when it has begun.
 */

interface Task {
  readonly endpointUrl: string;
  readonly own: Pem;
  readonly server: Pem;
}
interface Pem {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

const SESSIONS = 10;
const READS = 500;

let text = '';
for await (const piece of process.stdin.setEncoding('utf8') as AsyncIterable<string>) text += piece;
const task = JSON.parse(text) as Task;
const identityOf = ({ certificatePem, privateKeyPem }: Pem) => parseApplicationIdentity(Buffer.from(certificatePem), privateKeyPem);
const own = identityOf(task.own);
const on = { endpointUrl: task.endpointUrl, own, server: identityOf(task.server) };
const random = new SeededRandom(1);
const heard = new Heard();
const values = new Values(random, heard);

function manyReads(): Request {
  const request = newStructure('ReadRequest');
  request['nodesToRead'] = Array.from({ length: READS }, () => values.structure('ReadValueId'));
  return request as unknown as Request;
}

async function readForEver(): Promise<never> {
  for (;;) {
    try {
      const channel = await HostileChannel.secured(on, certificateUser(own), heard, () => undefined);
      while (channel.isOpen) await channel.send(manyReads(), 2000);
      await channel.close();
    } catch {
      // The server takes no more of this: again.
    }
  }
}

async function garbageForEver(): Promise<never> {
  for (;;) await sendGarbage(on.endpointUrl, () => undefined, [Buffer.alloc(100, 1)], random, 100).catch(() => undefined);
}

process.stdout.write('flooding\n');
await Promise.all([garbageForEver(), ...Array.from({ length: SESSIONS }, () => readForEver())]);
