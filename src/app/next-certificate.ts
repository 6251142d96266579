import { copyFileSync, existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { RejectedError } from '../core/index.ts';
import { writeFileAtomic } from '../platform/index.ts';
import {
  type ApplicationIdentity,
  checkOwnCertificate,
  createApplicationCertificate,
  parseCertificateFile,
  readCertificate,
  requireSameApplication,
} from '../server/index.ts';
import type { ConfigErrorCode } from './config.ts';
import { about, type ApplicationName, CERTIFICATE, loadIdentity, pkiFolder, PRIVATE_KEY } from './plant-identities.ts';

const NEXT_CERTIFICATE = 'next.pem';
const NEXT_KEY = 'next-key.pem';
const PREVIOUS_CERTIFICATE = 'previous.pem';
const PREVIOUS_KEY = 'previous-key.pem';

/** A certificate that waits to be used. */
export interface NextCertificate {
  readonly file: string;
  readonly identity: ApplicationIdentity;
}

/**
 * Makes the pair that is to follow an application's own one, with the same names, beside it: `next.pem` and `next-key.pem`.
 * It is not used before {@link useNextCertificate}, so that peers can trust it first.
 * @param validityDays 1 to 7300
 * @throws RejectedError naming what is in the way
 */
export async function makeNextCertificate(pki: string, application: ApplicationName, validityDays: number): Promise<NextCertificate> {
  const folder = pkiFolder(pki, application);
  const [certificate, key] = [join(folder, NEXT_CERTIFICATE), join(folder, NEXT_KEY)];
  for (const file of [certificate, key]) {
    if (existsSync(file)) throw bad(`${file} is there already. Use it by dcmb trust renew --use, or remove it together with its pair.`);
  }
  const own = readCertificate(loadIdentity(pki, application).certificate);
  const identity = await createApplicationCertificate({
    applicationName: own.commonName,
    applicationUri: own.applicationUri,
    organization: own.organization,
    hosts: own.hosts,
    ips: own.ips,
    validityDays,
  });
  await writeFileAtomic(key, identity.privateKeyPem, { mode: 0o600, replace: false });
  await writeFileAtomic(certificate, identity.certificatePem, { mode: 0o644, replace: false });
  return { file: certificate, identity };
}

export interface UseTerms {
  readonly nowMs: number;
  /** Host names and addresses under which clients reach the application; none for one that is a client only. */
  readonly dialled: readonly string[];
}

/** The pair in use, and where the one before it lies. */
export interface UsedCertificate extends NextCertificate {
  readonly previous: string;
}

/**
 * Puts the next pair, made here or by a company's authority, in the place of the own one, which is kept as `previous.pem` and
 * `previous-key.pem`. A module that runs takes it within a second or two, for new connections.
 * @throws RejectedError where there is none, or the module would not take it; then nothing is changed
 */
export function useNextCertificate(pki: string, application: ApplicationName, { nowMs, dialled }: UseTerms): UsedCertificate {
  const folder = pkiFolder(pki, application);
  const at = (name: string): string => join(folder, name);
  const [file, key, next, nextKey] = [at(CERTIFICATE), at(PRIVATE_KEY), at(NEXT_CERTIFICATE), at(NEXT_KEY)];
  // Without its key, it was interrupted between the two: the key is in its place already.
  const isKeyThere = existsSync(nextKey) || !existsSync(next);
  const identity = loadIdentity(pki, application, { certificate: NEXT_CERTIFICATE, key: isKeyThere ? NEXT_KEY : PRIVATE_KEY });
  about(next, () => {
    requireSameApplication({ applicationUri: parseCertificateFile(new Uint8Array(readFileSync(file))).applicationUri }, identity);
    checkOwnCertificate(identity, { applicationUri: identity.applicationUri, dialled, nowMs });
  });
  if (isKeyThere) {
    keep(key, at(PREVIOUS_KEY));
    keep(file, at(PREVIOUS_CERTIFICATE));
    renameSync(nextKey, key);
  }
  renameSync(next, file);
  return { file, identity, previous: at(PREVIOUS_CERTIFICATE) };
}

/** A copy, whole or not at all; it can be read by whom its original can be. */
function keep(file: string, copy: string): void {
  copyFileSync(file, `${copy}.part`);
  renameSync(`${copy}.part`, copy);
}

function bad(message: string): RejectedError<ConfigErrorCode> {
  return new RejectedError('BAD_CONFIG', message);
}
