import type { ApplicationIdentity } from '../../src/server/identity/index.ts';
import { startIngest } from '../server/ingest-support.ts';

/*
 * An ingest server in a process of its own, so that its end can be seen. Prints where it is and who may come in. The
 * number given as argument stands in a tag that only operators may read.
 */

const canary = Number(process.argv[2]);
const timestamps = { use: 'server' } as const;
const ingest = await startIngest({
  tags: [
    { name: 'Secret', type: 'Double', timestamps, readableBy: ['Operator'] },
    { name: 'Pieces', type: 'UInt32', minimum: 0, maximum: 10_000, timestamps },
    { name: 'Heat', type: 'Double', timestamps: { use: 'source', maxAgeMs: 60_000, maxFutureMs: 1000 } },
    { name: 'Name', type: 'String', timestamps, maxBytes: 64 },
    { name: 'Picture', type: 'ByteString', timestamps },
    { name: 'Count', type: 'UInt64', timestamps },
    { name: 'Mode', type: 'Int32', timestamps, enumeration: new Map([[1, 'one']]) },
  ],
});
await ingest.server.feed('Secret', { value: { type: 'Double', value: canary }, status: 0, sourceMs: undefined });

const portable = ({ certificatePem, privateKeyPem }: ApplicationIdentity) => ({ certificatePem, privateKeyPem });
const { own, application, plc, server } = ingest;
const told = { endpointUrl: server.endpointUrl, server: portable(own), application: portable(application), plc: portable(plc) };
process.stdout.write(`${JSON.stringify(told)}\n`);
