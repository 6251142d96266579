import type { Bytes } from '../core/index.ts';
import { refuse } from './errors.ts';

/*
 * PEM (RFC 7468) as Fabric reads it, which takes whatever Go's encoding/pem takes: text before and after, any label, headers,
 * spaces and tabs. Whoever has a certificate may show it in any of these forms.
 */

const BEGIN = '-----BEGIN ';
const END = '\n-----END ';
const DASHES = '-----';

interface Line {
  readonly text: string;
  /** Where the next line begins. */
  readonly next: number;
}

/** What the first object in a text holds. @throws RejectedError `BAD_ENCODING` where there is none */
export function derOf(pem: Bytes): Bytes {
  const text = latin1(pem);
  let from = 0;
  for (let end = text.indexOf(END); end >= 0; end = text.indexOf(END, from)) {
    const found = objectBetween(text, from, end);
    if (found !== undefined) return found;
    from = end + END.length;
  }
  return refuse('BAD_ENCODING', 'The certificate is not in PEM.');
}

/** The object that begins last before this end. @param from nothing before it counts */
function objectBetween(text: string, from: number, end: number): Bytes | undefined {
  // Not `lastIndexOf` with a place: that would look through all the text before, again for each end.
  const begin = from + text.slice(from, end).lastIndexOf(BEGIN);
  if (begin < from || (begin > from && text[begin - 1] !== '\n')) return undefined;
  const label = lineAt(text, begin + BEGIN.length);
  if (!label.text.endsWith(DASHES)) return undefined;
  const body = afterHeaders(text, label.next);
  if (body === undefined || body > end) return undefined;
  const trailer = end + END.length;
  if (!text.startsWith(label.text, trailer) || lineAt(text, trailer + label.text.length).text !== '') return undefined;
  return base64(text.slice(body, end));
}

function afterHeaders(text: string, from: number): number | undefined {
  let at = from;
  for (;;) {
    if (at >= text.length) return undefined;
    const line = lineAt(text, at);
    if (!line.text.includes(':')) return at;
    at = line.next;
  }
}

/** A line without white space at its end. */
function lineAt(text: string, at: number): Line {
  const end = text.indexOf('\n', at);
  const line = end < 0 ? text.slice(at) : text.slice(at, end);
  return { text: (end < 0 ? line : line.replace(/\r$/, '')).replace(/[ \t]+$/, ''), next: end < 0 ? text.length : end + 1 };
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function base64(text: string): Bytes | undefined {
  const body = text.replaceAll(/[ \t\r\n]/g, '');
  return BASE64.test(body) ? Uint8Array.from(atob(body), (character) => character.charCodeAt(0)) : undefined;
}

/** One character a byte. */
export function latin1(bytes: Bytes): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}
