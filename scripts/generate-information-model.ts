import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DCMB_NODESET_FILE, type NodesetDocument, type NodesetNode, nodesetFiles, readNodeset } from '../src/nodeset/index.ts';
import { METHOD_STATUSES } from './method-statuses.ts';

/*
 * The reference in docs/information-model.md, made of nodesets/dcmb.NodeSet2.xml: every type with its members, every method
 * with its arguments and what it answers. After a change: node scripts/generate-information-model.ts
 */

const PAGE = fileURLToPath(new URL('../docs/information-model.md', import.meta.url));
const PLACE = /(<!-- reference -->\n\n)(?:(?!<!--)[^])*(<!-- end -->)/;

const HAS_MODELLING_RULE = 'i=37';
const HAS_TYPE_DEFINITION = 'i=40';
const GENERATES_EVENT = 'i=41';
const HAS_SUBTYPE = 'i=45';
const HAS_CONDITION = 'i=9006';
const HAS_CHILD = new Set(['i=46', 'i=47']);
const RULES: Readonly<Record<string, string>> = { 'i=78': 'yes', 'i=80': 'may', 'i=11508': 'any number', 'i=11510': 'one or more' };
const EVENT = /(?:Event|Alarm)Type$/;

/** The page with its reference as the nodeset has it now. */
export function withReference(page: string): string {
  if (!PLACE.test(page)) throw new Error('docs/information-model.md has no place for the reference.');
  const lines = new Reference().lines();
  return page.replace(PLACE, (_, begin: string, end: string) => `${begin}${lines.join('\n')}\n\n${end}`);
}

class Reference {
  readonly #ours: NodesetDocument;
  readonly #nodes: ReadonlyMap<string, NodesetNode>;

  constructor() {
    this.#ours = readNodeset('dcmb.NodeSet2.xml', readFileSync(DCMB_NODESET_FILE, 'utf8'));
    const all = nodesetFiles().flatMap((file) => readNodeset(file, readFileSync(file, 'utf8')).nodes);
    this.#nodes = new Map(all.map((node) => [node.id, node]));
  }

  lines(): string[] {
    const types = this.#of('ObjectType');
    const [model] = this.#ours.models;
    return [
      `Version ${model?.version} of ${model?.publicationDate.slice(0, 10)}. "Is there" says whether every instance has the member.`,
      '',
      ...section(
        'Objects',
        types.filter((type) => !EVENT.test(type.browseName)).map((type) => this.#type(type)),
      ),
      ...section(
        'Variables',
        this.#of('VariableType').map((type) => this.#type(type)),
      ),
      ...section(
        'Enumerations',
        this.#of('DataType').map((type) => enumeration(type)),
      ),
      ...section(
        'Types of events and alarms',
        types.filter((type) => EVENT.test(type.browseName)).map((type) => this.#type(type)),
      ),
      ...section(
        'Methods',
        this.#of('Method').map((method) => this.#method(method)),
      ),
    ].slice(0, -1);
  }

  #of(nodeClass: NodesetNode['nodeClass']): NodesetNode[] {
    return this.#ours.nodes.filter((node) => node.nodeClass === nodeClass);
  }

  #type(type: NodesetNode): string[] {
    const base = type.references.find((reference) => reference.type === HAS_SUBTYPE && !reference.isForward)?.target ?? '';
    const abstract = type.element.attributes.get('IsAbstract') === 'true' ? ' Abstract.' : '';
    const raises = this.#targets(type, GENERATES_EVENT);
    const conditions = this.#targets(type, HAS_CONDITION);
    const members = this.#members(type, '');
    return [
      `**${type.browseName}**, a ${this.#name(base)}.${abstract} ${type.description}`,
      ...(raises.length > 0 ? ['', `Raises ${raises.join(', ')}.`] : []),
      ...(conditions.length > 0 ? ['', `Alarms: ${conditions.join(', ')}.`] : []),
      ...(members.length > 0 ? ['', ...table(['member', 'type', 'is there', 'what'], members)] : []),
    ];
  }

  #targets(node: NodesetNode, type: string): string[] {
    return node.references.filter((reference) => reference.type === type && reference.isForward).map(({ target }) => this.#name(target));
  }

  /** What stands below a node, with what stands below that. Arguments are told with their method. */
  #members(node: NodesetNode, path: string): string[][] {
    return this.#children(node)
      .filter((child) => child.methodArguments === undefined)
      .flatMap((child) => {
        const name = `${path}${child.browseName}`;
        const rule = child.references.find(({ type }) => type === HAS_MODELLING_RULE)?.target ?? '';
        const alarms = this.#targets(child, HAS_CONDITION);
        const what = alarms.length > 0 ? `${child.description} Its alarm is a ${alarms.join(', ')}.` : child.description;
        return [[code(name), this.#kind(child), RULES[rule] ?? '', cell(what)], ...this.#members(child, `${name}/`)];
      });
  }

  #children(node: NodesetNode): NodesetNode[] {
    return node.references.flatMap(({ type, target, isForward }) => {
      const child = HAS_CHILD.has(type) && isForward ? this.#nodes.get(target) : undefined;
      return child === undefined ? [] : [child];
    });
  }

  #kind(node: NodesetNode): string {
    if (node.nodeClass === 'Method') return 'method';
    const definition = this.#name(node.references.find(({ type }) => type === HAS_TYPE_DEFINITION)?.target ?? '');
    if (node.dataType === undefined) return definition;
    const isArray = Number(node.element.attributes.get('ValueRank') ?? '-1') > 0;
    const dataType = `${this.#name(node.dataType)}${isArray ? '[]' : ''}`;
    return ['PropertyType', 'BaseDataVariableType'].includes(definition) ? dataType : `${dataType}, ${definition}`;
  }

  #method(method: NodesetNode): string[] {
    const id = method.id.replace(/^.*;s=/, '');
    const statuses = METHOD_STATUSES[id as keyof typeof METHOD_STATUSES];
    if (statuses === undefined) throw new Error(`scripts/method-statuses.ts has no ${id}.`);
    const list = (name: string) => this.#children(method).find((child) => child.browseName === name);
    const rows = [...this.#argumentRows('takes', list('InputArguments')), ...this.#argumentRows('gives', list('OutputArguments'))];
    return [
      `**${id}** ${method.description}`,
      ...(rows.length > 0 ? ['', ...table(['', 'argument', 'type', 'what'], rows)] : []),
      '',
      ...table(
        ['status', 'when'],
        Object.entries(statuses).map(([status, when]) => [status, cell(when)]),
      ),
    ];
  }

  #argumentRows(direction: string, node: NodesetNode | undefined): string[][] {
    const descriptions = node === undefined ? [] : argumentDescriptions(node);
    return (node?.methodArguments ?? []).map(({ name, dataType }, index) => [
      direction,
      code(name),
      this.#name(dataType),
      cell(descriptions[index] ?? ''),
    ]);
  }

  #name(id: string): string {
    const name = this.#nodes.get(id)?.browseName;
    if (name === undefined) throw new Error(`No nodeset has ${id}.`);
    return name;
  }
}

type Element = NodesetNode['element'];

function argumentDescriptions(node: NodesetNode): string[] {
  return below(node.element, 'Argument').map(
    (argument) => below(argument, 'Description').flatMap((text) => below(text, 'Text'))[0]?.text ?? '',
  );
}

function below(element: Element, name: string): Element[] {
  return element.children.flatMap((child) => (child.name === name ? [child] : below(child, name)));
}

function enumeration(type: NodesetNode): string[] {
  const fields = below(type.element, 'Field').map((field) => [
    field.attributes.get('Value') ?? '',
    field.attributes.get('Name') ?? '',
    cell(below(field, 'Description')[0]?.text ?? ''),
  ]);
  return [`**${type.browseName}** ${type.description}`, '', ...table(['value', 'name', 'what'], fields)];
}

function section(title: string, parts: readonly (readonly string[])[]): string[] {
  return [`### ${title}`, '', ...parts.flatMap((part) => [...part, ''])];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function code(text: string): string {
  return `\`${text}\``;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, withReference(readFileSync(PAGE, 'utf8')));
