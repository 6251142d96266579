import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DCMB_NODESET_FILE } from '../src/nodeset/files.ts';
import { nodeIdsModule } from '../src/nodeset/node-ids-module.ts';

/*
 * Writes src/nodeset/node-ids.ts from nodesets/dcmb.NodeSet2.xml. Run it after every change of the nodeset:
 *   node scripts/generate-node-ids.ts
 */

const target = fileURLToPath(new URL('../src/nodeset/node-ids.ts', import.meta.url));
writeFileSync(target, nodeIdsModule(readFileSync(DCMB_NODESET_FILE, 'utf8')));
