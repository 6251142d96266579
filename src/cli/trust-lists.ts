import { existsSync, readFileSync } from 'node:fs';
import {
  type ApplicationName,
  type AuthorityEntry,
  pkiFolder,
  readConfig,
  RejectedError,
  type TrustEntry,
  TrustList,
} from '../app/index.ts';

/** Whose list a command means, where it could be several. */
export interface ListChoice {
  readonly application?: string;
  /** Name of the channel, for an owner with several manufacturers. */
  readonly channel?: string;
}

/** An application's trust list, and its PKI folder. */
export interface ListOf {
  readonly application: ApplicationName;
  /** Name of the channel that the application belongs to; undefined for one that all channels have in common. */
  readonly channel: string | undefined;
  /** What commands call it. */
  readonly label: string;
  readonly pki: string;
  readonly list: TrustList;
}

type Place = Pick<ListOf, 'application' | 'channel' | 'pki'>;

/** The lists of every application of a configuration. */
export function listsOf(path: string): ListOf[] {
  const config = readConfig(path);
  const places: Place[] =
    config.role === 'owner'
      ? [
          { application: 'ingest', channel: undefined, pki: config.pki },
          ...config.channels.map(({ name, pki = config.pki }) => ({ application: 'cleared' as const, channel: name, pki })),
        ]
      : (['receiver', 'applications'] as const).map((application) => ({ application, channel: undefined, pki: config.pki }));
  const hasSeveral = config.role === 'owner' && config.channels.length > 1;
  return places.map((place) => ({
    ...place,
    label: hasSeveral && place.channel !== undefined ? `${place.application} of ${place.channel}` : place.application,
    list: new TrustList(pkiFolder(place.pki, place.application), { revocation: config.crl }),
  }));
}

/** @throws RejectedError `BAD_CONFIG` with the names to choose from */
export function chosen(lists: readonly ListOf[], { application, channel }: ListChoice): readonly ListOf[] {
  const found = lists
    .filter((each) => application === undefined || each.application === application)
    .filter((each) => channel === undefined || each.channel === channel);
  if (found.length > 0) return found;
  const asked =
    channel === undefined ? `"${application ?? ''}"` : `${application === undefined ? '' : `"${application}" `}of channel "${channel}"`;
  throw bad(`There is no list ${asked} here. Take one of ${lists.map(({ label }) => label).join(', ')}.`);
}

/** The one list that is meant. @param what goes there */
export function onlyOne(lists: readonly ListOf[], what: string): ListOf {
  const [first, second] = lists;
  if (first !== undefined && second === undefined) return first;
  const names = lists.map(({ label }) => label).join(' or ');
  throw bad(
    `${what} could go to ${lists.length === 2 ? 'two' : 'several'} lists. Say by --application${options(lists)} to which: ${names}.`,
  );
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
  throw bad(
    `"${selector}" stands in the lists of ${found.map(({ label }) => label).join(' and ')}. Say which by --application${options(found)}.`,
  );
}

function options(lists: readonly ListOf[]): string {
  return lists.filter(({ application }) => application === 'cleared').length > 1 ? ' and --channel' : '';
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
