import { type Bytes, equalBytes, fromUtf8, toHex, verifiesEcdsa, type EcdsaHash } from '../core/index.ts';
import {
  BIT_STRING,
  type Der,
  OBJECT_IDENTIFIER,
  OCTET_STRING,
  readDer,
  readDerList,
  readSequence,
  readUnsigned,
  SEQUENCE,
  SET,
} from './der.ts';
import { rawSignature } from './ecdsa-signature.ts';
import { refuse } from './errors.ts';
import { derOf, latin1 } from './pem.ts';

/*
 * X.509 certificates (RFC 5280) as Fabric's membership service providers use them: ECDSA keys and signatures only.
 */

/** Object identifiers by the hexadecimal digits of their DER content. */
const OID = {
  organizationalUnit: '55040b',
  basicConstraints: '551d13',
  keyUsage: '551d0f',
  subjectKeyIdentifier: '551d0e',
  extendedKeyUsage: '551d25',
} as const;
const SIGNED_WITH: Readonly<Record<string, EcdsaHash>> = {
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};
/** Extensions whose meaning is known here; a certificate with another critical one is not taken. */
const KNOWN_CRITICAL: ReadonlySet<string> = new Set([
  OID.basicConstraints,
  OID.keyUsage,
  OID.subjectKeyIdentifier,
  OID.extendedKeyUsage,
  // Alternative names, name constraints, distribution points, policies, authority's key identifier and access.
  ...['551d11', '551d1e', '551d1f', '551d20', '551d23', '2b06010505070101'],
]);
/** Purposes that Go asks for where nobody says which: of a server, or any. */
const SERVER_PURPOSES: ReadonlySet<string> = new Set(['2b06010505070301', '551d2500']);
const KEY_CERT_SIGN = 0x04;

const MOST_CACHED = 1024;
const parsed = new Map<string, Certificate>();

interface Fields {
  readonly raw: Bytes;
  readonly signed: Bytes;
  readonly algorithm: EcdsaHash;
  readonly signature: Bytes;
  readonly serial: string;
  readonly issuer: Bytes;
  readonly subject: Bytes;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly spki: Bytes;
  readonly isCa: boolean;
  readonly mayCertify: boolean;
  readonly pathLength: number;
  readonly serverPurpose: boolean;
  readonly subjectKeyId: Bytes | undefined;
}

export class Certificate {
  readonly #fields: Fields;
  readonly #issued = new WeakMap<Certificate, boolean>();
  /** Organisational units of the subject. */
  readonly units: readonly string[];

  constructor(fields: Fields) {
    this.#fields = fields;
    this.units = unitsOf(fields.subject);
  }

  /** DER of the whole certificate. */
  get raw(): Bytes {
    return this.#fields.raw;
  }

  get isCa(): boolean {
    return this.#fields.isCa;
  }

  /** Hexadecimal digits of the serial number's DER content. */
  get serial(): string {
    return this.#fields.serial;
  }

  /** How many intermediate authorities may stand below this one. */
  get pathLength(): number {
    return this.#fields.pathLength;
  }

  /** Names the key for revocation lists. */
  get subjectKeyId(): Bytes | undefined {
    return this.#fields.subjectKeyId;
  }

  /** Whether its purposes, where it names any, are those that peers ask for. */
  get hasServerPurpose(): boolean {
    return this.#fields.serverPurpose;
  }

  /** One second after this certificate becomes valid: the instant at which Fabric looks at those above it. */
  get judgedAtMs(): number {
    return this.#fields.notBeforeMs + 1000;
  }

  isValidAt(timeMs: number): boolean {
    return this.#fields.notBeforeMs <= timeMs && timeMs <= this.#fields.notAfterMs;
  }

  /** Whether a signature in DER, with s in the lower half of the order, is one by this key over SHA-256 of the message. */
  verifies(message: Bytes, signature: Bytes): boolean {
    const raw = rawSignature(this.#fields.spki, signature, 'low');
    return raw !== undefined && verifiesEcdsa(this.#fields.spki, 'sha256', message, raw);
  }

  /** Whether the other certificate names this one's subject as its issuer. */
  isNamedBy(other: Certificate): boolean {
    return equalBytes(this.#fields.subject, other.#fields.issuer);
  }

  /** Whether this certificate's subject has issued the other one, by name, right and signature. */
  hasIssued(other: Certificate): boolean {
    const known = this.#issued.get(other);
    if (known !== undefined) return known;
    const { mayCertify, isCa } = this.#fields;
    const { signed, signature, algorithm } = other.#fields;
    const issued = isCa && mayCertify && this.isNamedBy(other) && this.#signs(algorithm, signed, signature);
    this.#issued.set(other, issued);
    return issued;
  }

  /** Whether this certificate's key has signed a revocation list. */
  hasSigned(list: Bytes, signature: Bytes): boolean {
    return (['sha256', 'sha384', 'sha512'] as const).some((hash) => this.#signs(hash, list, signature));
  }

  #signs(hash: EcdsaHash, message: Bytes, signature: Bytes): boolean {
    const raw = rawSignature(this.#fields.spki, signature, 'any');
    return raw !== undefined && verifiesEcdsa(this.#fields.spki, hash, message, raw);
  }
}

/** Parses a certificate in PEM; the same bytes give the same object. @throws RejectedError `BAD_ENCODING` */
export function certificateOf(pem: Bytes): Certificate {
  const text = latin1(pem);
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const certificate = new Certificate(readCertificate(derOf(pem)));
  if (parsed.size >= MOST_CACHED) parsed.clear();
  parsed.set(text, certificate);
  return certificate;
}

function readCertificate(raw: Bytes): Fields {
  const [signed, algorithm, signature] = fixed(readSequence(raw), 3);
  const parts = readSequence(signed!.whole);
  // Version 1 has no number of its version, and no extensions.
  const [serial, innerAlgorithm, issuer, validity, subject, spki, ...rest] = parts[0]?.tag === 0xa0 ? parts.slice(1) : parts;
  if (spki === undefined) refuse('BAD_ENCODING', 'The certificate is cut off.');
  if (!equalBytes(innerAlgorithm!.whole, algorithm!.whole)) refuse('BAD_ENCODING', 'The certificate names two signature algorithms.');
  const [notBefore, notAfter] = fixed(readSequence(validity!.whole), 2);
  requirePlainPoint(spki);
  return {
    raw,
    signed: signed!.whole,
    algorithm: hashOf(algorithm!),
    signature: bitString(signature!),
    serial: toHex(serial!.content),
    issuer: issuer!.whole,
    subject: subject!.whole,
    notBeforeMs: timeOf(notBefore!),
    notAfterMs: timeOf(notAfter!),
    spki: spki.whole,
    ...extensionsOf(rest),
  };
}

/** Go reads points of a curve only where they are written in full. */
function requirePlainPoint(spki: Der): void {
  const [, point] = fixed(readSequence(spki.whole), 2);
  if (bitString(point!)[0] !== 0x04) refuse('BAD_ENCODING', "The certificate's key is no point of a curve, written in full.");
}

function fixed(values: readonly Der[], length: number): readonly Der[] {
  if (values.length !== length) refuse('BAD_ENCODING', `A part of the certificate has ${values.length} values, expected ${length}.`);
  return values;
}

function hashOf(algorithm: Der): EcdsaHash {
  const [oid] = readSequence(algorithm.whole);
  return SIGNED_WITH[oid === undefined ? '' : toHex(oid.content)] ?? refuse('BAD_ENCODING', 'The certificate is not signed with ECDSA.');
}

function bitString({ tag, content }: Der): Bytes {
  if (tag !== BIT_STRING || content[0] !== 0) refuse('BAD_ENCODING', 'The certificate has a bit string of broken bytes.');
  return content.subarray(1);
}

const UTC_TIME = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;

function timeOf({ tag, content }: Der): number {
  const match = (tag === 0x17 ? UTC_TIME : tag === 0x18 ? GENERALIZED_TIME : undefined)?.exec(fromUtf8(content));
  if (match === null || match === undefined) refuse('BAD_ENCODING', 'The certificate has a time of unknown form.');
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, number, number, number, number, number];
  const full = tag === 0x18 ? year : year < 50 ? 2000 + year : 1900 + year;
  return Date.UTC(full, month - 1, day, hour, minute, second);
}

type Extended = Pick<Fields, 'isCa' | 'mayCertify' | 'pathLength' | 'serverPurpose' | 'subjectKeyId'>;

const PLAIN: Extended = { isCa: false, mayCertify: true, pathLength: Infinity, serverPurpose: true, subjectKeyId: undefined };

/** What follows the key: unique identifiers, which nobody uses, and extensions. */
function extensionsOf(rest: readonly Der[]): Extended {
  const list = rest.find(({ tag }) => tag === 0xa3);
  const seen = new Set<string>();
  return (list === undefined ? [] : readSequence(list.content)).reduce((extended, { whole }) => {
    const parts = readSequence(whole);
    const oid = parts[0]?.tag === OBJECT_IDENTIFIER ? toHex(parts[0].content) : refuse('BAD_ENCODING', 'An extension has no name.');
    const value = parts.at(-1)!;
    if (value.tag !== OCTET_STRING || parts.length < 2 || seen.has(oid)) refuse('BAD_ENCODING', 'An extension is broken or stands twice.');
    const isCritical = parts.length === 3 && parts[1]!.content[0] !== 0;
    if (isCritical && !KNOWN_CRITICAL.has(oid)) refuse('BAD_ENCODING', 'The certificate has a critical extension that is not known here.');
    seen.add(oid);
    return { ...extended, ...meaningOf(oid, value.content) };
  }, PLAIN);
}

function meaningOf(oid: string, value: Bytes): Partial<Extended> {
  switch (oid) {
    case OID.basicConstraints:
      return basicConstraints(value);
    case OID.keyUsage: {
      const [, first = 0, second = 0] = readDer(BIT_STRING, value).content;
      return { mayCertify: (first | second) === 0 || (first & KEY_CERT_SIGN) !== 0 };
    }
    case OID.extendedKeyUsage:
      return { serverPurpose: readSequence(value).some(({ content }) => SERVER_PURPOSES.has(toHex(content))) };
    case OID.subjectKeyIdentifier:
      return { subjectKeyId: readDer(OCTET_STRING, value).content };
    default:
      return {};
  }
}

function basicConstraints(bytes: Bytes): Pick<Extended, 'isCa' | 'pathLength'> {
  const [first, second] = readSequence(bytes);
  const isCa = first?.tag === 0x01 && first.content[0] === 0xff;
  return { isCa, pathLength: second === undefined ? Infinity : Number(readUnsigned(second)) };
}

function unitsOf(subject: Bytes): string[] {
  return readSequence(subject).flatMap((relative) => {
    if (relative.tag !== SET) refuse('BAD_ENCODING', 'A name in the certificate is broken.');
    return readDerList(relative.content).flatMap((attribute) => {
      if (attribute.tag !== SEQUENCE) refuse('BAD_ENCODING', 'A name in the certificate is broken.');
      const [type, value] = fixed(readDerList(attribute.content), 2);
      return toHex(type!.content) === OID.organizationalUnit ? [fromUtf8(value!.content)] : [];
    });
  });
}
