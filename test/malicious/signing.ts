import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  canonicalJson,
  type Envelope,
  fromBase64Url,
  type Json,
  keyIdOf,
  parseCanonical,
  toBase64Url,
  unverifiedPayload,
} from '../../src/core/index.ts';

/** A party's own signing key, with which it signs whatever it likes, at once. */
export class Signing {
  readonly #key: KeyObject;
  readonly keyId: string;

  /** @param path of the key's file, PKCS#8 in PEM */
  constructor(path: string) {
    this.#key = createPrivateKey(readFileSync(path));
    const { x } = createPublicKey(this.#key).export({ format: 'jwk' });
    this.keyId = keyIdOf(fromBase64Url(x ?? ''));
  }

  /** DSSE v1.0.2, of its own making: it does not lean on what it is to deceive. */
  envelope(payloadType: string, payload: object): Envelope {
    const bytes = Buffer.from(canonicalJson(payload as Json));
    const message = Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${bytes.length} `), bytes]);
    const sig = toBase64Url(new Uint8Array(sign(null, message, this.#key)));
    return { payload: toBase64Url(new Uint8Array(bytes)), payloadType, signatures: [{ keyid: this.keyId, sig }] };
  }

  /** The envelope's content with some of it changed, signed anew. */
  changed<Content extends object>(envelope: Envelope, changes: Partial<Content>): Envelope {
    return this.envelope(envelope.payloadType, { ...contentOf<Content>(envelope), ...changes });
  }
}

export function contentOf<Content>(envelope: Envelope): Content {
  return parseCanonical(unverifiedPayload(envelope)) as Content;
}
