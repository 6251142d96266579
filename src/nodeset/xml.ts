import { RejectedError } from '../core/index.ts';
import type { NodesetErrorCode } from './errors.ts';

/** One element. Names are local: nodesets use prefixes for their values only, never two vocabularies at one place. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The character data of the element itself, trimmed. */
  readonly text: string;
  /** One-based. */
  readonly line: number;
}

interface OpenElement {
  name: string;
  attributes: Map<string, string>;
  children: XmlElement[];
  text: string;
  line: number;
}

const TOKEN = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+|</g;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * Reads the XML that nodesets are written in: elements, attributes, character data, comments. Document types and their
 * entities are refused, for they let a file name others.
 * @param name shown in errors
 * @throws RejectedError `BAD_XML`
 */
export function parseXml(name: string, xml: string): XmlElement {
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  let line = 1;
  const refuse = (what: string): RejectedError<NodesetErrorCode> => new RejectedError('BAD_XML', `${name}, line ${line}: ${what}.`);
  const close = (element: OpenElement): void => {
    const done: XmlElement = { ...element, text: element.text.trim() };
    const parent = open.at(-1);
    if (parent !== undefined) parent.children.push(done);
    else if (root === undefined) root = done;
    else throw refuse('a second root element');
  };
  for (const [token, cdata, closing, opening, attributes, empty] of xml.replace(/^\uFEFF/, '').matchAll(TOKEN)) {
    const top = open.at(-1);
    if (opening !== undefined) {
      const element = { name: localName(opening), attributes: attributesOf(attributes ?? ''), children: [], text: '', line };
      if (empty === '/') close(element);
      else open.push(element);
    } else if (closing !== undefined) {
      if (top?.name !== localName(closing)) throw refuse(`</${closing}> closes nothing`);
      open.pop();
      close(top);
    } else if (token === '<' || token.startsWith('<!DOCTYPE')) {
      throw refuse('not well-formed, or a document type');
    } else if (!token.startsWith('<!--') && !token.startsWith('<?')) {
      if (top !== undefined) top.text += cdata ?? decodeEntities(token);
      else if (token.trim() !== '') throw refuse('text outside the root element');
    }
    line += countLines(token);
  }
  if (open.length > 0) throw refuse(`<${open.at(-1)?.name ?? ''}> is not closed`);
  if (root === undefined) throw refuse('no element');
  return root;
}

/** The first child of that name. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function attributesOf(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name, double, single] of text.matchAll(ATTRIBUTE)) attributes.set(name ?? '', decodeEntities(double ?? single ?? ''));
  return attributes;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex: string, decimal: string, named: string) => {
    if (named !== undefined) return ENTITIES[named] ?? whole;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });
}

function countLines(token: string): number {
  let lines = 0;
  for (let at = token.indexOf('\n'); at >= 0; at = token.indexOf('\n', at + 1)) lines++;
  return lines;
}
