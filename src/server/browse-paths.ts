import {
  type BaseNode,
  type BrowsePath,
  BrowsePathResult,
  type IAddressSpace,
  type NodeId,
  type RelativePathElement,
  StatusCodes,
  coerceExpandedNodeId,
} from 'node-opcua';

/*
 * Following browse paths (OPC UA Part 4, clause 5.9.4) for somebody who may not see every node: a node that is hidden is not
 * gone through, either. node-opcua follows each way to a node anew, so that a path to and fro between a type and its many
 * instances takes it for ever; here a node is met once a step.
 */

/** Elements of a path; node-opcua's own nodes are fewer than ten steps from anywhere. */
const LONGEST_PATH = 32;
/** References looked at for the paths of one request. */
const MOST_REFERENCES = 500_000;

/** What node-opcua's nodes can do beside what their type says. */
interface Steps {
  browseNodeByTargetName(element: RelativePathElement, isLast: boolean): NodeId[];
}

/** Follows the paths of one request. */
export class PathFollower {
  readonly #space: IAddressSpace;
  readonly #isHidden: (nodeId: NodeId) => boolean;
  #references = 0;

  constructor(space: IAddressSpace, isHidden: (nodeId: NodeId) => boolean) {
    this.#space = space;
    this.#isHidden = isHidden;
  }

  follow({ startingNode, relativePath }: BrowsePath): BrowsePathResult {
    const start = this.#visible(startingNode);
    if (start === undefined) return failed('BadNodeIdUnknown');
    const elements = relativePath.elements ?? [];
    if (elements.length === 0) return failed('BadNothingToDo');
    if (elements.some(({ targetName }) => !targetName?.name)) return failed('BadBrowseNameInvalid');
    if (elements.length > LONGEST_PATH) return failed('BadNoMatch');
    let nodes: readonly BaseNode[] = [start];
    for (const [index, element] of elements.entries()) {
      const next = this.#step(nodes, element, index === elements.length - 1);
      if (next === undefined) return failed('BadTooManyOperations');
      nodes = next;
    }
    if (nodes.length === 0) return failed('BadNoMatch');
    const targets = nodes.map(({ nodeId }) => ({ targetId: coerceExpandedNodeId(nodeId), remainingPathIndex: 0xffffffff }));
    return new BrowsePathResult({ statusCode: StatusCodes.Good, targets });
  }

  /** Undefined where the request has cost too much by now. */
  #step(nodes: readonly BaseNode[], element: RelativePathElement, isLast: boolean): readonly BaseNode[] | undefined {
    const found = new Set<BaseNode>();
    for (const node of nodes) {
      this.#references += node.allReferences().length;
      if (this.#references > MOST_REFERENCES) return undefined;
      for (const nodeId of (node as BaseNode & Steps).browseNodeByTargetName(element, isLast)) {
        const target = this.#visible(nodeId);
        if (target !== undefined) found.add(target);
      }
    }
    return [...found];
  }

  #visible(nodeId: NodeId): BaseNode | undefined {
    if (this.#isHidden(nodeId)) return undefined;
    return this.#space.findNode(nodeId) ?? undefined;
  }
}

function failed(name: 'BadNodeIdUnknown' | 'BadNothingToDo' | 'BadBrowseNameInvalid' | 'BadNoMatch' | 'BadTooManyOperations') {
  return new BrowsePathResult({ statusCode: StatusCodes[name], targets: [] });
}
