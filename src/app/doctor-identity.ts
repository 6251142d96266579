import type { X509Certificate } from 'node:crypto';
import { type FabricIdentity, loadFabricIdentity, readCertificate } from '../ledger/index.ts';
import type { FabricLedgerConfig } from './config.ts';
import { type Checks, type Found, Wrong } from './doctor-report.ts';
import { requirePrivateKeys } from './fabric-access.ts';

const DAY_MS = 86_400_000;
const RENEW_BEFORE_DAYS = 30;
const REMEDY = 'Give "msp" the whole MSP folder of a client of this organisation: signcerts/, keystore/ and cacerts/ of one enrolment.';

/** What can be said of the own identity without asking anybody. @returns it, where all is well with it */
export async function checkIdentity(
  checks: Checks,
  config: FabricLedgerConfig,
  organisation: string,
  nowMs: number,
): Promise<FabricIdentity | undefined> {
  await checks.run('private key', '', () => {
    requirePrivateKeys(config);
    return Promise.resolve([config.pkcs11 === undefined ? 'nobody else may read it.' : 'in its token.', true]);
  });
  const identity = await checks.run('identity', REMEDY, async () => {
    const { msp, pkcs11 } = config;
    const found = await loadFabricIdentity(organisation, { msp, ...(pkcs11 === undefined ? {} : { pkcs11 }) });
    return [`${subjectOf(found.certificate)}: key and certificate fit, issued by ${issuerOf(found.certificate)}.`, found];
  });
  const certificate = identity?.certificate ?? (await readCertificate(config.msp).catch(() => undefined))?.certificate;
  if (certificate === undefined) {
    checks.skip('validity', 'role');
    return undefined;
  }
  const isValid = await checks.run('validity', '', async () => Promise.resolve(validity(certificate, nowMs)));
  const maySend = await checks.run('role', '', async () => Promise.resolve(role(certificate)));
  return isValid === true && maySend === true ? identity : undefined;
}

function validity({ validFrom, validTo }: X509Certificate, nowMs: number): Found<true> {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  if (nowMs > to) {
    throw new Wrong(
      `The certificate was valid until ${day(to)}.`,
      "Have the organisation's authority renew it, and put it into signcerts/.",
    );
  }
  if (nowMs < from) throw new Wrong(`The certificate is valid from ${day(from)} on only.`, "Wait until then, or set this machine's clock.");
  const days = Math.floor((to - nowMs) / DAY_MS);
  return [`until ${day(to)}, ${days} days${days < RENEW_BEFORE_DAYS ? ': have it renewed soon' : ''}.`, true];
}

/** Fabric's NodeOUs: what the certificate's owner is, by an organisational unit in the subject. */
function role(certificate: X509Certificate): Found<true> {
  const units = [...certificate.subject.matchAll(/^OU=(.*)$/gm)].map(([, unit = '']) => unit);
  const kind = ['client', 'admin', 'peer', 'orderer'].find((each) => units.includes(each));
  if (kind === 'peer' || kind === 'orderer') {
    throw new Wrong(`The certificate is that of a ${kind} (OU=${kind}), which may not send transactions.`, REMEDY);
  }
  if (kind === 'admin') return ['admin. It can send; a client (OU=client) would be enough, and could do less harm.', true];
  return [kind === undefined ? 'none in the certificate: it counts as a member only.' : `${kind}.`, true];
}

export function subjectOf({ subject }: X509Certificate): string {
  return commonName(subject);
}

export function issuerOf({ issuer }: X509Certificate): string {
  return commonName(issuer);
}

function commonName(name: string): string {
  return /^CN=(.*)$/m.exec(name)?.[1] ?? name.replaceAll('\n', ', ');
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
