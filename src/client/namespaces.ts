import { NodeId, NodeIdType } from 'node-opcua';
import { rejected } from './errors.ts';

/** A node id that holds after a server restart: namespace by URI, `nsu=<uri>;s=<text>` or `nsu=<uri>;i=<number>`. */
const EXPANDED = /^nsu=([^;]+);([si])=(.+)$/s;
/** Node ids of the OPC UA namespace itself need no URI. */
const STANDARD = /^i=(\d+)$/;

/**
 * Reads a node id as it stands in a configuration. `ns=<index>` is refused: the index may change whenever the server
 * is configured anew, and then another variable would be read without anybody noticing.
 * @param namespaces the server's namespace array
 * @throws RejectedError `BAD_NODE_ID` or `NAMESPACE_UNKNOWN`
 */
export function resolveNodeId(text: string, namespaces: readonly string[]): NodeId {
  const standard = STANDARD.exec(text);
  if (standard !== null) return numeric(text, standard[1] ?? '', 0);
  const match = EXPANDED.exec(text);
  if (match === null) throw badNodeId(text);
  const [, uri, kind, identifier] = match as unknown as readonly [string, string, 's' | 'i', string];
  const index = namespaces.indexOf(uri);
  if (index < 0) throw rejected('NAMESPACE_UNKNOWN', `The server has no namespace "${uri}", which the node id "${text}" names.`);
  return kind === 's' ? new NodeId(NodeIdType.STRING, identifier, index) : numeric(text, identifier, index);
}

function numeric(text: string, digits: string, index: number): NodeId {
  if (!/^\d{1,10}$/.test(digits) || Number(digits) > 0xffffffff) throw badNodeId(text);
  return new NodeId(NodeIdType.NUMERIC, Number(digits), index);
}

function badNodeId(text: string): Error {
  return rejected('BAD_NODE_ID', `"${text}" is not a lasting node id. Write nsu=<namespace URI>;s=<name>, or ;i=<number> below 2^32.`);
}
