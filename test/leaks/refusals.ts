import { leavesOf } from './decoded.ts';
import type { NodeProbe } from './node-probes.ts';
import type { AskedNode } from './scene.ts';
import type { ServiceName } from './services.ts';
import type { Answer } from './wire.ts';

/*
 * What an answer has to be, by OPC UA Part 4, where it is a refusal. `hidden`: as if the node were not there. `denied`: the
 * node may be seen, its value not.
 */

const NOT_OFFERED = ['BadServiceUnsupported'];
const NO_HISTORY = [
  'BadHistoryOperationUnsupported',
  'BadHistoryOperationInvalid',
  'BadNotReadable',
  'BadUserAccessDenied',
  'BadAggregateNotSupported',
];
/** Faults of the request itself, which come before a look at the node. */
const NO_FILTER = ['BadFilterNotAllowed', 'BadMonitoredItemFilterUnsupported', 'BadDeadbandFilterInvalid', 'BadAggregateNotSupported'];

const REFUSALS: Readonly<Partial<Record<ServiceName, Readonly<Record<AskedNode['visibility'], readonly string[]>>>>> = {
  Read: { hidden: ['BadNodeIdUnknown'], denied: ['BadUserAccessDenied', 'BadNotReadable'] },
  Write: { hidden: ['BadNodeIdUnknown'], denied: ['BadUserAccessDenied', 'BadNotWritable', 'BadTypeMismatch'] },
  HistoryRead: { hidden: ['BadNodeIdUnknown', ...NO_HISTORY], denied: NO_HISTORY },
  CreateMonitoredItems: {
    hidden: ['BadNodeIdUnknown', ...NO_FILTER],
    denied: ['Good', 'BadUserAccessDenied', 'BadNotReadable', ...NO_FILTER],
  },
  Browse: { hidden: ['BadNodeIdUnknown'], denied: ['Good'] },
  TranslateBrowsePathsToNodeIds: { hidden: ['BadNodeIdUnknown', 'BadNoMatch'], denied: ['Good', 'BadNoMatch', 'BadNodeIdUnknown'] },
  Call: {
    hidden: ['BadNodeIdUnknown', 'BadMethodInvalid'],
    denied: ['BadMethodInvalid', 'BadNodeIdUnknown', 'BadUserAccessDenied', 'BadNotExecutable', 'BadNodeIdInvalid'],
  },
  AddNodes: { hidden: NOT_OFFERED, denied: NOT_OFFERED },
  AddReferences: { hidden: NOT_OFFERED, denied: NOT_OFFERED },
  DeleteNodes: { hidden: NOT_OFFERED, denied: NOT_OFFERED },
  DeleteReferences: { hidden: NOT_OFFERED, denied: NOT_OFFERED },
  HistoryUpdate: { hidden: NOT_OFFERED, denied: NOT_OFFERED },
};

/** What else but the value of a node that may be seen is nobody's secret. */
const OPEN_ATTRIBUTE = /^attribute (?!Value$)/;

/** @returns what is wrong with the answer, or undefined */
export function faultOf(
  probe: Pick<NodeProbe, 'service' | 'about'>,
  visibility: AskedNode['visibility'],
  answer: Answer,
): string | undefined {
  const allowed = REFUSALS[probe.service]?.[visibility];
  if (allowed === undefined || (visibility === 'denied' && probe.service === 'Read' && OPEN_ATTRIBUTE.test(probe.about))) return undefined;
  const given = answer.status === 'Good' ? answer.results : [answer.status];
  const wrong = given.find((status) => !allowed.includes(status));
  return wrong === undefined && given.length > 0 ? undefined : `answered ${wrong ?? 'without a result'} instead of ${allowed.join(' or ')}`;
}

/** Fields of every answer that no two answers share. */
const OF_THE_ANSWER = /(?:^responseHeader\.(?:timestamp|requestHandle)|serverTimestamp|serverPicoseconds)$/;

/** Where two answers differ, one about what is there and one about what is not. */
export function differenceOf(real: Answer, twin: Answer, node: Pick<AskedNode, 'id' | 'twin'>): string | undefined {
  if (real.status !== twin.status) return `${real.status} for what is there, ${twin.status} for what is not`;
  if (real.bytes !== twin.bytes) return `${real.bytes} bytes for what is there, ${twin.bytes} for what is not`;
  const [first, second] = [comparable(real), comparable(twin)];
  const [name, twinName] = [localName(node.id), localName(node.twin)];
  const paths = new Set([...first.keys(), ...second.keys()]);
  for (const path of paths) {
    const [one, other] = [first.get(path), second.get(path)?.replaceAll(twinName, name)];
    if (one !== other) return `${path} is ${one ?? 'absent'} for what is there, ${other ?? 'absent'} for what is not`;
  }
  return undefined;
}

function comparable({ response }: Answer): Map<string, string> {
  const leaves = leavesOf(response).filter(({ path }) => !OF_THE_ANSWER.test(path));
  return new Map(leaves.map(({ path, value }) => [path, value instanceof Date ? value.toISOString() : String(value)]));
}

function localName(nodeId: string): string {
  return nodeId.replace(/^ns=\d+;[is]=/, '');
}
