import { encodingsOf } from '../app/encodings.ts';
import type { Unfolded } from './peer-files/peer-content.ts';

/** What must be nowhere, with the name that a failure tells. */
export type Secret =
  | { readonly name: string; readonly kind: 'number'; readonly value: number }
  | { readonly name: string; readonly kind: 'text'; readonly value: string }
  /** Of a longer text or of random bytes: any of its pieces is one too many. */
  | { readonly name: string; readonly kind: 'bytes'; readonly value: Buffer };

const PIECE = 24;
/** A form that is shorter stands in any megabyte of ciphertext by chance. */
const LEAST_FORM = 5;

/** Bytes that would give a secret away, wherever they stood. Base64 and hex need none: the search decodes them. */
export function formsOf(secret: Secret): Map<string, Buffer> {
  if (secret.kind === 'bytes') return piecesOf(secret.value);
  const forms = secret.kind === 'text' ? textForms(secret.value) : numberForms(secret.value);
  return new Map([...forms].filter(([, form]) => form.length >= LEAST_FORM));
}

function piecesOf(value: Buffer): Map<string, Buffer> {
  const pieces = new Map<string, Buffer>();
  for (let at = 0; at + PIECE <= value.length; at += PIECE / 3) pieces.set(`bytes from ${at}`, value.subarray(at, at + PIECE));
  return pieces;
}

function textForms(text: string): Map<string, Buffer> {
  const utf16 = Buffer.from(text, 'utf16le');
  const escaped = [...text].map((each) => (each > '~' ? `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}` : each)).join('');
  return new Map([
    ['UTF-8', Buffer.from(text)],
    ['Latin-1', Buffer.from(text, 'latin1')],
    ['UTF-16 LE', utf16],
    ['UTF-16 BE', Buffer.from(utf16).swap16()],
    ['in JSON', Buffer.from(escaped)],
    ['in a URL', Buffer.from(encodeURIComponent(text))],
    ['in small letters', Buffer.from(text.toLowerCase())],
    ['in capitals', Buffer.from(text.toUpperCase())],
  ]);
}

function numberForms(value: number): Map<string, Buffer> {
  const forms = new Map(encodingsOf(value, Number.isInteger(value) ? 'UInt32' : 'Double'));
  for (const [name, form] of forms) if (form.length < 8 || /^(?:text|UTF-16) \d{1,5}$/.test(name)) forms.delete(name);
  if (!Number.isInteger(value)) return forms;
  const wide = Buffer.alloc(8);
  wide.writeBigInt64LE(BigInt(value));
  forms.set('64 bits LE', wide);
  forms.set('64 bits BE', Buffer.from(wide).reverse());
  forms.set('varint', varint(value));
  forms.set('zigzag varint', varint(2 * value));
  return forms;
}

/** @param value 0 or more */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; bytes.length === 0 || rest > 0; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + (rest < 128 ? 0 : 128));
  return Buffer.from(bytes);
}

/** Where secrets stand in what a stranger makes of some bytes: their names with the form that gives them away. */
export class SecretSearch {
  readonly #forms: readonly (readonly [string, Buffer])[];
  readonly #numbers: readonly (readonly [string, number])[];

  constructor(secrets: readonly Secret[]) {
    this.#forms = secrets.flatMap((secret) => [...formsOf(secret)].map(([form, bytes]) => [`${secret.name}: ${form}`, bytes] as const));
    this.#numbers = secrets.flatMap((secret) => (secret.kind === 'number' ? [[`${secret.name}: number`, secret.value] as const] : []));
  }

  in({ fragments, numbers }: Unfolded): string[] {
    const all = joined(fragments);
    return [
      ...this.#forms.filter(([, form]) => all.includes(form)).map(([name]) => name),
      ...this.#numbers.filter(([, value]) => numbers.has(value)).map(([name]) => name),
    ];
  }
}

/** Fragments with a gap between them, so that nothing is found across two. */
export function joined(fragments: readonly Buffer[]): Buffer {
  const gap = Buffer.from([0x00, 0xff, 0x00]);
  return Buffer.concat(fragments.flatMap((fragment) => [fragment, gap]));
}
