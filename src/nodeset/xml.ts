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

const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+|</g;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * Reads the XML that nodesets are written in: elements, attributes, character data, comments. Document types and their
 * entities are refused, for they let a file name others.
 * @param name shown in errors
 * @throws RejectedError `BAD_XML`
 */
export function parseXml(name: string, xml: string): XmlElement {
  const builder = new TreeBuilder(name);
  for (const match of xml.replace(/^\uFEFF/, '').matchAll(TOKEN)) builder.take(match);
  return builder.end();
}

class TreeBuilder {
  readonly #name: string;
  readonly #open: OpenElement[] = [];
  #root: XmlElement | undefined;
  #line = 1;

  constructor(name: string) {
    this.#name = name;
  }

  take([token, cdata, closing, opening, attributes, empty]: RegExpExecArray): void {
    if (opening !== undefined) this.#start(opening, attributes ?? '', empty === '/');
    else if (closing !== undefined) this.#finish(closing);
    else if (token === '<') throw this.#refuse('not well-formed, or a document type');
    else if (!token.startsWith('<!--') && !token.startsWith('<?')) this.#text(cdata ?? this.#decode(token));
    this.#line += countLines(token);
  }

  end(): XmlElement {
    const open = this.#open.at(-1);
    if (open !== undefined) throw this.#refuse(`<${open.name}> is not closed`);
    if (this.#root === undefined) throw this.#refuse('no element');
    return this.#root;
  }

  #start(tag: string, attributes: string, isEmpty: boolean): void {
    const given = new Map<string, string>();
    for (const [, name, double, single] of attributes.matchAll(ATTRIBUTE)) given.set(name ?? '', this.#decode(double ?? single ?? ''));
    const element = { name: localName(tag), attributes: given, children: [], text: '', line: this.#line };
    if (isEmpty) this.#close(element);
    else this.#open.push(element);
  }

  #finish(tag: string): void {
    const top = this.#open.pop();
    if (top?.name !== localName(tag)) throw this.#refuse(`</${tag}> closes nothing`);
    this.#close(top);
  }

  #close(element: OpenElement): void {
    const done: XmlElement = { ...element, text: element.text.trim() };
    const parent = this.#open.at(-1);
    if (parent !== undefined) parent.children.push(done);
    else if (this.#root === undefined) this.#root = done;
    else throw this.#refuse('a second root element');
  }

  #text(text: string): void {
    const top = this.#open.at(-1);
    if (top !== undefined) top.text += text;
    else if (text.trim() !== '') throw this.#refuse('text outside the root element');
  }

  #decode(text: string): string {
    if (!text.includes('&')) return text;
    return text.replaceAll(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex: string, decimal: string, named: string) => {
      if (named !== undefined) return ENTITIES[named] ?? whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      if (!isCharacter(code)) throw this.#refuse(`${whole} is no character`);
      return String.fromCodePoint(code);
    });
  }

  #refuse(what: string): RejectedError<NodesetErrorCode> {
    return new RejectedError('BAD_XML', `${this.#name}, line ${this.#line}: ${what}.`);
  }
}

/** The first child of that name. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Characters of XML 1.0: no control characters but three, no halves of a pair. */
function isCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

function countLines(token: string): number {
  let lines = 0;
  for (let at = token.indexOf('\n'); at >= 0; at = token.indexOf('\n', at + 1)) lines++;
  return lines;
}
