import { isNodeId, type NodesetDocument, type NodesetModel, type NodesetNode } from './document.ts';

/*
 * What neither the schema of nodesets nor node-opcua's loader notices: a graph that does not hold together. The rules
 * are those of OPC UA Part 3 (clauses 4 to 7) and Part 6, Annex F.
 */

export type NodesetRule =
  | 'missing-model'
  | 'outdated-model'
  | 'duplicate-node'
  | 'unresolved-alias'
  | 'dangling-reference'
  | 'dangling-data-type'
  | 'no-supertype'
  | 'supertype-of-other-class'
  | 'no-type-definition'
  | 'type-definition-of-other-class'
  | 'argument-without-type';

export interface NodesetFinding {
  readonly rule: NodesetRule;
  /** Name of the document. */
  readonly file: string;
  /** One-based line of the node, 1 for findings about the document. */
  readonly line: number;
  /** NodeId or model URI, with namespaces written out. */
  readonly subject: string;
  readonly message: string;
}

const HAS_SUBTYPE = 'i=45';
const HAS_TYPE_DEFINITION = 'i=40';
/** The roots of the type hierarchies, which have no supertype: BaseDataType, References, BaseObjectType, BaseVariableType. */
const ROOT_TYPES = new Set(['i=24', 'i=31', 'i=58', 'i=62']);
const TYPE_CLASSES = new Set(['ObjectType', 'VariableType', 'DataType', 'ReferenceType']);

type Index = ReadonlyMap<string, NodesetNode>;
type Report = (rule: NodesetRule, subject: string, message: string, line?: number) => void;

/**
 * Checks that documents hold together: give all that are loaded into one server, required ones included.
 * @returns what is wrong, in the order of the documents; empty when nothing is
 */
export function checkNodesets(documents: readonly NodesetDocument[]): NodesetFinding[] {
  const findings: NodesetFinding[] = [];
  const models = new Map(documents.flatMap((document) => document.models.map((model) => [model.uri, model])));
  const nodes = new Map<string, NodesetNode>();
  for (const document of documents) for (const node of document.nodes) if (!nodes.has(node.id)) nodes.set(node.id, node);
  for (const document of documents) {
    const report: Report = (rule, subject, message, line = 1) => findings.push({ rule, file: document.name, line, subject, message });
    checkModels(document, models, report);
    checkAliases(document, report);
    for (const node of document.nodes) checkNode(node, nodes, (rule, message) => report(rule, node.id, message, node.element.line));
  }
  return findings;
}

function checkModels(document: NodesetDocument, models: ReadonlyMap<string, NodesetModel>, report: Report): void {
  for (const { required } of document.models) {
    for (const wanted of required) {
      const loaded = models.get(wanted.uri);
      if (loaded === undefined) report('missing-model', wanted.uri, `needs the model ${wanted.uri}, which is not among the documents`);
      else if (isOlder(loaded, wanted)) {
        report(
          'outdated-model',
          wanted.uri,
          `needs ${wanted.uri} ${wanted.version} (${wanted.publicationDate}), but ${loaded.version} is there`,
        );
      }
    }
  }
}

/** Versions are free texts; publication dates are what the specification orders models by (Part 6, Annex F.5). */
function isOlder(loaded: NodesetModel, wanted: { readonly publicationDate: string; readonly version: string }): boolean {
  if (wanted.publicationDate !== '' && loaded.publicationDate !== '')
    return Date.parse(loaded.publicationDate) < Date.parse(wanted.publicationDate);
  return wanted.version !== '' && loaded.version.localeCompare(wanted.version, 'en', { numeric: true }) < 0;
}

function checkAliases(document: NodesetDocument, report: Report): void {
  for (const { alias, node, line } of document.unresolved) {
    report('unresolved-alias', node, `uses "${alias}", which is neither a NodeId nor an alias`, line);
  }
}

type NodeReport = (rule: NodesetRule, message: string) => void;

function checkNode(node: NodesetNode, nodes: Index, report: NodeReport): void {
  if (nodes.get(node.id) !== node) report('duplicate-node', 'has a NodeId that another node has already');
  for (const { type, target } of node.references) {
    if (isNodeId(target) && !nodes.has(target)) report('dangling-reference', `refers to ${target}, which does not exist`);
    if (isNodeId(type) && nodes.get(type)?.nodeClass !== 'ReferenceType')
      report('dangling-reference', `uses ${type}, which is no reference type`);
  }
  if (node.dataType !== undefined && isNodeId(node.dataType) && nodes.get(node.dataType)?.nodeClass !== 'DataType') {
    report('dangling-data-type', `has the data type ${node.dataType}, which does not exist`);
  }
  if (TYPE_CLASSES.has(node.nodeClass)) checkSupertype(node, nodes, report);
  if (node.nodeClass === 'Object' || node.nodeClass === 'Variable') checkTypeDefinition(node, nodes, report);
  checkArguments(node, nodes, report);
}

function checkSupertype(node: NodesetNode, nodes: Index, report: NodeReport): void {
  if (ROOT_TYPES.has(node.id)) return;
  const supertypes = supertypesOf(node, nodes);
  if (supertypes.length === 0) report('no-supertype', 'is a type without a supertype');
  for (const supertype of supertypes) {
    const nodeClass = nodes.get(supertype)?.nodeClass;
    if (nodeClass !== undefined && nodeClass !== node.nodeClass) {
      report('supertype-of-other-class', `is a ${node.nodeClass} and has the ${nodeClass} ${supertype} as supertype`);
    }
  }
}

/** The reference may stand at either end. */
function supertypesOf(node: NodesetNode, nodes: Index): string[] {
  const own = node.references
    .filter((reference) => reference.type === HAS_SUBTYPE && !reference.isForward)
    .map((reference) => reference.target);
  if (own.length > 0) return own;
  const isSupertype = (other: NodesetNode): boolean =>
    other.references.some((reference) => reference.type === HAS_SUBTYPE && reference.isForward && reference.target === node.id);
  return [...nodes.values()].filter(isSupertype).map((other) => other.id);
}

function checkTypeDefinition(node: NodesetNode, nodes: Index, report: NodeReport): void {
  const definitions = node.references.filter((reference) => reference.type === HAS_TYPE_DEFINITION && reference.isForward);
  if (definitions.length !== 1) report('no-type-definition', `has ${definitions.length} type definitions instead of one`);
  for (const { target } of definitions) {
    const nodeClass = nodes.get(target)?.nodeClass;
    if (nodeClass !== undefined && nodeClass !== `${node.nodeClass}Type`) {
      report('type-definition-of-other-class', `is a ${node.nodeClass} and has the ${nodeClass} ${target} as its type`);
    }
  }
}

function checkArguments(node: NodesetNode, nodes: Index, report: NodeReport): void {
  // Methods that subtypes give their arguments declare none, by a dimension of 0.
  const declaresNone = node.element.attributes.get('ArrayDimensions') === '0';
  if (node.methodArguments?.length === 0 && !declaresNone) report('argument-without-type', 'lists no arguments');
  for (const { name, dataType } of node.methodArguments ?? []) {
    if (isNodeId(dataType) && nodes.get(dataType)?.nodeClass !== 'DataType') {
      report('argument-without-type', `lists the argument "${name}" with the data type ${dataType}, which does not exist`);
    }
  }
}
