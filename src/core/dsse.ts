import * as v from 'valibot';
import { type Bytes, concat, fromBase64Url, toBase64Url, utf8 } from './bytes.ts';
import { canonicalJson, type Json, parseCanonical } from './canonical.ts';
import { labelledHash } from './crypto.ts';
import { keyIdOf, verifyEd25519 } from './ed25519.ts';
import { RejectedError } from './errors.ts';
import type { Signer } from './ports.ts';
import { base64Url, parseShape } from './shape.ts';

/** DSSE envelope (secure-systems-lab DSSE v1.0.2) with Ed25519; payload and signatures in base64url without padding. */
export const EnvelopeShape = v.strictObject({
  payload: base64Url(),
  payloadType: v.string(),
  signatures: v.pipe(v.array(v.strictObject({ keyid: base64Url(32), sig: base64Url(64) })), v.minLength(1), v.maxLength(4)),
});
export type Envelope = Readonly<v.InferOutput<typeof EnvelopeShape>>;

/** A public key that must have signed, by its raw bytes. */
export type RequiredKey = Bytes;

/** Signs the canonical bytes of `payload` by every signer, in the order given. */
export async function signEnvelope(payloadType: string, payload: Json, ...signers: readonly Signer[]): Promise<Envelope> {
  const bytes = canonicalJson(payload);
  const signatures = [];
  for (const signer of signers) signatures.push(await signatureBy(signer, payloadType, bytes));
  return { payload: toBase64Url(bytes), payloadType, signatures };
}

/** The same envelope with one more signature at the end. */
export async function countersign(envelope: Envelope, signer: Signer): Promise<Envelope> {
  const signature = await signatureBy(signer, envelope.payloadType, fromBase64Url(envelope.payload));
  return { ...envelope, signatures: [...envelope.signatures, signature] };
}

/**
 * Verifies an envelope and gives its payload's bytes. The signatures must be exactly those of `keys`, one each, in this
 * order: a missing, additional or unknown one is refused, and so is a payload type other than the expected.
 * @throws RejectedError `BAD_ENVELOPE`, `BAD_SIGNATURE`, `BAD_KEY`
 */
export function verifyEnvelope(envelope: Envelope, payloadType: string, ...keys: readonly RequiredKey[]): Bytes {
  if (envelope.payloadType !== payloadType) {
    throw new RejectedError('BAD_ENVELOPE', `Expected an envelope of type ${payloadType}, got ${envelope.payloadType.slice(0, 80)}.`);
  }
  if (keys.length === 0 || envelope.signatures.length !== keys.length) {
    throw new RejectedError('BAD_ENVELOPE', `Expected ${keys.length} signature(s), got ${envelope.signatures.length}.`);
  }
  const bytes = fromBase64Url(envelope.payload);
  const message = preAuthenticationEncoding(payloadType, bytes);
  envelope.signatures.forEach((signature, index) => {
    const key = keys[index]!;
    if (signature.keyid !== keyIdOf(key)) {
      throw new RejectedError('BAD_ENVELOPE', `Signature ${index} names key ${signature.keyid}, not the expected one.`);
    }
    verifyEd25519(key, message, fromBase64Url(signature.sig));
  });
  return bytes;
}

/** Payload bytes of an envelope whose signatures are checked elsewhere or later. Never trust what comes from here. */
export function unverifiedPayload(envelope: Envelope): Bytes {
  return fromBase64Url(envelope.payload);
}

/**
 * Parses the canonical payload of such an envelope by a shape; what is said of {@link unverifiedPayload} holds.
 * @param what names the document in the error
 * @throws RejectedError `BAD_SHAPE`, `NOT_CANONICAL`
 */
export function unverifiedContent<const Shape extends v.GenericSchema>(
  envelope: Envelope,
  shape: Shape,
  what: string,
): v.InferOutput<Shape> {
  return parseShape(shape, parseCanonical(unverifiedPayload(envelope)), what);
}

/** Parses what is claimed to be an envelope, from parsed JSON. @throws RejectedError `BAD_SHAPE` */
export function parseEnvelope(value: unknown): Envelope {
  return parseShape(EnvelopeShape, value, 'envelope');
}

/** Verifies an envelope and parses its canonical payload by a shape. */
export function openEnvelope<const Shape extends v.GenericSchema>(
  envelope: Envelope,
  payloadType: string,
  shape: Shape,
  ...keys: readonly RequiredKey[]
): v.InferOutput<Shape> {
  return parseShape(shape, parseCanonical(verifyEnvelope(envelope, payloadType, ...keys)), payloadType);
}

/** An object's hash: over its payload and type, not over its signatures. 32 bytes. */
export function objectHash(payloadType: string, payload: Bytes): Bytes {
  return labelledHash('DCMB/0/object', utf8(payloadType), payload);
}

export function envelopeHash(envelope: Envelope): Bytes {
  return objectHash(envelope.payloadType, fromBase64Url(envelope.payload));
}

/** An envelope's hash as it stands in documents, state and events: base64url, 43 characters. */
export function envelopeHashText(envelope: Envelope): string {
  return toBase64Url(envelopeHash(envelope));
}

async function signatureBy(signer: Signer, payloadType: string, payload: Bytes): Promise<{ keyid: string; sig: string }> {
  const sig = await signer.sign(preAuthenticationEncoding(payloadType, payload));
  return { keyid: signer.keyId, sig: toBase64Url(sig) };
}

function preAuthenticationEncoding(payloadType: string, payload: Bytes): Bytes {
  const type = utf8(payloadType);
  return concat(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload);
}
