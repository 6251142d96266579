import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keySigner } from './key-signer.ts';
import { UnavailableError } from '../../core/index.ts';
import type { LedgerErrorCode } from '../port.ts';
import { badIdentity, type FabricSigner, type Pkcs11Options } from './signer.ts';

/** As whom the module speaks to Fabric. */
export interface FabricIdentity {
  readonly mspId: string;
  readonly certificate: X509Certificate;
  /** The certificate as Fabric compares it: the file's own bytes. */
  readonly pem: string;
  readonly signer: FabricSigner;
}

export interface IdentityFiles {
  /** MSP folder: `signcerts/`, `keystore/` (not for a token), `cacerts/`, `intermediatecerts/`. */
  readonly msp: string;
  readonly pkcs11?: Pkcs11Options;
}

/**
 * Reads certificate and key of an MSP folder.
 * @param mspId organisation's id
 * @throws RejectedError `BAD_IDENTITY` in one sentence with what to mend; never with a part of the key
 */
export async function loadFabricIdentity(mspId: string, { msp, pkcs11 }: IdentityFiles): Promise<FabricIdentity> {
  const { pem, certificate } = await readCertificate(msp);
  requireP256(msp, certificate.publicKey);
  await requireOwnAuthority(msp, certificate);
  const signer = pkcs11 === undefined ? await fileSigner(msp, certificate) : await tokenSigner(pkcs11, certificate);
  return { mspId, certificate, pem, signer };
}

/**
 * An orderer takes nothing from a certificate that has expired, though peers still endorse for it: that is told before.
 * @throws UnavailableError `BAD_IDENTITY`
 */
export function requireInForce({ certificate }: FabricIdentity, nowMs: number): void {
  const until = certificate.validToDate;
  if (nowMs < until.getTime()) return;
  throw new UnavailableError<LedgerErrorCode>(
    'BAD_IDENTITY',
    `The certificate for Fabric expired at ${until.toISOString()}. Have it renewed, put the new one with its key into the MSP folder, and start anew.`,
    { details: { stage: 'propose' } },
  );
}

/** The certificate of an MSP folder, without its key. @throws RejectedError `BAD_IDENTITY` */
export async function readCertificate(msp: string): Promise<{ pem: string; certificate: X509Certificate }> {
  const folder = join(msp, 'signcerts');
  const files = await readFolder(folder);
  const [first] = files;
  if (first === undefined || files.length > 1) throw badIdentity(`${folder} has to hold one certificate, and holds ${files.length} files`);
  try {
    return { pem: first.text, certificate: new X509Certificate(first.text) };
  } catch (cause) {
    throw badIdentity(`${first.file} is no X.509 certificate in PEM`, cause);
  }
}

/** The folder's own authorities must have issued the certificate: else the files of two organisations were mixed up. */
async function requireOwnAuthority(msp: string, certificate: X509Certificate): Promise<void> {
  const folders = [join(msp, 'cacerts'), join(msp, 'intermediatecerts')];
  const authorities = (await Promise.all(folders.map((folder) => readFolder(folder, true)))).flat();
  if (authorities.length === 0) throw badIdentity(`${folders[0]} holds no certificate of an authority`);
  for (const { file, text } of authorities) if (issued(file, text, certificate)) return;
  throw badIdentity(`no authority in ${folders[0]} issued the certificate in ${join(msp, 'signcerts')}`);
}

function issued(file: string, text: string, certificate: X509Certificate): boolean {
  try {
    const authority = new X509Certificate(text);
    return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  } catch (cause) {
    throw badIdentity(`${file} is no X.509 certificate in PEM`, cause);
  }
}

/** The key of the folder that belongs to the certificate; a renewed identity may have left older ones there. */
async function fileSigner(msp: string, certificate: X509Certificate): Promise<FabricSigner> {
  const folder = join(msp, 'keystore');
  for (const { text } of await readFolder(folder)) {
    const key = privateKeyOf(text);
    if (key === undefined || !certificate.publicKey.equals(createPublicKey(key))) continue;
    return keySigner(key);
  }
  throw badIdentity(`no file in ${folder} is the private key of the certificate in ${join(msp, 'signcerts')} (PEM, not encrypted)`);
}

function privateKeyOf(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}

async function tokenSigner(options: Pkcs11Options, certificate: X509Certificate): Promise<FabricSigner> {
  const { openTokenSigner } = await import('./pkcs11.ts');
  return openTokenSigner(options, certificate);
}

function requireP256(msp: string, key: KeyObject): void {
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') return;
  throw badIdentity(`the certificate in ${join(msp, 'signcerts')} has a key of another kind than EC P-256`);
}

async function readFolder(folder: string, isOptional = false): Promise<{ file: string; text: string }[]> {
  try {
    const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'));
    const files = names.map(({ name }) => join(folder, name)).sort();
    return await Promise.all(files.map(async (file) => ({ file, text: await readFile(file, 'utf8') })));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (isOptional && code === 'ENOENT') return [];
    throw badIdentity(`${folder} can't be read (${code ?? 'unknown fault'})`, cause);
  }
}
