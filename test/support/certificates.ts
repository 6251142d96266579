import { createPrivateKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto';

/*
 * X.509 certificates that no authority would issue, made of others: the signed part is changed where its length stays the
 * same, and signed anew (ECDSA with SHA-256).
 */

/** The same certificate from the same authority, for other years. @param caKey the authority's private key, PEM */
export function withYears(pem: string, years: readonly [from: number, to: number], caKey: string): string {
  const body = signedPart(pem);
  const times = [...body.toString('latin1').matchAll(/\x17\x0d\d{12}Z/g)];
  years.forEach((year, index) => body.write(String(year).slice(2), (times[index]?.index ?? NaN) + 2, 'latin1'));
  return issued(body, createPrivateKey(caKey));
}

/** The same certificate from the same authority, valid until another time. @param caKey the authority's private key, PEM */
export function validUntil(pem: string, until: Date, caKey: string): string {
  const body = signedPart(pem);
  const [, end] = [...body.toString('latin1').matchAll(/\x17\x0d\d{12}Z/g)];
  body.write(until.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14), (end?.index ?? NaN) + 2, 'latin1');
  return issued(body, createPrivateKey(caKey));
}

/** An authority of the same name, with a key of its own. */
export function namesake(caPem: string): { readonly pem: string; readonly key: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const body = signedPart(caPem);
  const at = body.indexOf(spki(new X509Certificate(caPem).publicKey));
  spki(publicKey).copy(body, at);
  return { pem: issued(body, privateKey), key: privateKey };
}

/** The same certificate, issued by another authority. */
export function issuedBy(pem: string, key: KeyObject): string {
  return issued(signedPart(pem), key);
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

/** Certificate ::= SEQUENCE { what is signed, AlgorithmIdentifier, BIT STRING } */
function signedPart(pem: string): Buffer {
  const { raw } = new X509Certificate(pem);
  const first = 4;
  return Buffer.from(raw.subarray(first, first + 4 + raw.readUInt16BE(first + 2)));
}

const ECDSA_WITH_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex');

function issued(body: Buffer, key: KeyObject): string {
  const signature = sign('sha256', body, key);
  const content = Buffer.concat([body, ECDSA_WITH_SHA256, Buffer.from([0x03, signature.length + 1, 0]), signature]);
  const length = Buffer.from([0x30, 0x82, content.length >> 8, content.length & 0xff]);
  const base64 = Buffer.concat([length, content]).toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}
