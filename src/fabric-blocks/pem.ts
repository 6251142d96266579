import { type Bytes } from '../core/index.ts';
import { refuse } from './errors.ts';

const PEM = /^\s*-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END ([A-Z0-9 ]+)-----\s*$/;

/** What a text in PEM (RFC 7468) holds: one object, nothing before and after it. @throws RejectedError `BAD_ENCODING` */
export function derOf(text: string, label: 'CERTIFICATE' | 'X509 CRL'): Bytes {
  const [, begins, body = '', ends] = PEM.exec(text) ?? [];
  if (begins !== label || ends !== label) refuse('BAD_ENCODING', `Expected one ${label} in PEM.`);
  try {
    return Uint8Array.from(atob(body.replaceAll(/[\r\n]/g, '')), (character) => character.charCodeAt(0));
  } catch (cause) {
    return refuse('BAD_ENCODING', `Expected one ${label} in PEM.`, { cause });
  }
}
