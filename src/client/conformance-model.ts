import { DCMB_URI, type NodesetDocument, type NodesetNode } from '../nodeset/index.ts';

const HAS_TYPE_PARENTS = new Set(['i=46', 'i=47', 'HasProperty', 'HasComponent']);
const HAS_SUBTYPE = new Set(['i=45', 'HasSubtype']);
const HAS_MODELLING_RULE = new Set(['i=37', 'HasModellingRule']);
const MANDATORY = 'i=78';

/** A member that instances of a type have. */
export interface ModelMember {
  readonly name: string;
  readonly nodeClass: 'Object' | 'Variable' | 'Method';
  /** NodeId with namespace URI; variables only. */
  readonly dataType: string | undefined;
  readonly isMandatory: boolean;
  /** Methods only: what they take and give. */
  readonly inputs: readonly ModelArgument[];
  readonly outputs: readonly ModelArgument[];
}

export interface ModelArgument {
  readonly name: string;
  readonly dataType: string;
}

/** What our information model says of a type's instances, members of its supertypes in it included. */
export function membersOf(model: NodesetDocument, type: string): ModelMember[] {
  const byId = new Map(model.nodes.map((node) => [node.id, node]));
  const found: ModelMember[] = [];
  for (let node = byId.get(idOf(type)); node !== undefined; node = supertypeOf(node, byId)) {
    const own = node.references.filter(({ type: reference, isForward }) => isForward && HAS_TYPE_PARENTS.has(reference));
    for (const { target } of own) {
      const member = memberOf(byId.get(target), byId);
      if (member !== undefined) found.push(member);
    }
  }
  return found;
}

function memberOf(node: NodesetNode | undefined, byId: ReadonlyMap<string, NodesetNode>): ModelMember | undefined {
  const nodeClass = node?.nodeClass;
  if (node === undefined || (nodeClass !== 'Object' && nodeClass !== 'Variable' && nodeClass !== 'Method')) return undefined;
  const rule = node.references.find(({ type }) => HAS_MODELLING_RULE.has(type))?.target;
  const args = (name: string): readonly ModelArgument[] => byId.get(`${node.id}.${name}`)?.methodArguments ?? [];
  return {
    name: node.browseName,
    nodeClass,
    dataType: nodeClass === 'Variable' ? node.dataType : undefined,
    isMandatory: rule === MANDATORY,
    inputs: args('InputArguments'),
    outputs: args('OutputArguments'),
  };
}

function supertypeOf(node: NodesetNode, byId: ReadonlyMap<string, NodesetNode>): NodesetNode | undefined {
  const target = node.references.find(({ type, isForward }) => !isForward && HAS_SUBTYPE.has(type))?.target;
  return target === undefined ? undefined : byId.get(target);
}

function idOf(type: string): string {
  return `nsu=${DCMB_URI};s=${type}`;
}
