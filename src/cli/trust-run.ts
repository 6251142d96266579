import { existsSync, readFileSync } from 'node:fs';
import { type ApplicationName, pkiFolder, readConfig, RejectedError, type TrustEntry, TrustList } from '../app/index.ts';
import { tableLines } from './table.ts';

/** Whose list a command means, where it could be several. */
export interface ListChoice {
  readonly application?: string;
}

interface ListOf {
  readonly application: ApplicationName;
  readonly list: TrustList;
}

export function listAll(config: string): void {
  for (const { application, list } of listsOf(config)) {
    const rows = list.list().map(({ state, thumbprint, commonName }) => ['', state, thumbprint.slice(0, 16), printable(commonName)]);
    const lines = rows.length === 0 ? ['  none'] : tableLines(rows);
    process.stdout.write(`${[`${application}:`, ...lines].join('\n')}\n`);
  }
}

export function show(config: string, selector: string): void {
  const { application, entry } = find(listsOf(config), selector);
  process.stdout.write(describe(application, entry));
}

export function add(config: string, selector: string, options: ListChoice): void {
  const lists = chosen(listsOf(config), options.application);
  const { application, entry } = existsSync(selector) ? addFile(lists, selector) : addWaiting(lists, selector);
  process.stdout.write(`${application} now trusts ${printable(entry.commonName)} (${entry.thumbprint})\n`);
}

export function remove(config: string, selector: string, options: ListChoice): void {
  const { application, list, entry } = find(chosen(listsOf(config), options.application), selector);
  list.remove(entry.thumbprint);
  process.stdout.write(`${application} no longer has ${printable(entry.commonName)} (${entry.thumbprint})\n`);
}

function listsOf(path: string): ListOf[] {
  const config = readConfig(path);
  const applications: readonly ApplicationName[] = config.role === 'owner' ? ['ingest', 'cleared'] : ['receiver', 'applications'];
  return applications.map((application) => ({ application, list: new TrustList(pkiFolder(config.pki, application)) }));
}

function chosen(lists: readonly ListOf[], application: string | undefined): readonly ListOf[] {
  if (application === undefined) return lists;
  const found = lists.filter((each) => each.application === application);
  if (found.length === 0)
    throw bad(`There is no list "${application}" here. Take one of ${lists.map((each) => each.application).join(', ')}.`);
  return found;
}

function find(lists: readonly ListOf[], selector: string, state?: 'rejected'): ListOf & { entry: TrustEntry } {
  const found = lists.flatMap((each) => {
    try {
      return [{ ...each, entry: each.list.find(selector, state) }];
    } catch (error) {
      if (error instanceof RejectedError && error.code === 'UNKNOWN_CERTIFICATE') return [];
      throw error;
    }
  });
  const [first, second] = found;
  if (first === undefined) throw bad(`No ${state ?? 'trusted or rejected'} certificate is named "${selector}". Look with dcmb trust list.`);
  if (second !== undefined)
    throw bad(`"${selector}" stands in the lists of ${found.map((each) => each.application).join(' and ')}. Say which by --application.`);
  return first;
}

function addWaiting(lists: readonly ListOf[], selector: string): { application: ApplicationName; entry: TrustEntry } {
  const { application, list, entry } = find(lists, selector, 'rejected');
  return { application, entry: list.trust(entry.thumbprint) };
}

function addFile(lists: readonly ListOf[], file: string): { application: ApplicationName; entry: TrustEntry } {
  const [first, second] = lists;
  if (first === undefined || second !== undefined) {
    const names = lists.map(({ application }) => application).join(' or ');
    throw bad(`${file} could go to two lists. Say by --application to which: ${names}.`);
  }
  try {
    return { application: first.application, entry: first.list.add(new Uint8Array(readFileSync(file))) };
  } catch (cause) {
    if (!(cause instanceof RejectedError)) throw cause;
    throw new RejectedError(cause.code, `${file}: ${cause.message}`, { cause });
  }
}

function describe(application: ApplicationName, entry: TrustEntry): string {
  const { thumbprint, commonName, state, file, notBeforeMs, notAfterMs, rsaBits, signatureAlgorithm } = entry;
  return `${printable(commonName)}
  list        ${application}, ${state}
  SHA-256     ${thumbprint}
  valid       ${new Date(notBeforeMs).toISOString()} to ${new Date(notAfterMs).toISOString()}
  key         RSA ${rsaBits}, ${signatureAlgorithm}
  file        ${file}
`;
}

function bad(message: string): RejectedError {
  return new RejectedError('BAD_CONFIG', message);
}

/** A stranger chose the name: no control character of it reaches the terminal. */
function printable(name: string): string {
  return name.replaceAll(/[\p{C}\u2028\u2029]/gu, '\uFFFD');
}
