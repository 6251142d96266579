import { fileURLToPath } from 'node:url';
import { nodesets } from 'node-opcua-nodesets';

/** Path of this project's own nodeset. */
export const DCMB_NODESET_FILE = fileURLToPath(new URL('../../nodesets/dcmb.NodeSet2.xml', import.meta.url));

/**
 * The nodesets of every server, in the order in which they must be loaded. The order is fixed, so that namespace
 * indexes are the same at every start and in every server: 0 UA, 1 the server's own (node-opcua), 2 DI, 3 IA,
 * 4 Machinery, 5 DCMB.
 */
export function nodesetFiles(): string[] {
  return [nodesets.standard, nodesets.di, nodesets.ia, nodesets.machinery, DCMB_NODESET_FILE];
}
