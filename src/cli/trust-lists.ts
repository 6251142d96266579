import { existsSync, readFileSync } from 'node:fs';
import {
  type ApplicationName,
  type AuthorityEntry,
  dialledNames,
  type EndpointConfig,
  pkiFolder,
  readConfig,
  RejectedError,
  type TrustEntry,
  TrustList,
} from '../app/index.ts';

/** Whose list a command means, where it could be several. */
export interface ListChoice {
  /** As {@link ListOf} `label`s it. */
  readonly application?: string;
}

/** An application's trust list, and its PKI folder. */
export interface ListOf {
  readonly application: ApplicationName;
  /** What commands call it: an owner with several channels has `cleared/<channel>` for each. */
  readonly label: string;
  readonly pki: string;
  readonly list: TrustList;
  /** Names under which clients reach it; none where it has no server. */
  readonly dialled: readonly string[];
}

/** The lists of every application of a configuration. */
export function listsOf(path: string): ListOf[] {
  const config = readConfig(path);
  const { pki, crl: revocation } = config;
  const listOf = (application: ApplicationName, server: EndpointConfig | undefined, at = pki, label: string = application): ListOf => ({
    application,
    label,
    pki: at,
    list: new TrustList(pkiFolder(at, application), { revocation }),
    dialled: server === undefined ? [] : dialledNames(server),
  });
  if (config.role !== 'owner') return [listOf('receiver', undefined), listOf('applications', config.channels[0].applications)];
  const { channels } = config;
  const label = (name: string): string => (channels.length > 1 ? `cleared/${name}` : 'cleared');
  return [listOf('ingest', config.ingest), ...channels.map((own) => listOf('cleared', own.cleared, own.pki, label(own.name)))];
}

/** @throws RejectedError `BAD_CONFIG` with the names to choose from */
export function chosen(lists: readonly ListOf[], { application }: ListChoice): readonly ListOf[] {
  if (application === undefined) return lists;
  const found = lists.filter(({ label }) => label === application);
  if (found.length > 0) return found;
  throw bad(`There is no list "${application}" here. Take one of ${lists.map(({ label }) => label).join(', ')}.`);
}

/** The one list that is meant. @param what goes there */
export function onlyOne(lists: readonly ListOf[], what: string): ListOf {
  const [first, second] = lists;
  if (first !== undefined && second === undefined) return first;
  const names = lists.map(({ label }) => label).join(' or ');
  throw bad(`${what} could go to ${lists.length === 2 ? 'two' : 'several'} lists. Say by --application to which: ${names}.`);
}

/** @throws RejectedError `BAD_CONFIG` where nothing, or something in several lists, is meant */
export function findCertificate(lists: readonly ListOf[], selector: string, state?: 'rejected'): ListOf & { readonly entry: TrustEntry } {
  const found = certificatesNamed(lists, selector, state);
  return only(found, selector, `No ${state ?? 'trusted or rejected'} certificate`);
}

/** An application's certificate, or an authority's. @throws RejectedError `BAD_CONFIG` */
export function findAny(
  lists: readonly ListOf[],
  selector: string,
): ListOf & { readonly entry?: TrustEntry; readonly authority?: AuthorityEntry } {
  const found = [...certificatesNamed(lists, selector), ...authoritiesNamed(lists, selector)];
  return only<ListOf & { entry?: TrustEntry; authority?: AuthorityEntry }>(found, selector, 'No trusted or rejected certificate');
}

function certificatesNamed(lists: readonly ListOf[], selector: string, state?: 'rejected'): (ListOf & { entry: TrustEntry })[] {
  return lists.flatMap((each) => {
    try {
      return [{ ...each, entry: each.list.find(selector, state) }];
    } catch (error) {
      if (error instanceof RejectedError && error.code === 'UNKNOWN_CERTIFICATE') return [];
      throw error;
    }
  });
}

function authoritiesNamed(lists: readonly ListOf[], selector: string): (ListOf & { authority: AuthorityEntry })[] {
  return lists.flatMap((each) => {
    const authority = each.list.issuers.find(selector);
    return authority === undefined ? [] : [{ ...each, authority }];
  });
}

function only<Found extends ListOf>(found: readonly Found[], selector: string, none: string): Found {
  const [first, second] = found;
  if (first === undefined) throw bad(`${none} is named "${selector}". Look with dcmb trust list.`);
  if (second === undefined) return first;
  throw bad(`"${selector}" stands in the lists of ${found.map(({ label }) => label).join(' and ')}. Say which by --application.`);
}

/** Does something with a file's content; what is wrong with it is told with the file's name. @throws RejectedError */
export function withFile<Result>(file: string, work: (content: Uint8Array) => Result): Result {
  if (!existsSync(file)) throw bad(`There is no file ${file}. Check the path.`);
  try {
    return work(new Uint8Array(readFileSync(file)));
  } catch (cause) {
    if (!(cause instanceof RejectedError)) throw cause;
    throw new RejectedError(cause.code, `${file}: ${cause.message}`, { cause });
  }
}

export function bad(message: string): RejectedError {
  return new RejectedError('BAD_CONFIG', message);
}
