import { type NodeClassName, type NodesetDocument, readNodeset } from './document.ts';
import { childOf, type XmlElement } from './xml.ts';

/** The text of node-ids.ts for a nodeset whose NodeIds are Strings: `<type>`, `<type>.<child>` and so on. */
export function nodeIdsModule(xml: string): string {
  const document = readNodeset('dcmb.NodeSet2.xml', xml);
  const [model] = document.models;
  return [
    '/* Generated from nodesets/dcmb.NodeSet2.xml by scripts/generate-node-ids.ts. Do not edit. */',
    '',
    `export const DCMB_URI = ${quote(model?.uri ?? '')};`,
    `export const DCMB_NODESET_VERSION = ${quote(model?.version ?? '')};`,
    `export const DCMB_NODESET_DATE = ${quote(model?.publicationDate ?? '')};`,
    '',
    "/* BrowseName to NodeId, without the namespace: the index is the server's to give. */",
    '',
    ...constants('OBJECT_TYPES', 'ObjectType', document),
    ...constants('VARIABLE_TYPES', 'VariableType', document),
    ...constants('DATA_TYPES', 'DataType', document),
    ...constants('METHODS', 'Method', document),
    ...methodDescriptions(document),
    ...childNames(document),
    ...document.nodes.flatMap((node) => enumeration(node.browseName, node.description, node.element)),
  ].join('\n');
}

function constants(name: string, nodeClass: NodeClassName, document: NodesetDocument): string[] {
  const entries = document.nodes
    .filter((node) => node.nodeClass === nodeClass)
    .map((node) => ({ key: textOf(node.id), id: `s=${textOf(node.id)}` }));
  const lines = entries.map(({ key, id }) => `  ${/^\w+$/.test(key) ? key : quote(key)}: ${quote(id)},`);
  return [`export const ${name} = {`, ...lines, '} as const;', ''];
}

/** node-opcua loads no descriptions of methods; servers add them. */
function methodDescriptions({ nodes }: NodesetDocument): string[] {
  const methods = nodes.filter(({ nodeClass }) => nodeClass === 'Method');
  const lines = methods.flatMap(({ id, description }) => entry(textOf(id), quote(description)));
  return ['/** English descriptions of the methods. */', 'export const METHOD_DESCRIPTIONS = {', ...lines, '} as const;', ''];
}

/** Laid out as the formatter would. */
function entry(key: string, value: string): string[] {
  const line = `  ${quote(key)}: ${value},`;
  return line.length <= WIDTH ? [line] : [`  ${quote(key)}:`, `    ${value},`];
}

/** BrowseNames of the variables, objects and methods right below each type, so that a misspelt one does not compile. */
function childNames(document: NodesetDocument): string[] {
  const types = document.nodes.filter((node) => node.nodeClass === 'ObjectType' || node.nodeClass === 'VariableType');
  const lines = types.flatMap((type) => {
    const prefix = `${textOf(type.id)}.`;
    const names = document.nodes
      .filter((node) => textOf(node.id).startsWith(prefix) && !textOf(node.id).slice(prefix.length).includes('.'))
      .map((node) => quote(node.browseName));
    return names.length === 0 ? [] : property(textOf(type.id), names);
  });
  return [
    '/** BrowseNames of what stands right below each type, inherited children not included. */',
    'export interface Children {',
    ...lines,
    '}',
    '',
  ];
}

const WIDTH = 140;

/** Laid out as the formatter would. */
function property(name: string, alternatives: readonly string[]): string[] {
  const union = `${alternatives.join(' | ')};`;
  if (`  ${name}: ${union}`.length <= WIDTH) return [`  ${name}: ${union}`];
  if (`    ${union}`.length <= WIDTH) return [`  ${name}:`, `    ${union}`];
  return [`  ${name}:`, ...alternatives.map((text, index) => `    | ${text}${index === alternatives.length - 1 ? ';' : ''}`)];
}

/** `LedgerStateEnumeration` gives the constant LEDGER_STATE (name to number) and the type LedgerState (the names). */
function enumeration(browseName: string, description: string, element: XmlElement): string[] {
  const fields = childOf(element, 'Definition')?.children;
  if (fields === undefined) return [];
  const type = browseName.replace(/Enumeration$/, '');
  const constant = type.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
  const lines = fields.flatMap((field) => [
    `  /** ${childOf(field, 'Description')?.text ?? ''} */`,
    `  ${field.attributes.get('Name') ?? ''}: ${field.attributes.get('Value') ?? ''},`,
  ]);
  return [
    `/** ${description} */`,
    `export const ${constant} = {`,
    ...lines,
    '} as const;',
    `export type ${type} = keyof typeof ${constant};`,
    '',
  ];
}

function textOf(id: string): string {
  return id.slice(id.indexOf(';s=') + 3);
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
