import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  type AuthorityEntry,
  type CertificateFacts,
  makeNextCertificate,
  RejectedError,
  type TrustEntry,
  useNextCertificate,
} from '../app/index.ts';
import { printable } from './printable.ts';
import { tableLines } from './table.ts';
import { bad, chosen, findAny, findCertificate, type ListChoice, type ListOf, listsOf, onlyOne, withFile } from './trust-lists.ts';

const VALIDITY_DAYS = 5 * 365;

export interface AddOptions extends ListChoice {
  /** Certificate whose place the new one takes. */
  readonly renews?: string;
}

export interface RenewOptions extends ListChoice {
  readonly days?: string;
  readonly use?: true;
}

export function listAll(config: string): void {
  for (const { label, list } of listsOf(config)) {
    const authorities = list.issuers.entries().map((authority) => ['', 'authority', ...rowOf(authority), listState(authority)]);
    const rows = [...authorities, ...list.list().map((entry) => ['', entry.state, ...rowOf(entry)])];
    const lines = rows.length === 0 ? ['  none'] : tableLines(rows);
    const faults = list.faults().map((fault) => `  ${printable(fault)}`);
    process.stdout.write(`${[`${label}:`, ...lines, ...faults].join('\n')}\n`);
  }
}

export function show(config: string, selector: string): void {
  const { label, entry, authority } = findAny(listsOf(config), selector);
  process.stdout.write(authority === undefined ? describe(`${label}, ${entry?.state ?? ''}`, entry) : describeAuthority(label, authority));
}

export function add(config: string, selector: string, options: AddOptions): void {
  const lists = chosen(listsOf(config), options);
  const { label, entry } = existsSync(selector) ? addFile(lists, selector, options.renews) : addWaiting(lists, selector, options.renews);
  const place = entry.renews === undefined ? '' : `, in the place of ${entry.renews}`;
  process.stdout.write(`${label} now trusts ${printable(entry.commonName)} (${entry.thumbprint})${place}\n`);
}

export function remove(config: string, selector: string, options: ListChoice): void {
  const { label, list, entry, authority } = findAny(chosen(listsOf(config), options), selector);
  if (authority !== undefined) list.issuers.remove(authority);
  if (entry !== undefined) list.remove(entry.thumbprint);
  const facts = authority ?? entry;
  process.stdout.write(`${label} no longer has ${printable(facts?.commonName ?? '')} (${facts?.thumbprint ?? ''})\n`);
}

/** Lets an authority vouch for every application certificate that it issued. */
export function addAuthority(config: string, file: string, options: ListChoice): void {
  const { label, list } = onlyOne(chosen(listsOf(config), options), file);
  const { commonName, thumbprint } = withFile(file, (content) => list.issuers.add(content));
  process.stdout.write(`${label} now trusts what ${printable(commonName)} (${thumbprint}) vouches for\n`);
}

/** Gives a revocation list to every application that knows the authority which signed it. */
export function addRevocationList(config: string, file: string, options: ListChoice): void {
  const lists = chosen(listsOf(config), options);
  let refused: RejectedError | undefined;
  const taken = lists.filter(({ label, list }) => {
    try {
      const { of, revoked, nextUpdateMs } = withFile(file, (content) => list.issuers.addList(content));
      const what = `${revoked.size} revoked, next list by ${iso(nextUpdateMs)}`;
      process.stdout.write(`${label} has the revocation list of ${printable(of.commonName)}: ${what}\n`);
      return true;
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      // That an application does not know the authority is no news where another one does.
      if (refused === undefined || error.code === 'OLD_REVOCATION_LIST') refused = error;
      return false;
    }
  });
  if (taken.length === 0 && refused !== undefined) throw refused;
}

/** Makes an application's next certificate, or puts it to use. */
export async function renew(config: string, options: RenewOptions): Promise<void> {
  const { application, label, pki, dialled } = onlyOne(chosen(listsOf(config), options), 'A certificate');
  if (options.use === true) {
    const { file, identity, previous } = useNextCertificate(pki, application, { nowMs: Date.now(), dialled });
    process.stdout.write(`${file} is the certificate of ${label} from now on, valid to ${validTo(identity.certificate)}
The one before it is kept as ${previous}\n`);
    return;
  }
  const { file, identity } = await makeNextCertificate(pki, application, daysOf(options.days));
  process.stdout.write(`${file} is made, valid to ${validTo(identity.certificate)}
Have the peers of ${label} trust it, then put it to use: dcmb trust renew ${config} --application ${label} --use
`);
}

function daysOf(days: string | undefined): number {
  if (days === undefined) return VALIDITY_DAYS;
  if (!/^[1-9]\d{0,3}$/.test(days)) throw bad(`"${days}" is no number of days. Take 1 to 7300.`);
  return Number(days);
}

function validTo(der: Uint8Array): string {
  return new X509Certificate(der).validToDate.toISOString();
}

function addWaiting(lists: readonly ListOf[], selector: string, renews: string | undefined): { label: string; entry: TrustEntry } {
  const { label, list, entry } = findCertificate(lists, selector, 'rejected');
  return { label, entry: list.trust(entry.thumbprint, renewed(list, renews)) };
}

function addFile(lists: readonly ListOf[], file: string, renews: string | undefined): { label: string; entry: TrustEntry } {
  const { label, list } = onlyOne(lists, file);
  return { label, entry: withFile(file, (content) => list.add(content, renewed(list, renews))) };
}

/** The certificate that is renewed has to be a trusted one: its users' rights are handed on. */
function renewed(list: ListOf['list'], selector: string | undefined): string | undefined {
  return selector === undefined ? undefined : list.find(selector, 'trusted').thumbprint;
}

function rowOf({ thumbprint, commonName }: CertificateFacts): string[] {
  return [thumbprint.slice(0, 16), printable(commonName)];
}

function listState({ lists }: AuthorityEntry): string {
  const [newest] = lists;
  if (newest === undefined) return 'no revocation list';
  return newest.nextUpdateMs > Date.now()
    ? `revocation list to ${iso(newest.nextUpdateMs)}`
    : `revocation list over since ${iso(newest.nextUpdateMs)}`;
}

function describe(where: string, entry: (CertificateFacts & { readonly file?: string; readonly renews?: string }) | undefined): string {
  if (entry === undefined) return '';
  const { thumbprint, commonName, file, notBeforeMs, notAfterMs, rsaBits, signatureAlgorithm, renews } = entry;
  return `${printable(commonName)}
  list        ${where}
  SHA-256     ${thumbprint}
  valid       ${iso(notBeforeMs)} to ${iso(notAfterMs)}
  key         RSA ${rsaBits}, ${signatureAlgorithm}
${renews === undefined ? '' : `  renews      ${renews}\n`}  file        ${file ?? ''}
`;
}

function describeAuthority(label: string, authority: AuthorityEntry): string {
  const lists = authority.lists.map(({ revoked, file }) => `  revoked     ${revoked.size}, by ${file}\n`);
  return `${describe(`${label}, authority`, authority)}  lists       ${listState(authority)}\n${lists.join('')}`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
