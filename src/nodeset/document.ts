import { RejectedError } from '../core/index.ts';
import type { NodesetErrorCode } from './errors.ts';
import { childOf, parseXml, type XmlElement } from './xml.ts';

/*
 * A UANodeSet document (OPC UA Part 6, Annex F) as far as its graph goes. NodeIds are written out with their namespace
 * URI (`nsu=<uri>;s=<text>`, `i=<number>` in namespace 0), so that those of several documents compare.
 */

export const UA_URI = 'http://opcfoundation.org/UA/';

const NODE_CLASSES = ['Object', 'Variable', 'Method', 'View', 'ObjectType', 'VariableType', 'DataType', 'ReferenceType'] as const;
export type NodeClassName = (typeof NODE_CLASSES)[number];

export interface NodesetModel {
  readonly uri: string;
  readonly version: string;
  readonly publicationDate: string;
  readonly required: readonly { readonly uri: string; readonly version: string; readonly publicationDate: string }[];
}

export interface NodesetReference {
  readonly type: string;
  readonly target: string;
  readonly isForward: boolean;
}

export interface NodesetNode {
  readonly id: string;
  readonly nodeClass: NodeClassName;
  /** Without the namespace index. */
  readonly browseName: string;
  readonly displayName: string;
  readonly description: string;
  /** Variables and variable types only. */
  readonly dataType: string | undefined;
  readonly references: readonly NodesetReference[];
  /** What InputArguments or OutputArguments of a method list; undefined for every other node. */
  readonly methodArguments: readonly { readonly name: string; readonly dataType: string }[] | undefined;
  readonly element: XmlElement;
}

export interface NodesetDocument {
  readonly name: string;
  readonly models: readonly NodesetModel[];
  readonly nodes: readonly NodesetNode[];
  /** Names used as NodeIds that are neither a NodeId nor an alias of this document, with the line of the node. */
  readonly unresolved: readonly { readonly alias: string; readonly node: string; readonly line: number }[];
}

/** True for the text of a NodeId, false for a name that should have been an alias of one. */
export function isNodeId(text: string): boolean {
  return /(^|;)[isgb]=/.test(text);
}

/** @throws RejectedError `BAD_XML`, `NOT_A_NODESET` */
export function readNodeset(name: string, xml: string): NodesetDocument {
  const root = parseXml(name, xml);
  if (root.name !== 'UANodeSet') throw new RejectedError<NodesetErrorCode>('NOT_A_NODESET', `${name} is no UANodeSet document.`);
  const uris = [UA_URI, ...(childOf(root, 'NamespaceUris')?.children ?? []).map((uri) => uri.text)];
  const aliases = new Map((childOf(root, 'Aliases')?.children ?? []).map((alias) => [alias.attributes.get('Alias') ?? '', alias.text]));
  const unresolved: { alias: string; node: string; line: number }[] = [];
  const nodes: NodesetNode[] = [];
  for (const element of root.children) {
    const nodeClass = NODE_CLASSES.find((known) => element.name === `UA${known}`);
    if (nodeClass === undefined) continue;
    const id = expand(element.attributes.get('NodeId') ?? '', uris);
    const resolve = (text: string): string => {
      const resolved = expand(aliases.get(text) ?? text, uris);
      if (!isNodeId(resolved)) unresolved.push({ alias: text, node: id, line: element.line });
      return resolved;
    };
    nodes.push(readNode(element, id, nodeClass, resolve));
  }
  return { name, models: (childOf(root, 'Models')?.children ?? []).map(readModel), nodes, unresolved };
}

function readNode(element: XmlElement, id: string, nodeClass: NodeClassName, resolve: (text: string) => string): NodesetNode {
  const dataType = element.attributes.get('DataType');
  const hasValue = nodeClass === 'Variable' || nodeClass === 'VariableType';
  return {
    id,
    nodeClass,
    browseName: (element.attributes.get('BrowseName') ?? '').replace(/^\d+:/, ''),
    displayName: childOf(element, 'DisplayName')?.text ?? '',
    description: childOf(element, 'Description')?.text ?? '',
    // The schema's default for an absent DataType is BaseDataType.
    dataType: hasValue ? resolve(dataType ?? 'i=24') : undefined,
    references: (childOf(element, 'References')?.children ?? []).map((reference) => ({
      type: resolve(reference.attributes.get('ReferenceType') ?? ''),
      target: resolve(reference.text),
      isForward: reference.attributes.get('IsForward') !== 'false',
    })),
    methodArguments: isArguments(element) ? descendants(element, 'Argument').map((argument) => readArgument(argument, resolve)) : undefined,
    element,
  };
}

function isArguments(element: XmlElement): boolean {
  const browseName = element.attributes.get('BrowseName');
  return element.name === 'UAVariable' && (browseName === 'InputArguments' || browseName === 'OutputArguments');
}

function readArgument(element: XmlElement, resolve: (text: string) => string): { name: string; dataType: string } {
  const dataType = childOf(element, 'DataType');
  const id = dataType === undefined ? undefined : childOf(dataType, 'Identifier')?.text;
  return { name: childOf(element, 'Name')?.text ?? '', dataType: resolve(id ?? 'i=0') };
}

function descendants(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap((child) => (child.name === name ? [child] : descendants(child, name)));
}

function readModel(element: XmlElement): NodesetModel {
  const of = (model: XmlElement) => ({
    uri: model.attributes.get('ModelUri') ?? '',
    version: model.attributes.get('Version') ?? '',
    publicationDate: model.attributes.get('PublicationDate') ?? '',
  });
  return { ...of(element), required: element.children.filter((child) => child.name === 'RequiredModel').map(of) };
}

/** An index beyond the document's own namespace table stays as it is, and is thus found dangling. */
function expand(nodeId: string, uris: readonly string[]): string {
  const match = /^ns=(\d+);(.*)$/s.exec(nodeId);
  if (match === null) return nodeId;
  const [, index, rest] = match;
  const uri = uris[Number(index)];
  if (uri === undefined) return nodeId;
  return uri === UA_URI ? (rest ?? '') : `nsu=${uri};${rest ?? ''}`;
}
