/*
 * A PLC in a process of its own: writes values over OPC UA, each different from all others, and keeps a list of what it
 * sent and what was acknowledged. `node plc-process.ts PKI URL LIST`; ends in good order on SIGTERM.
 */
import { openSync, writeSync } from 'node:fs';
import { linkOptions, trustListOf } from '../../src/app/link-access.ts';
import { loadIdentity } from '../../src/app/plant-identities.ts';
import { TagWriter } from '../../src/client/index.ts';
import { INSTANCE_URI, inNamespace, tagId } from '../../src/nodeset/index.ts';
import { valueOf, writeLine } from './written-values.ts';

const WRITERS = 4;
const PAUSE_MS = 40;
const TAGS = [
  { name: 'Pieces', type: 'UInt32' },
  { name: 'Heat', type: 'Double' },
] as const;

const [pki = '', endpointUrl = '', listFile = ''] = process.argv.slice(2);
const list = openSync(listFile, 'a');
let isOver = false;
process.once('SIGTERM', () => (isOver = true));

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function note(step: string, tag: string, value: number): void {
  writeSync(list, writeLine(step, tag, value));
}

/** One value of each tag in each request. What failed as a whole is not sent again: it may have arrived. */
async function write(plc: TagWriter, writer: number): Promise<void> {
  for (let count = 0; !isOver; count++) {
    const value = valueOf(writer, count, Date.now());
    for (const { name } of TAGS) note('sent', name, value);
    try {
      const results = await plc.write(
        TAGS.map(({ name, type }) => ({ nodeId: inNamespace(INSTANCE_URI, tagId(name)), value: { type, value } })),
      );
      TAGS.forEach(({ name }, index) => note(results[index]?.status ?? 'BadNoData', name, value));
      await pause(PAUSE_MS);
    } catch {
      await pause(5 * PAUSE_MS);
    }
  }
}

const link = linkOptions(endpointUrl, loadIdentity(pki, 'plc'), trustListOf(pki, 'plc'), undefined);
const plc = new TagWriter({ ...link, resumeWithinMs: 500, retryFirstMs: 100, retryMostMs: 500, requestTimeoutMs: 5000 });
await plc.connectPatiently();
await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(plc, writer)));
await plc.close();
